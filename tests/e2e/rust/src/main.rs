//! Rust clients against a gateway. Prints one JSON line per check: {"check", "ok", "error"?}.
//!
//! Usage: smcp-e2e-rust socketio URL KEY OFFICE TRANSPORT   (any, websocket, upgrade or polling)

mod socketio;

use serde_json::{json, Value};
use std::future::Future;
use std::time::Duration;

pub type Outcome = Result<(), String>;

/// How long any one step may take.
pub fn step() -> Duration {
    let millis = std::env::var("SMCP_E2E_STEP_MS")
        .ok()
        .and_then(|text| text.parse().ok());
    Duration::from_millis(millis.unwrap_or(5000))
}

/// The value of a step, or which one did not end in time.
pub async fn within<T>(what: &str, future: impl Future<Output = T>) -> Result<T, String> {
    tokio::time::timeout(step(), future)
        .await
        .map_err(|_| format!("no {what} in time"))
}

pub fn expect(what: &str, got: &Value, wanted: &Value) -> Outcome {
    if got == wanted {
        return Ok(());
    }
    Err(format!("{what}: got {got}, wanted {wanted}"))
}

/// Runs one check and prints its line; true if it held.
pub async fn check(name: &str, outcome: impl Future<Output = Outcome>) -> bool {
    let result = outcome.await;
    match &result {
        Ok(()) => println!("{}", json!({"check": name, "ok": true})),
        Err(error) => println!("{}", json!({"check": name, "ok": false, "error": error})),
    }
    result.is_ok()
}

#[tokio::main]
async fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let good = match words.as_slice() {
        ["socketio", url, key, office, transport] => {
            socketio::run(url, key, office, transport).await
        }
        _ => {
            eprintln!("see the head of main.rs for the arguments");
            std::process::exit(2);
        }
    };
    std::process::exit(if good { 0 } else { 1 });
}
