//! Agents and Computers of one release of the Rust SDK, led by lines of JSON; run by tests/sdks.
//!
//! A command on stdin is {"id", "op", "client", ...}; its answer on stdout {"id", "ok"} or {"id", "error":
//! {"type", "text", "fields"?}}; what a client is told meanwhile {"event", "client", "data"}. The error
//! type "Missing" means that this release has no such function. Built once per release: the features
//! since02, since03 and since04 say what its SDK has.

mod agent;
mod computer;

use serde_json::{json, Value};
use std::collections::HashMap;
use std::io::BufRead;
use std::sync::{Arc, Mutex};

/// What a client answers to a command: a value, or {"type", "text", "fields"?}.
pub type Answer = Result<Value, Value>;

pub fn say(line: Value) {
    println!("{line}");
}

pub fn fault(kind: &str, text: impl std::fmt::Display) -> Value {
    json!({"type": kind, "text": text.to_string()})
}

pub fn missing(op: &str) -> Answer {
    Err(fault("Missing", op))
}

/// A string of the command; absent ones are empty.
pub fn word<'a>(command: &'a Value, name: &str) -> &'a str {
    command[name].as_str().unwrap_or_default()
}

#[cfg(feature = "since02")]
pub fn version_fault(error: &smcp::ProtocolVersionError) -> Value {
    json!({"type": "ProtocolVersionError", "text": error.to_string(), "fields": {
        "client_version": error.client_version, "server_version": error.server_version,
        "min_supported": error.min_supported, "max_supported": error.max_supported}})
}

#[derive(Clone)]
enum Client {
    Agent(Arc<agent::Agent>),
    Computer(Arc<computer::ComputerSide>),
}

impl Client {
    fn new(command: &Value) -> Result<Client, Value> {
        Ok(match word(command, "kind") {
            "computer" => Client::Computer(Arc::new(computer::ComputerSide::new(command)?)),
            _ => Client::Agent(Arc::new(agent::Agent::new(command))),
        })
    }

    async fn obey(&self, command: &Value) -> Answer {
        match self {
            Client::Agent(agent) => agent.obey(command).await,
            Client::Computer(computer) => computer.obey(command).await,
        }
    }
}

type Clients = Arc<Mutex<HashMap<String, Client>>>;

async fn obey(clients: Clients, command: Value) {
    let name = word(&command, "client").to_string();
    let answer = if word(&command, "op") == "hello" {
        Ok(Value::Null)
    } else if word(&command, "op") == "new" {
        Client::new(&command).map(|client| {
            clients.lock().expect("clients").insert(name, client);
            Value::Null
        })
    } else {
        let client = clients.lock().expect("clients").get(&name).cloned();
        match client {
            Some(client) => client.obey(&command).await,
            None => Err(fault("Unknown", name)),
        }
    };
    match answer {
        Ok(value) => say(json!({"id": command["id"], "ok": value})),
        Err(error) => say(json!({"id": command["id"], "error": error})),
    }
}

#[tokio::main]
async fn main() {
    let clients = Clients::default();
    let (sender, mut commands) = tokio::sync::mpsc::unbounded_channel();
    std::thread::spawn(move || {
        for line in std::io::stdin().lock().lines().map_while(Result::ok) {
            match serde_json::from_str::<Value>(&line) {
                Ok(command) => drop(sender.send(command)),
                Err(error) => say(json!({"id": null, "error": fault("Json", error)})),
            }
        }
    });
    while let Some(command) = commands.recv().await {
        tokio::spawn(obey(clients.clone(), command));
    }
    // Nothing waits for the SDK's own shutdown.
    std::process::exit(0);
}
