//! rust_socketio as Agent and as Computer; tf-rust-socketio as the Computer that answers calls.

use crate::{check, expect, step, within, Outcome};
use futures_util::FutureExt;
use rust_socketio::asynchronous::{Client, ClientBuilder};
use rust_socketio::{Event, Payload, TransportType};
use serde_json::{json, Value};
use tf_rust_socketio as tf;
use tokio::sync::mpsc::{unbounded_channel, UnboundedReceiver};
use tokio::sync::oneshot;

const NAMESPACE: &str = "/smcp";

#[derive(Clone, Copy)]
pub struct Target<'a> {
    pub url: &'a str,
    pub key: &'a str,
    pub transport: &'a str,
}

impl Target<'_> {
    fn transport_type(&self) -> TransportType {
        match self.transport {
            "websocket" => TransportType::Websocket,
            "upgrade" => TransportType::WebsocketUpgrade,
            "polling" => TransportType::Polling,
            _ => TransportType::Any,
        }
    }

    fn tf_transport_type(&self) -> tf::TransportType {
        match self.transport {
            "websocket" => tf::TransportType::Websocket,
            "upgrade" => tf::TransportType::WebsocketUpgrade,
            "polling" => tf::TransportType::Polling,
            _ => tf::TransportType::Any,
        }
    }
}

/// A client and the events it got, in order, each as [name, arguments].
pub struct Peer {
    client: Client,
    events: UnboundedReceiver<Value>,
}

fn values(payload: Payload) -> Value {
    match payload {
        Payload::Text(values) => Value::Array(values),
        Payload::Binary(bytes) => json!({"binary": bytes.len()}),
        #[allow(deprecated)]
        Payload::String(text) => json!([text]),
    }
}

impl Peer {
    pub async fn connect(target: Target<'_>) -> Result<Peer, String> {
        let (sender, mut events) = unbounded_channel();
        let (connects, refusals, others) = (sender.clone(), sender.clone(), sender);
        let client = ClientBuilder::new(target.url)
            .namespace(NAMESPACE)
            .transport_type(target.transport_type())
            .opening_header("x-api-key", target.key)
            .auth(json!({}))
            .reconnect(false)
            .on(Event::Connect, move |_, _| {
                let _ = connects.send(json!(["connect"]));
                async {}.boxed()
            })
            .on(Event::Error, move |payload, _| {
                let _ = refusals.send(json!(["error", values(payload)]));
                async {}.boxed()
            })
            .on_any(move |event, payload, _| {
                let _ = others.send(json!([String::from(event), values(payload)]));
                async {}.boxed()
            })
            .connect()
            .await
            .map_err(|error| error.to_string())?;
        let first = within("answer to CONNECT", events.recv())
            .await?
            .unwrap_or_default();
        if first != json!(["connect"]) {
            let _ = client.disconnect().await;
            return Err(first.to_string());
        }
        Ok(Peer { client, events })
    }

    pub async fn next(&mut self) -> Result<Value, String> {
        Ok(within("event", self.events.recv())
            .await?
            .unwrap_or_default())
    }

    /// The arguments of the ack.
    pub async fn call(&self, event: &str, data: Value) -> Result<Value, String> {
        let (sender, receiver) = oneshot::channel();
        let sender = std::sync::Mutex::new(Some(sender));
        let callback = move |payload: Payload, _: Client| {
            if let Some(sender) = sender.lock().unwrap().take() {
                let _ = sender.send(values(payload));
            }
            async {}.boxed()
        };
        self.client
            .emit_with_ack(event, data, step(), callback)
            .await
            .map_err(|error| error.to_string())?;
        let got = within(event, receiver)
            .await?
            .map_err(|error| error.to_string())?;
        // The crate gives the whole argument array as its one value.
        Ok(match got.as_array().map(Vec::as_slice) {
            Some([Value::Array(arguments)]) => Value::Array(arguments.clone()),
            _ => got,
        })
    }

    pub async fn join(&self, role: &str, name: &str, office: &str) -> Outcome {
        let request = json!({"role": role, "name": name, "office_id": office});
        expect(
            "join",
            &self.call("server:join_office", request).await?,
            &json!([true, null]),
        )
    }

    async fn leave(&self, office: &str) -> Outcome {
        let request = json!({"office_id": office});
        expect(
            "leave",
            &self.call("server:leave_office", request).await?,
            &json!([true, null]),
        )
    }

    pub async fn close(self) -> Outcome {
        self.client
            .disconnect()
            .await
            .map_err(|error| error.to_string())
    }
}

/// A Computer of the fork that answers every tool call with its parameters.
async fn answering_computer(
    target: Target<'_>,
    office: &str,
) -> Result<tf::asynchronous::Client, String> {
    let (sender, mut connected) = unbounded_channel();
    let (joins, mut joined) = unbounded_channel();
    let client = tf::asynchronous::ClientBuilder::new(target.url)
        .namespace(NAMESPACE)
        .transport_type(target.tf_transport_type())
        .opening_header("x-api-key", target.key)
        .reconnect(false)
        .on(tf::Event::Connect, move |_, _| {
            let _ = sender.send(());
            async {}.boxed()
        })
        .on("client:tool_call", |payload, client| {
            async move {
                if let tf::Payload::Text(values, Some(id)) = payload {
                    let params = values.first().map(|data| data["params"].clone());
                    let answer = json!({"content": [params], "isError": false});
                    if let Err(error) = client.ack_with_id(id, answer).await {
                        eprintln!("ack: {error}");
                    }
                }
            }
            .boxed()
        })
        .connect()
        .await
        .map_err(|error| error.to_string())?;
    within("answer to CONNECT", connected.recv()).await?;
    let request = json!({"role": "computer", "name": "pc", "office_id": office});
    let callback = move |_: tf::Payload, _: tf::asynchronous::Client| {
        let _ = joins.send(());
        async {}.boxed()
    };
    client
        .emit_with_ack("server:join_office", request, step(), callback)
        .await
        .map_err(|error| error.to_string())?;
    within("join", joined.recv()).await?;
    Ok(client)
}

fn tool_call(params: &Value) -> Value {
    json!({"agent": "bot", "req_id": "r1", "computer": "pc", "tool_name": "t", "params": params,
           "timeout": 60})
}

fn enters(office: &str) -> Value {
    json!(["notify:enter_office", [{"office_id": office, "computer": "pc"}]])
}

fn leaves(office: &str) -> Value {
    json!(["notify:leave_office", [{"office_id": office, "computer": "pc"}]])
}

async fn joins_and_leaves(target: Target<'_>, office: String) -> Outcome {
    let mut agent = Peer::connect(target).await?;
    let computer = Peer::connect(target).await?;
    agent.join("agent", "bot", &office).await?;
    computer.join("computer", "pc", &office).await?;
    expect("agent's event", &agent.next().await?, &enters(&office))?;
    let request = json!({"agent": "bot", "req_id": "r0", "office_id": office});
    let listed = agent.call("server:list_room", request).await?;
    expect("members", &listed[0]["sessions"][1]["name"], &json!("pc"))?;
    expect("req_id", &listed[0]["req_id"], &json!("r0"))?;
    computer.leave(&office).await?;
    expect("agent's event", &agent.next().await?, &leaves(&office))?;
    agent.leave(&office).await?;
    computer.close().await?;
    agent.close().await
}

async fn tool_call_is_answered(target: Target<'_>, office: String) -> Outcome {
    let mut agent = Peer::connect(target).await?;
    agent.join("agent", "bot", &office).await?;
    let computer = answering_computer(target, &office).await?;
    expect("agent's event", &agent.next().await?, &enters(&office))?;
    for number in 0..16 {
        let params = json!({"number": number, "text": "ü\u{1f600}\"\\\n", "none": null});
        let answer = agent.call("client:tool_call", tool_call(&params)).await?;
        expect(
            "answer",
            &answer,
            &json!([{"content": [params], "isError": false}]),
        )?;
    }
    computer
        .disconnect()
        .await
        .map_err(|error| error.to_string())?;
    expect("agent's event", &agent.next().await?, &leaves(&office))?;
    agent.close().await
}

/// rust_socketio has no way to answer: the call ends when this Computer goes.
async fn tool_call_reaches_a_computer_that_goes(target: Target<'_>, office: String) -> Outcome {
    let mut agent = Peer::connect(target).await?;
    let mut computer = Peer::connect(target).await?;
    agent.join("agent", "bot", &office).await?;
    computer.join("computer", "pc", &office).await?;
    expect("agent's event", &agent.next().await?, &enters(&office))?;
    let request = tool_call(&json!({"a": 1}));
    let goes = async {
        let got = computer.next().await?;
        expect(
            "call",
            &got,
            &json!(["client:tool_call", [request.clone()]]),
        )?;
        computer.close().await
    };
    let (answer, gone) = tokio::join!(agent.call("client:tool_call", request.clone()), goes);
    gone?;
    let text = json!({"type": "text", "text": "Computer with name 'pc' not found"});
    expect(
        "answer",
        &answer?,
        &json!([{"content": [text], "isError": true}]),
    )?;
    agent.close().await
}

async fn wrong_key_is_refused(target: Target<'_>) -> Outcome {
    let wrong = Target {
        key: "wrong",
        ..target
    };
    match Peer::connect(wrong).await {
        Ok(_) => Err("the gateway let it in".to_string()),
        Err(error) if error.contains("Connection refused by server") => Ok(()),
        Err(error) => Err(error),
    }
}

pub async fn run(url: &str, key: &str, office: &str, transport: &str) -> bool {
    let target = Target {
        url,
        key,
        transport,
    };
    let named = |name: &str| format!("{office}-{name}");
    let mut good = check("joins_and_leaves", joins_and_leaves(target, named("join"))).await;
    good &= check(
        "tool_call_is_answered",
        tool_call_is_answered(target, named("call")),
    )
    .await;
    let lost = tool_call_reaches_a_computer_that_goes(target, named("lost"));
    good &= check("tool_call_reaches_a_computer_that_goes", lost).await;
    good &= check("wrong_key_is_refused", wrong_key_is_refused(target)).await;
    good
}
