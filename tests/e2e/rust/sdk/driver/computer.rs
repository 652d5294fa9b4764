//! The SDK's Computer with a real MCP server over stdio.

use crate::{fault, missing, word, Answer};
use serde_json::{json, Value};
use smcp_computer::errors::ComputerError;
use smcp_computer::mcp_clients::model::MCPServerConfig;
use std::collections::HashMap;

fn servers(command: &Value) -> Result<HashMap<String, MCPServerConfig>, Value> {
    if !command["mcp_server"].is_string() {
        return Ok(HashMap::new());
    }
    let config = json!({
        "type": "stdio", "name": "demo-tools", "default_tool_meta": {"auto_apply": true},
        "server_parameters": {"command": command["python"], "args": [command["mcp_server"]], "env": {}}});
    let config = serde_json::from_value(config).map_err(|error| fault("Config", error))?;
    Ok(HashMap::from([("demo-tools".to_string(), config)]))
}

fn told(error: ComputerError) -> Value {
    match &error {
        #[cfg(feature = "since02")]
        ComputerError::ProtocolVersionMismatch(version) => crate::version_fault(version),
        _ => fault("ComputerError", error),
    }
}

fn done(result: Result<(), ComputerError>) -> Answer {
    result.map(|_| Value::Null).map_err(told)
}

/// 0.1: the Computer of the SDK hands its client an empty manager, so the parts are put together
/// here, as the SDK's own command line does.
#[cfg(not(feature = "since02"))]
mod side {
    use super::*;
    use smcp_computer::mcp_clients::manager::MCPServerManager;
    use smcp_computer::socketio_client::{SmcpComputerClient, SmcpComputerClientBuilder};
    use std::sync::Arc;
    use tokio::sync::RwLock;

    pub struct ComputerSide {
        name: String,
        key: String,
        servers: HashMap<String, MCPServerConfig>,
        manager: Arc<RwLock<Option<MCPServerManager>>>,
        sdk: RwLock<Option<SmcpComputerClient>>,
    }

    impl ComputerSide {
        pub fn new(command: &Value) -> Result<Self, Value> {
            Ok(ComputerSide {
                name: word(command, "name").to_string(),
                key: word(command, "key").to_string(),
                servers: servers(command)?,
                manager: Arc::default(),
                sdk: RwLock::default(),
            })
        }

        async fn boot(&self) -> Answer {
            let manager = MCPServerManager::new();
            let servers = self.servers.values().cloned().collect();
            manager.initialize(servers).await.map_err(told)?;
            manager.start_all().await.map_err(told)?;
            *self.manager.write().await = Some(manager);
            Ok(Value::Null)
        }

        async fn connect(&self, command: &Value) -> Answer {
            let inputs = Arc::new(RwLock::new(HashMap::new()));
            let (url, manager) = (word(command, "url"), self.manager.clone());
            let client = SmcpComputerClientBuilder::new(url, manager, &self.name, inputs)
                .auth_secret(&self.key)
                .connect()
                .await
                .map_err(told)?;
            *self.sdk.write().await = Some(client);
            Ok(Value::Null)
        }

        pub async fn obey(&self, command: &Value) -> Answer {
            match (word(command, "op"), word(command, "transport")) {
                ("boot", _) => return self.boot().await,
                ("connect", "default") => return self.connect(command).await,
                ("connect", _) => return missing("choice of transport"),
                ("disconnect", _) => {
                    let sdk = self.sdk.write().await.take();
                    let sdk = sdk.ok_or_else(|| fault("Disconnected", "not connected"))?;
                    return done(sdk.disconnect().await);
                }
                _ => {}
            }
            let sdk = self.sdk.read().await;
            let sdk = sdk.as_ref();
            let sdk = sdk.ok_or_else(|| fault("Disconnected", "not connected"))?;
            match word(command, "op") {
                "join" => done(sdk.join_office(word(command, "office")).await),
                "leave" => done(sdk.leave_office(word(command, "office")).await),
                "update" => done(sdk.emit_update_config().await),
                op => missing(op),
            }
        }
    }
}

#[cfg(feature = "since02")]
mod side {
    use super::*;
    use smcp_computer::computer::{Computer, ConnectOptions, SilentSession};

    pub struct ComputerSide {
        name: String,
        key: String,
        sdk: Computer<SilentSession>,
    }

    impl ComputerSide {
        pub fn new(command: &Value) -> Result<Self, Value> {
            let name = word(command, "name").to_string();
            let session = SilentSession::new(name.clone());
            let sdk = Computer::new(&name, session, None, Some(servers(command)?), true, true)
                .with_skill_home(word(command, "skill_home"))
                .with_blob_cache_root(word(command, "cache"));
            #[cfg(feature = "since03")]
            let sdk = sdk.with_config_dir(word(command, "cache"));
            #[cfg(feature = "since04")]
            let sdk = sdk.with_landing_root(word(command, "landing"));
            let key = word(command, "key").to_string();
            Ok(ComputerSide { name, key, sdk })
        }

        async fn boot(&self) -> Answer {
            self.sdk.boot_up().await.map_err(told)?;
            #[cfg(not(feature = "since03"))]
            let started = self.sdk.start_mcp_client("all").await;
            #[cfg(feature = "since03")]
            let started = self.sdk.start_all_mcp_clients().await;
            done(started)
        }

        async fn connect(&self, command: &Value) -> Answer {
            // 0.2 clients send the key as a header, later ones in auth.
            let mut options = ConnectOptions::default();
            if cfg!(feature = "since03") {
                options.auth_payload = Some(json!({"token": self.key}));
            } else {
                options.headers = Some(format!("access_token:{}", self.key));
            }
            #[cfg(feature = "since04")]
            if let Some(seconds) = command["within"].as_f64() {
                let patience = std::time::Duration::from_secs_f64(3.0 * seconds);
                options.namespace_connect_timeout = patience;
            }
            done(
                self.sdk
                    .connect_socketio(word(command, "url"), options)
                    .await,
            )
        }

        pub async fn obey(&self, command: &Value) -> Answer {
            match (word(command, "op"), word(command, "transport")) {
                ("boot", _) => self.boot().await,
                ("connect", "default") => self.connect(command).await,
                ("connect", _) => missing("choice of transport"),
                ("disconnect", _) => done(self.sdk.disconnect_socketio().await),
                ("join", _) => done(
                    self.sdk
                        .join_office(word(command, "office"), &self.name)
                        .await,
                ),
                ("leave", _) => done(self.sdk.leave_office().await),
                ("update", _) => done(self.sdk.emit_update_config().await),
                (op, _) => missing(op),
            }
        }
    }
}

pub use side::ComputerSide;
