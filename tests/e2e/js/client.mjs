// socket.io-client against a gateway. Prints one JSON line per check: {"check", "ok", "error"?}.
// Usage: node client.mjs URL KEY TRANSPORT OFFICE, where TRANSPORT is default, websocket or polling.
// With the line {"restart": true} it asks its parent to restart the gateway and goes on when a line
// comes on stdin.

import assert from "node:assert/strict";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { io } from "socket.io-client";

const [url, key, transport, office] = process.argv.slice(2);
const within = Number(process.env.SMCP_E2E_STEP_MS ?? 5000);
const transports = { default: undefined, websocket: ["websocket"], polling: ["polling"] }[transport];
const stdin = createInterface({ input: process.stdin });
const open = new Set();

function connect(namespace = "/smcp", options = {}) {
  const socket = io(url + namespace, {
    ...(transports && { transports }),
    auth: { token: key },
    forceNew: true,
    reconnectionDelay: 50,
    reconnectionDelayMax: 200,
    timeout: within,
    ...options,
  });
  socket.seen = [];
  socket.onAny((event, ...args) => {
    socket.seen.push([event, args]);
    socket.emitSeen?.();
  });
  open.add(socket);
  return socket;
}

function waitFor(socket, event) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`no ${event} within ${within} ms`)), within);
    socket.once(event, (...args) => {
      clearTimeout(timer);
      resolve(args);
    });
  });
}

function nextSeen(socket) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`no event within ${within} ms`)), within);
    socket.emitSeen = () => {
      if (socket.seen.length === 0) return;
      clearTimeout(timer);
      socket.emitSeen = undefined;
      resolve(socket.seen.shift());
    };
    socket.emitSeen();
  });
}

async function connected(...args) {
  const socket = connect(...args);
  await waitFor(socket, "connect");
  return socket;
}

// The first argument of an ack, or all of them; a missing ack is an error.
const call = (socket, event, ...args) => socket.timeout(within).emitWithAck(event, ...args);
const callAll = (socket, event, ...args) =>
  new Promise((resolve, reject) => {
    socket.timeout(within).emit(event, ...args, (error, ...values) => (error ? reject(error) : resolve(values)));
  });

const toolCall = (params) => ({
  agent: "bot", req_id: "r1", computer: "pc", tool_name: "t", params, timeout: 60,
});

async function pair(name) {
  const room = `${office}-${name}`;
  const [agent, computer] = await Promise.all([connected(), connected()]);
  await joinBoth(agent, computer, room);
  return { agent, computer, room };
}

async function joinBoth(agent, computer, room) {
  const join = (socket, role, as) => callAll(socket, "server:join_office", { role, name: as, office_id: room });
  assert.deepEqual(await join(agent, "agent", "bot"), [true, null]);
  assert.deepEqual(await join(computer, "computer", "pc"), [true, null]);
  assert.deepEqual(await nextSeen(agent), ["notify:enter_office", [{ office_id: room, computer: "pc" }]]);
}

const engineTransport = (socket) => socket.io.engine.transport.name;

async function upgraded(socket) {
  if (transport !== "default" || engineTransport(socket) === "websocket") return;
  await waitFor(socket.io.engine, "upgrade");
}

const checks = {
  async connects_with_the_key_in_auth() {
    const socket = await connected();
    await upgraded(socket);
    assert.equal(engineTransport(socket), transport === "polling" ? "polling" : "websocket");
    assert.notEqual(socket.id, socket.io.engine.id);
  },

  async is_refused_with_a_wrong_key() {
    const socket = connect("/smcp", { auth: { token: "wrong" }, reconnection: false });
    const [error] = await waitFor(socket, "connect_error");
    assert.equal(error.message, "Connection refused by server");
    assert.equal(socket.connected, false);
  },

  async is_refused_in_an_unknown_namespace() {
    const socket = connect("/nowhere", { reconnection: false });
    const [error] = await waitFor(socket, "connect_error");
    assert.equal(error.message, "Invalid namespace");
  },

  async a_call_goes_to_the_computer_and_back() {
    const { agent, computer } = await pair("call");
    const request = toolCall({ big: Number.MAX_SAFE_INTEGER, text: "ü😀\"\\\n", list: [1, 2.5, null, true] });
    let got;
    computer.on("client:tool_call", (data, ack) => {
      got = data;
      ack({ content: [data.params], isError: false });
    });
    const answer = await call(agent, "client:tool_call", request);
    assert.deepEqual(answer, { content: [request.params], isError: false });
    assert.deepEqual(got, request);
  },

  async acks_of_several_arguments() {
    const { agent, computer } = await pair("acks");
    computer.on("client:tool_call", (data, ack) => ack("first", { second: 2 }, [3, null]));
    const answer = await callAll(agent, "client:tool_call", toolCall({}));
    assert.deepEqual(answer, ["first", { second: 2 }, [3, null]]);
  },

  async binary_goes_both_ways() {
    const { agent, computer } = await pair("binary");
    const blob = Buffer.from(Array.from({ length: 16384 }, (_, index) => index % 256));
    computer.on("client:tool_call", (data, ack) => {
      const reversed = Buffer.from(data.params.a).reverse();
      ack({ reversed, again: [data.params.b], empty: Buffer.alloc(0) });
    });
    const answer = await call(agent, "client:tool_call", toolCall({ a: blob, b: Buffer.from([0, 255]) }));
    assert.deepEqual(Buffer.from(answer.reversed), Buffer.from(blob).reverse());
    assert.deepEqual(Buffer.from(answer.again[0]), Buffer.from([0, 255]));
    assert.equal(Buffer.from(answer.empty).length, 0);
  },

  async a_message_of_900_kB() {
    const { agent, computer } = await pair("large");
    computer.on("client:tool_call", (data, ack) => ack({ text: data.params.text, n: 1 }));
    const text = "0123456789".repeat(90000);
    assert.deepEqual(await call(agent, "client:tool_call", toolCall({ text })), { text, n: 1 });
  },

  async many_calls_at_once_keep_their_answers() {
    const { agent, computer } = await pair("many");
    computer.on("client:tool_call", (data, ack) => ack(data.params));
    const numbers = Array.from({ length: 64 }, (_, number) => number);
    const answers = await Promise.all(numbers.map((number) => call(agent, "client:tool_call", toolCall({ number }))));
    assert.deepEqual(answers, numbers.map((number) => ({ number })));
  },

  async the_peer_sees_a_disconnect() {
    const { agent, computer, room } = await pair("bye");
    computer.disconnect();
    assert.deepEqual(await nextSeen(agent), ["notify:leave_office", [{ office_id: room, computer: "pc" }]]);
  },

  async a_disconnect_ends_the_call() {
    const { agent, computer } = await pair("lost");
    computer.on("client:tool_call", () => computer.disconnect());
    const answer = await call(agent, "client:tool_call", toolCall({}));
    assert.equal(answer.isError, true);
    assert.equal(answer.content[0].text, "Computer with name 'pc' not found");
  },

  // The last one: it closes every other connection of this process with the old gateway.
  async comes_back_after_a_restart() {
    const { agent, computer, room } = await pair("again");
    const old = [agent.id, computer.id];
    const back = Promise.all([waitFor(agent, "disconnect"), waitFor(computer, "disconnect")]).then(() =>
      Promise.all([agent, computer].map((socket) => socket.connected || waitFor(socket, "connect"))));
    print({ restart: true });
    await Promise.all([back, once(stdin, "line")]);
    assert.ok(!old.includes(agent.id) && !old.includes(computer.id));
    agent.seen.length = 0; // what the old gateway said while it closed
    await joinBoth(agent, computer, room);
    computer.on("client:tool_call", (data, ack) => ack(data.params));
    assert.deepEqual(await call(agent, "client:tool_call", toolCall({ after: 1 })), { after: 1 });
  },
};

function print(line) {
  process.stdout.write(JSON.stringify(line) + "\n");
}

let failed = 0;
for (const [check, run] of Object.entries(checks)) {
  try {
    await run();
    print({ check, ok: true });
  } catch (error) {
    failed += 1;
    print({ check, ok: false, error: String(error?.stack ?? error) });
  }
  for (const socket of open) socket.disconnect();
  open.clear();
}
stdin.close();
process.exitCode = failed === 0 ? 0 : 1;
