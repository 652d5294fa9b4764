//! The SDK's Agent.

use crate::{fault, missing, say, word, Answer};
use async_trait::async_trait;
use serde_json::{json, Value};
use smcp_agent::{
    AsyncAgentEventHandler, AsyncSmcpAgent, DefaultAuthProvider, SmcpAgentConfig, SmcpAgentError,
};
use tokio::sync::RwLock;

struct Events(String);

impl Events {
    fn tell(&self, event: &str, data: Value) -> Result<(), SmcpAgentError> {
        say(json!({"event": event, "client": self.0, "data": [data]}));
        Ok(())
    }
}

#[async_trait]
impl AsyncAgentEventHandler for Events {
    async fn on_computer_enter_office(
        &self,
        data: smcp::EnterOfficeNotification,
        _agent: &AsyncSmcpAgent,
    ) -> Result<(), SmcpAgentError> {
        let told = json!({"office_id": data.office_id, "computer": data.computer});
        self.tell("on_computer_enter_office", told)
    }

    async fn on_computer_leave_office(
        &self,
        data: smcp::LeaveOfficeNotification,
        _agent: &AsyncSmcpAgent,
    ) -> Result<(), SmcpAgentError> {
        let told = json!({"office_id": data.office_id, "computer": data.computer});
        self.tell("on_computer_leave_office", told)
    }

    async fn on_computer_update_config(
        &self,
        data: smcp::UpdateMCPConfigNotification,
        _agent: &AsyncSmcpAgent,
    ) -> Result<(), SmcpAgentError> {
        self.tell(
            "on_computer_update_config",
            json!({"computer": data.computer}),
        )
    }
}

fn told(error: SmcpAgentError) -> Value {
    match &error {
        #[cfg(feature = "since02")]
        SmcpAgentError::ProtocolVersionMismatch(version) => crate::version_fault(version),
        _ => fault("SmcpAgentError", error),
    }
}

pub struct Agent {
    name: String,
    sdk: RwLock<AsyncSmcpAgent>,
}

impl Agent {
    pub fn new(command: &Value) -> Self {
        let name = word(command, "name").to_string();
        let auth = DefaultAuthProvider::new(name.clone(), word(command, "office").to_string())
            .with_api_key(word(command, "key").to_string());
        let seconds = command["call_timeout"].as_u64().unwrap_or(5);
        let config = SmcpAgentConfig::new().with_tool_call_timeout(seconds);
        let events = Events(word(command, "client").to_string());
        let sdk = AsyncSmcpAgent::new(auth, config).with_event_handler(events);
        Agent {
            name,
            sdk: RwLock::new(sdk),
        }
    }

    pub async fn obey(&self, command: &Value) -> Answer {
        let op = word(command, "op");
        if op == "connect" {
            if word(command, "transport") != "default" {
                return missing("choice of transport");
            }
            let mut sdk = self.sdk.write().await;
            return sdk
                .connect(word(command, "url"))
                .await
                .map(|_| Value::Null)
                .map_err(told);
        }
        let sdk = self.sdk.read().await.clone();
        match op {
            "join" => self.join(&sdk, command).await,
            "leave" => sdk.leave_office().await.map(|_| Value::Null).map_err(told),
            "members" => members(&sdk, command).await,
            "tools" => tools(&sdk, command).await,
            "call" => call(&sdk, command).await,
            "cancel" => cancel(&sdk, command).await,
            "desktop" => sdk
                .get_desktop(word(command, "computer"), None, None)
                .await
                .map(|desktops| json!(desktops))
                .map_err(told),
            _ => later(&sdk, command).await,
        }
    }

    /// Joining waits for no answer; the gateway answers in order, so a request behind it does.
    async fn join(&self, sdk: &AsyncSmcpAgent, command: &Value) -> Answer {
        sdk.join_office(&self.name).await.map_err(told)?;
        let _ = sdk.list_room(word(command, "office")).await;
        Ok(Value::Null)
    }
}

async fn members(sdk: &AsyncSmcpAgent, command: &Value) -> Answer {
    let listed = sdk.list_room(word(command, "office")).await.map_err(told)?;
    let mut names: Vec<String> = listed
        .iter()
        .map(|session| json!(session))
        .filter(|session| session["role"] == "computer")
        .map(|session| word(&session, "name").to_string())
        .collect();
    names.sort();
    Ok(json!(names))
}

async fn tools(sdk: &AsyncSmcpAgent, command: &Value) -> Answer {
    let tools = sdk
        .get_tools(word(command, "computer"))
        .await
        .map_err(told)?;
    let mut names: Vec<&str> = tools.iter().map(|tool| tool.name.as_str()).collect();
    names.sort_unstable();
    Ok(json!(names))
}

async fn call(sdk: &AsyncSmcpAgent, command: &Value) -> Answer {
    let (computer, tool) = (word(command, "computer"), word(command, "tool"));
    let answer = sdk.tool_call(computer, tool, command["params"].clone());
    let answer = answer.await.map_err(told)?;
    // 0.1 hands the whole argument array of the ack to its caller.
    Ok(match answer {
        Value::Array(mut arguments) if !arguments.is_empty() => arguments.remove(0),
        answer => answer,
    })
}

/// The SDK cancels a call by itself when its timeout has passed.
async fn cancel(sdk: &AsyncSmcpAgent, command: &Value) -> Answer {
    let (computer, tool) = (word(command, "computer"), word(command, "tool"));
    let answer = sdk
        .tool_call(computer, tool, command["params"].clone())
        .await;
    let answer = answer.unwrap_or_else(|error| json!({"isError": true, "text": error.to_string()}));
    Ok(json!({"req_id": null, "answer": answer, "by_timeout": true}))
}

#[cfg(not(feature = "since02"))]
async fn later(_sdk: &AsyncSmcpAgent, command: &Value) -> Answer {
    missing(word(command, "op"))
}

#[cfg(feature = "since02")]
async fn later(sdk: &AsyncSmcpAgent, command: &Value) -> Answer {
    match word(command, "op") {
        "resources" => {
            let (computer, server) = (word(command, "computer"), word(command, "server"));
            let answer = sdk
                .get_resources(computer, server, None)
                .await
                .map_err(told)?;
            let uris: Vec<Value> = json!(answer)["resources"]
                .as_array()
                .map(|list| list.iter().map(|item| item["uri"].clone()).collect())
                .unwrap_or_default();
            Ok(json!(uris))
        }
        "skills" => skills(sdk, command).await,
        "get_blob" => get_blob(sdk, command).await,
        #[cfg(feature = "since03")]
        "config" => {
            let computer = word(command, "computer");
            let answer = sdk.get_computer_config(computer).await.map_err(told)?;
            let names = answer
                .servers
                .as_object()
                .map(|map| map.keys().collect::<Vec<_>>());
            Ok(json!(names))
        }
        #[cfg(feature = "since04")]
        "put_blob" => {
            let size = command["size"].as_u64().unwrap_or_default();
            let data: Vec<u8> = (0..size).map(|index| (index % 251) as u8).collect();
            let computer = word(command, "computer");
            let put = sdk
                .put_blob(computer, &data, Some("upload.bin"), Some(CHUNK))
                .await;
            Ok(json!(put.map_err(told)?.landing_path))
        }
        op => missing(op),
    }
}

#[cfg(feature = "since02")]
const CHUNK: u64 = 128 * 1024;

#[cfg(feature = "since02")]
async fn skills(sdk: &AsyncSmcpAgent, command: &Value) -> Answer {
    let (computer, name) = (word(command, "computer"), word(command, "skill"));
    let listed = sdk.get_skills(computer).await.map_err(told)?;
    let names: Vec<Value> = listed
        .iter()
        .map(|skill| json!(skill)["name"].clone())
        .collect();
    let skill = sdk.get_skill(computer, name, None).await.map_err(told)?;
    Ok(json!({"names": names, "body": json!(skill)["body"]}))
}

/// Reads chunk by chunk; the caller compares the size and the digest that the chunks carry.
#[cfg(feature = "since02")]
async fn get_blob(sdk: &AsyncSmcpAgent, command: &Value) -> Answer {
    let (computer, name) = (word(command, "computer"), word(command, "skill"));
    let rel_path = Some(word(command, "rel_path"));
    let skill = json!(sdk
        .get_skill(computer, name, rel_path)
        .await
        .map_err(told)?);
    let handle = word(&skill, "blob_handle");
    let (mut offset, mut chunks) = (0, 0);
    loop {
        let chunk = sdk
            .get_blob(computer, handle, Some(offset), Some(CHUNK))
            .await;
        let chunk = json!(chunk.map_err(told)?);
        let text = word(&chunk, "blob");
        let padding = text.bytes().rev().take_while(|byte| *byte == b'=').count();
        offset += (text.len() / 4 * 3 - padding) as u64;
        chunks += 1;
        if chunk["eof"] == true {
            return Ok(json!({"size": offset, "sha256": chunk["sha256"], "chunks": chunks}));
        }
    }
}
