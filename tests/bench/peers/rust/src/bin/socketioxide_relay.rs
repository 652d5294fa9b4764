//! The SMCP relay on socketioxide, with the options the crate ships: `socketioxide-relay PORT TOKEN`.
//!
//! It does what the other peers of the benchmark do: token check at CONNECT, join, leave, calls with
//! their answers, notifications. Port 0 takes a free one; the ready line on stdout names it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{json, Value};
use socketioxide::extract::{AckSender, Data, SocketRef, State, TryData};
use socketioxide::socket::Sid;
use socketioxide::SocketIo;

#[derive(PartialEq)]
struct Member {
    role: String,
    name: String,
    office: String,
}

#[derive(Default)]
struct Tables {
    members: HashMap<Sid, Member>,
    computers: HashMap<(String, String), SocketRef>,
}

#[derive(Clone)]
struct Relay {
    tables: Arc<Mutex<Tables>>,
    token: Arc<str>,
}

fn text(data: &Value, key: &str) -> String {
    data[key].as_str().unwrap_or_default().to_owned()
}

async fn leave(socket: &SocketRef, relay: &Relay) {
    let member = {
        let mut tables = relay.tables.lock().unwrap();
        let Some(member) = tables.members.remove(&socket.id) else {
            return;
        };
        tables
            .computers
            .remove(&(member.office.clone(), member.name.clone()));
        member
    };
    socket.leave(member.office.clone());
    let mut news = json!({"office_id": member.office});
    news[&member.role] = json!(member.name);
    let _ = socket
        .to(member.office)
        .emit("notify:leave_office", &news)
        .await;
}

async fn join(socket: SocketRef, Data(data): Data<Value>, ack: AckSender, relay: State<Relay>) {
    let member = Member {
        role: text(&data, "role"),
        name: text(&data, "name"),
        office: text(&data, "office_id"),
    };
    let again = relay.tables.lock().unwrap().members.get(&socket.id) == Some(&member);
    if again {
        let _ = ack.send(&(true, ()));
        return;
    }
    leave(&socket, &relay).await;
    let office = member.office.clone();
    let mut news = json!({"office_id": office});
    news[&member.role] = json!(member.name);
    {
        let mut tables = relay.tables.lock().unwrap();
        if member.role == "computer" {
            tables
                .computers
                .insert((office.clone(), member.name.clone()), socket.clone());
        }
        tables.members.insert(socket.id, member);
    }
    socket.join(office.clone());
    let _ = ack.send(&(true, ()));
    let _ = socket.to(office).emit("notify:enter_office", &news).await;
}

async fn call(
    event: &'static str,
    socket: SocketRef,
    data: Value,
    ack: AckSender,
    relay: State<Relay>,
) {
    let computer = {
        let tables = relay.tables.lock().unwrap();
        tables.members.get(&socket.id).and_then(|agent| {
            let address = (agent.office.clone(), text(&data, "computer"));
            tables.computers.get(&address).cloned()
        })
    };
    let Some(computer) = computer else {
        let _ = ack.send(&json!({"code": 404, "message": "Computer not found"}));
        return;
    };
    let timeout = Duration::from_secs(data["timeout"].as_u64().unwrap_or(60));
    if let Ok(answer) = computer
        .timeout(timeout)
        .emit_with_ack::<Value, Value>(event, &data)
    {
        if let Ok(answer) = answer.await {
            let _ = ack.send(&answer);
        }
    }
}

async fn tell(event: &'static str, socket: SocketRef, relay: State<Relay>) {
    let (office, news) = {
        let tables = relay.tables.lock().unwrap();
        let Some(member) = tables.members.get(&socket.id) else {
            return;
        };
        (member.office.clone(), json!({"computer": member.name}))
    };
    let _ = socket.to(office).emit(event, &news).await;
}

async fn connected(socket: SocketRef, TryData(auth): TryData<Value>, relay: State<Relay>) {
    if auth.map_or(true, |auth| auth["token"].as_str() != Some(&*relay.token)) {
        let _ = socket.disconnect();
        return;
    }
    socket.on("server:join_office", join);
    socket.on(
        "server:leave_office",
        async |socket: SocketRef, ack: AckSender, relay: State<Relay>| {
            leave(&socket, &relay).await;
            let _ = ack.send(&(true, ()));
        },
    );
    for event in [
        "client:tool_call",
        "client:get_tools",
        "client:get_desktop",
        "client:get_config",
    ] {
        socket.on(
            event,
            move |socket: SocketRef,
                  Data(data): Data<Value>,
                  ack: AckSender,
                  relay: State<Relay>| { call(event, socket, data, ack, relay) },
        );
    }
    for (event, news) in [
        ("server:update_config", "notify:update_config"),
        ("server:update_tool_list", "notify:update_tool_list"),
        ("server:update_desktop", "notify:update_desktop"),
    ] {
        socket.on(event, move |socket: SocketRef, relay: State<Relay>| {
            tell(news, socket, relay)
        });
    }
    socket
        .on_disconnect(async |socket: SocketRef, relay: State<Relay>| leave(&socket, &relay).await);
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let port: u16 = arguments.next().unwrap_or_default().parse()?;
    let token: Arc<str> = arguments.next().unwrap_or_default().into();
    let relay = Relay {
        tables: Arc::default(),
        token,
    };
    let (layer, io) = SocketIo::builder().with_state(relay).build_layer();
    io.ns("/smcp", connected);
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", port)).await?;
    println!("ready listen={}", listener.local_addr()?);
    axum::serve(listener, axum::Router::new().layer(layer)).await?;
    Ok(())
}
