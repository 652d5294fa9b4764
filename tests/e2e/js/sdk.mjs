// Agents and Computers on socket.io-client, led by lines of JSON; run by tests/sdks.
// A command on stdin is {"id", "op", "client", ...}; its answer {"id", "ok"} or {"id", "error": {"type",
// "text", "fields"?}}; what a client is told meanwhile is {"event", "client", "data"}.
// A client declares the a2c_version of its generation, as an SDK does; 0.1 declares none.

import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { io } from "socket.io-client";

const TRANSPORTS = { default: undefined, polling: ["polling"], websocket: ["websocket"] };
const NOTICES = {
  "notify:enter_office": "on_computer_enter_office",
  "notify:leave_office": "on_computer_leave_office",
  "notify:update_config": "on_computer_update_config",
  "notify:tool_call_cancel": "cancel",
};
const VERSION_FIELDS = ["client_version", "server_version", "min_supported", "max_supported"];
const BLOB_CHUNK = 128 * 1024;
const clients = new Map();

function say(line) {
  process.stdout.write(JSON.stringify(line) + "\n");
}

class Refusal extends Error {
  constructor(type, text, fields) {
    super(text);
    Object.assign(this, { type, fields });
  }
}

// What SDKs do with a failed handshake: the HTTP body says whether the version was refused.
function refusalOf(error) {
  const text = error.context?.responseText ?? "";
  if (!text.startsWith("{")) return new Refusal("ConnectionError", error.message);
  const body = JSON.parse(text);
  const fields = Object.fromEntries(VERSION_FIELDS.map((name) => [name, body[name] ?? null]));
  if (body.code === 4008) return new Refusal("ProtocolVersionError", body.message, fields);
  return new Refusal("ConnectionError", body.message);
}

class Client {
  constructor({ client, kind, generation, key, name, within }) {
    Object.assign(this, { client, kind, generation, key, name, within: within * 1000 });
    this.query = generation === "0.1" ? {} : { a2c_version: `${generation}.0` };
  }

  connect({ url, transport }) {
    const options = {
      auth: { token: this.key },
      query: this.query,
      forceNew: true,
      timeout: this.within,
      reconnectionDelay: 50,
      reconnectionDelayMax: 500,
      ...(TRANSPORTS[transport] && { transports: TRANSPORTS[transport] }),
    };
    this.socket = io(`${url}/smcp`, options);
    this.socket.onAny((event, data) => {
      if (NOTICES[event]) say({ event: NOTICES[event], client: this.client, data: [data] });
    });
    this.serve();
    return new Promise((resolve, reject) => {
      const fail = (error) => {
        this.socket.disconnect();
        reject(refusalOf(error));
      };
      this.socket.once("connect_error", fail);
      this.socket.on("connect", () => say({ event: "connect", client: this.client, data: null }));
      this.socket.once("connect", () => {
        this.socket.off("connect_error", fail);
        resolve(this.transport());
      });
    });
  }

  serve() {}

  transport() {
    return this.socket.io.engine?.transport.name;
  }

  disconnect() {
    this.socket.disconnect();
  }

  async call(event, data, within = this.within) {
    if (!this.socket.connected) throw new Refusal("Disconnected", "not connected");
    return this.socket.timeout(within).emitWithAck(event, data);
  }

  join({ office }) {
    const request = { role: this.kind, name: this.name, office_id: office };
    return new Promise((resolve, reject) => {
      if (!this.socket.connected) reject(new Refusal("Disconnected", "not connected"));
      this.socket.timeout(this.within).emit("server:join_office", request, (error, ok, text) => {
        if (error || ok !== true) reject(error ?? new Refusal("JoinRefused", text));
        else resolve(null);
      });
    });
  }

  async leave({ office }) {
    await this.call("server:leave_office", { office_id: office });
  }
}

class Agent extends Client {
  request(computer, fields = {}) {
    return { agent: this.name, req_id: crypto.randomUUID().replaceAll("-", ""), computer, ...fields };
  }

  async ask(event, computer, fields) {
    const request = this.request(computer, fields);
    const answer = await this.call(event, request);
    if (answer?.code !== undefined) throw new Refusal("SMCPProtocolError", `${answer.code} ${answer.message}`);
    if (event !== "client:get_config" && answer.req_id !== request.req_id) throw new Refusal("ReqId", answer.req_id);
    return answer;
  }

  async members({ office }) {
    const request = { agent: this.name, req_id: "room", office_id: office };
    const { sessions } = await this.call("server:list_room", request);
    return sessions.filter(({ role }) => role === "computer").map(({ name }) => name).sort();
  }

  async tools({ computer }) {
    return (await this.ask("client:get_tools", computer)).tools.map(({ name }) => name).sort();
  }

  invoke({ computer, tool, params, timeout }) {
    const request = this.request(computer, { tool_name: tool, params, timeout });
    return [request.req_id, this.call("client:tool_call", request, timeout * 1000)];
  }

  async cancel({ echo, ...command }) {
    const [req_id, answer] = this.invoke(command);
    answer.catch(() => {}); // looked at below; until then a failure is nobody's
    await this.invoke({ ...command, tool: echo, params: { text: "x" } })[1];
    this.socket.emit("server:tool_call_cancel", { agent: this.name, req_id });
    return { req_id, answer: await answer };
  }

  async desktop({ computer }) {
    return (await this.ask("client:get_desktop", computer)).desktops;
  }

  async config({ computer }) {
    return Object.keys((await this.ask("client:get_config", computer)).servers).sort();
  }

  async resources({ computer, server }) {
    const { resources } = await this.ask("client:get_resources", computer, { mcp_server: server });
    return resources.map(({ uri }) => uri);
  }

  async skills({ computer, skill }) {
    const { skills } = await this.ask("client:get_skills", computer);
    const { body } = await this.ask("client:get_skill", computer, { name: skill });
    return { names: skills.map(({ name }) => name), body };
  }

  async get_blob({ computer, skill, rel_path }) {
    const { blob_handle } = await this.ask("client:get_skill", computer, { name: skill, rel_path });
    const digest = createHash("sha256");
    for (let offset = 0, chunks = 1; ; chunks += 1) {
      const fields = { blob_handle, chunk_offset: offset, max_chunk_bytes: BLOB_CHUNK };
      const { blob, eof } = await this.ask("client:get_blob", computer, fields);
      const data = Buffer.from(blob, "base64");
      digest.update(data);
      offset += data.length;
      if (eof) return { size: offset, sha256: digest.digest("hex"), chunks };
    }
  }

  async put_blob({ computer, size }) {
    const data = Buffer.from(Array.from({ length: size }, (_, index) => index % 251));
    const sha256 = createHash("sha256").update(data).digest("hex");
    let upload = { total_size: size, sha256, name_hint: "upload.bin" };
    for (let offset = 0; ; offset += BLOB_CHUNK) {
      const chunk = data.subarray(offset, offset + BLOB_CHUNK);
      const eof = offset + chunk.length === size;
      const fields = { ...upload, chunk_offset: offset, eof, blob: chunk.toString("base64") };
      const { upload_id, landing_path } = await this.ask("client:put_blob", computer, fields);
      if (eof) return landing_path;
      upload = { upload_id };
    }
  }
}

// What a Computer holds: the tools of the demo's MCP server, and one skill read from a folder.
class Computer extends Client {
  constructor(command) {
    super(command);
    Object.assign(this, { home: command.skill_home, cache: command.cache, running: new Map(), upload: [] });
  }

  boot() {
    return 3;
  }

  update() {
    this.socket.emit("server:update_config", { computer: this.name });
  }

  serve() {
    for (const event of Object.getOwnPropertyNames(Computer.prototype).filter((name) => name.startsWith("client:"))) {
      this.socket.on(event, async (data, ack) => {
        ack({ ...(await this[event](data)), ...(event !== "client:tool_call" && { req_id: data.req_id }) });
      });
    }
    this.socket.on("notify:tool_call_cancel", ({ req_id }) => this.running.get(req_id)?.());
  }

  "client:get_tools"() {
    const tool = (name) => ({
      name,
      description: name,
      params_schema: { type: "object" },
      return_schema: null,
      ...(this.generation >= "0.3" && { bundle_id: "demo-tools" }),
    });
    return { tools: ["add", "echo", "slow"].map(tool) };
  }

  async "client:tool_call"({ req_id, tool_name, params }) {
    const text = (words) => ({ content: [{ type: "text", text: words }], isError: false });
    if (tool_name === "add") return text(String(params.a + params.b));
    if (tool_name === "echo") return text(params.text);
    const cancelled = await new Promise((resolve) => {
      const timer = setTimeout(() => resolve(false), params.seconds * 1000);
      this.running.set(req_id, () => (clearTimeout(timer), resolve(true)));
    });
    return { ...text("slow"), ...(cancelled && { isError: true, meta: { a2c_cancelled: true } }) };
  }

  "client:get_desktop"() {
    return { desktops: ["window://demo.smcp/status?priority=50\n\ndemo window"] };
  }

  "client:get_config"() {
    const server_parameters = { command: "node", args: [], env: null, cwd: null };
    const tools = { default_tool_meta: { auto_apply: true }, tool_meta: {}, forbidden_tools: [] };
    const server = { name: "demo-tools", type: "stdio", disabled: false, server_parameters, ...tools };
    return { servers: { "demo-tools": { ...server, ...(this.generation >= "0.3" && { bundle_id: "demo-tools" }) } } };
  }

  "client:get_resources"() {
    return { resources: [{ uri: "window://demo.smcp/status?priority=50", name: "status" }] };
  }

  "client:get_skills"() {
    return { skills: [{ name: "sample", description: "a sample" }] };
  }

  file(name, rel_path = "SKILL.md") {
    const data = readFileSync(`${this.home}/user/${name}/${rel_path}`);
    const about = { total_size: data.length, sha256: createHash("sha256").update(data).digest("hex") };
    return { data, about };
  }

  "client:get_skill"({ name, rel_path }) {
    const { data, about } = this.file(name, rel_path);
    const shared = { name, rel_path: rel_path ?? "SKILL.md", ...about };
    if (rel_path) return { ...shared, mime_type: "application/octet-stream", blob_handle: `${name}/${rel_path}` };
    return { ...shared, mime_type: "text/markdown", body: data.toString() };
  }

  "client:get_blob"({ blob_handle, chunk_offset = 0, max_chunk_bytes = BLOB_CHUNK }) {
    const { data, about } = this.file(...blob_handle.split("/"));
    const chunk = data.subarray(chunk_offset, chunk_offset + max_chunk_bytes);
    const eof = chunk_offset + chunk.length === data.length;
    const shared = { blob_handle, mime_type: "application/octet-stream", ...about, chunk_offset, eof };
    return { ...shared, blob: chunk.toString("base64") };
  }

  "client:put_blob"({ chunk_offset, eof, blob, sha256 }) {
    if (chunk_offset === 0) this.upload = [];
    this.upload.push(Buffer.from(blob, "base64"));
    if (!eof) return { upload_id: "u1", chunk_offset };
    const data = Buffer.concat(this.upload);
    const landing_path = `${this.cache}/js-upload.bin`;
    mkdirSync(this.cache, { recursive: true });
    writeFileSync(landing_path, data);
    const seen = createHash("sha256").update(data).digest("hex");
    return { upload_id: "u1", chunk_offset, landing_path, total_size: data.length, sha256: seen ?? sha256 };
  }
}

async function obey(command) {
  const { id, op, client, kind } = command;
  try {
    if (op === "hello" || op === "new") {
      if (op === "new") clients.set(client, kind === "computer" ? new Computer(command) : new Agent(command));
      say({ id, ok: null });
      return;
    }
    const target = clients.get(client);
    const value = await (op === "call" ? target.invoke(command)[1] : target[op](command));
    say({ id, ok: value ?? null });
  } catch (error) {
    const told = { type: error.type ?? error.name, text: error.message };
    say({ id, error: { ...told, ...(error.fields && { fields: error.fields }) } });
  }
}

createInterface({ input: process.stdin })
  .on("line", (line) => obey(JSON.parse(line)))
  .on("close", () => process.exit(0));
