//! The Rust SDK (smcp-agent, smcp-computer) unchanged, with a real MCP server over stdio.
//!
//! smcp-agent 0.1.x takes the whole argument array of an ack for its first argument, whatever the server:
//! get_tools, get_desktop and list_room of its own always fail, tool_call returns that array. So the
//! Computer's answers to those are looked at through rust_socketio.

use crate::socketio::{Peer, Target};
use crate::{check, expect, within, Outcome};
use async_trait::async_trait;
use serde_json::{json, Value};
use smcp_agent::{
    AsyncAgentEventHandler, AsyncSmcpAgent, DefaultAuthProvider, SmcpAgentConfig, SmcpAgentError,
};
use smcp_computer::mcp_clients::manager::MCPServerManager;
use smcp_computer::mcp_clients::model::MCPServerConfig;
use smcp_computer::socketio_client::{SmcpComputerClient, SmcpComputerClientBuilder};
use std::collections::HashMap;
use std::sync::Arc;
use tokio::sync::mpsc::{unbounded_channel, UnboundedReceiver, UnboundedSender};
use tokio::sync::RwLock;

const COMPUTER: &str = "rust-pc";

struct Events(UnboundedSender<Value>);

#[async_trait]
impl AsyncAgentEventHandler for Events {
    async fn on_computer_enter_office(
        &self,
        data: smcp::EnterOfficeNotification,
        _agent: &AsyncSmcpAgent,
    ) -> Result<(), SmcpAgentError> {
        let _ = self.0.send(json!(["enter", data.computer]));
        Ok(())
    }

    async fn on_computer_leave_office(
        &self,
        data: smcp::LeaveOfficeNotification,
        _agent: &AsyncSmcpAgent,
    ) -> Result<(), SmcpAgentError> {
        let _ = self.0.send(json!(["leave", data.computer]));
        Ok(())
    }
}

#[derive(Clone, Copy)]
struct Place<'a> {
    url: &'a str,
    key: &'a str,
    office: &'a str,
    python: &'a str,
    server: &'a str,
}

fn text<E: std::fmt::Display>(error: E) -> String {
    error.to_string()
}

/// An Agent in the office. Joining waits for no answer, so a call that must fail shows that it is in.
async fn agent(place: Place<'_>) -> Result<(AsyncSmcpAgent, UnboundedReceiver<Value>), String> {
    let (sender, events) = unbounded_channel();
    let auth = DefaultAuthProvider::new("rust-bot".to_string(), place.office.to_string())
        .with_api_key(place.key.to_string());
    let config = SmcpAgentConfig::new().with_auto_fetch_tools(false);
    let mut agent = AsyncSmcpAgent::new(auth, config).with_event_handler(Events(sender));
    agent.connect(place.url).await.map_err(text)?;
    agent.join_office("rust-bot").await.map_err(text)?;
    let missing = within("answer", agent.tool_call("nobody", "add", json!({})))
        .await?
        .map_err(text)?;
    let words = json!({"type": "text", "text": "Computer with name 'nobody' not found"});
    expect(
        "unknown Computer",
        &missing,
        &json!([{"content": [words], "isError": true}]),
    )?;
    Ok((agent, events))
}

async fn computer(place: Place<'_>) -> Result<SmcpComputerClient, String> {
    let config: MCPServerConfig = serde_json::from_value(json!({
        "type": "stdio", "name": "demo-tools", "default_tool_meta": {"auto_apply": true},
        "server_parameters": {"command": place.python, "args": [place.server], "env": {}}}))
    .map_err(text)?;
    let manager = MCPServerManager::new();
    manager.initialize(vec![config]).await.map_err(text)?;
    manager.start_all().await.map_err(text)?;
    let manager = Arc::new(RwLock::new(Some(manager)));
    let inputs = Arc::new(RwLock::new(HashMap::new()));
    let client = SmcpComputerClientBuilder::new(place.url, manager, COMPUTER, inputs)
        .auth_secret(place.key)
        .connect()
        .await
        .map_err(text)?;
    client.join_office(place.office).await.map_err(text)?;
    Ok(client)
}

async fn agent_calls_the_computer(place: Place<'_>) -> Outcome {
    let (agent, mut events) = agent(place).await?;
    let computer = computer(place).await?;
    let event = within("enter", events.recv()).await?.unwrap_or_default();
    expect("event", &event, &json!(["enter", COMPUTER]))?;
    let sum = agent.tool_call(COMPUTER, "add", json!({"a": 40, "b": 2}));
    let sum = within("sum", sum).await?.map_err(text)?;
    expect("sum", &sum[0]["content"][0]["text"], &json!("42"))?;
    computer.leave_office(place.office).await.map_err(text)?;
    let event = within("leave", events.recv()).await?.unwrap_or_default();
    expect("event", &event, &json!(["leave", COMPUTER]))?;
    agent.leave_office().await.map_err(text)?;
    computer.disconnect().await.map_err(text)
}

async fn computer_answers_every_request(place: Place<'_>) -> Outcome {
    let target = Target {
        url: place.url,
        key: place.key,
        transport: "any",
    };
    let mut agent = Peer::connect(target).await?;
    agent.join("agent", "bot", place.office).await?;
    let computer = computer(place).await?;
    let entered =
        json!(["notify:enter_office", [{"office_id": place.office, "computer": COMPUTER}]]);
    expect("event", &agent.next().await?, &entered)?;

    let request = json!({"agent": "bot", "req_id": "r1", "computer": COMPUTER});
    let tools = agent.call("client:get_tools", request.clone()).await?;
    expect("req_id", &tools[0]["req_id"], &json!("r1"))?;
    expect(
        "tools",
        &json!(tools[0]["tools"].as_array().map(Vec::len)),
        &json!(3),
    )?;
    let desktop = agent.call("client:get_desktop", request.clone()).await?;
    expect(
        "windows",
        &json!(desktop[0]["desktops"].as_array().map(Vec::len)),
        &json!(1),
    )?;
    let config = agent.call("client:get_config", request).await?;
    expect(
        "servers",
        &json!(config[0]["servers"]["demo-tools"].is_object()),
        &json!(true),
    )?;
    let call = json!({"agent": "bot", "req_id": "r2", "computer": COMPUTER, "tool_name": "echo",
                      "params": {"text": "ü\u{1f600}"}, "timeout": 60});
    let echo = agent.call("client:tool_call", call).await?;
    expect("echo", &echo[0]["content"][0]["text"], &json!("ü\u{1f600}"))?;

    computer.disconnect().await.map_err(text)?;
    let left = json!(["notify:leave_office", [{"office_id": place.office, "computer": COMPUTER}]]);
    expect("event", &agent.next().await?, &left)?;
    agent.close().await
}

pub async fn run(url: &str, key: &str, office: &str, python: &str, server: &str) -> bool {
    let place = Place {
        url,
        key,
        office,
        python,
        server,
    };
    let mut good = check("agent_calls_the_computer", agent_calls_the_computer(place)).await;
    let other = format!("{office}-b");
    let place = Place {
        office: &other,
        ..place
    };
    good &= check(
        "computer_answers_every_request",
        computer_answers_every_request(place),
    )
    .await;
    good
}
