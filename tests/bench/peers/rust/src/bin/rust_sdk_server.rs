//! The server of the Rust SDK as its own program starts it, with a secret: `rust-sdk-server PORT TOKEN`.
//!
//! It logs at level info to stdout, as shipped; the port must be given, because the SDK's own log
//! line is the only place where a port of the kernel's choice would show.

use std::sync::Arc;

use smcp_server_core::auth::DefaultAuthenticationProvider;
use smcp_server_core::SmcpServerBuilder;
use smcp_server_hyper::HyperServerBuilder;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let _ = tracing_subscriber::fmt()
        .with_env_filter("info")
        .with_ansi(false)
        .try_init();
    let mut arguments = std::env::args().skip(1);
    let port: u16 = arguments.next().unwrap_or_default().parse()?;
    let token = arguments.next();
    let address = std::net::SocketAddr::from(([127, 0, 0, 1], port));
    let layer = SmcpServerBuilder::new()
        .with_auth_provider(Arc::new(DefaultAuthenticationProvider::new(token, None)))
        .build_layer()?;
    HyperServerBuilder::new()
        .with_layer(layer)
        .with_addr(address)
        .build()
        .run(address)
        .await
}
