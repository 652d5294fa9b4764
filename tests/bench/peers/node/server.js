// The SMCP relay on Node's socket.io with the options it ships: `node server.js PORT TOKEN`.
//
// Token check at CONNECT, join, leave, calls with their answers, notifications. Port 0 takes a free
// one; the ready line on stdout names it.
import { createServer } from "node:http";
import { Server } from "socket.io";

const [port, token] = [Number(process.argv[2]), process.argv[3]];
const http = createServer();
const namespace = new Server(http).of("/smcp");
const computers = new Map(); // "office\0name" -> socket

const addressOf = (office, name) => `${office}\0${name}`;
const newsOf = ({ role, name, office }) => ({ office_id: office, [role]: name });

function leave(socket) {
  const member = socket.data.member;
  if (!member) return;
  socket.data.member = undefined;
  socket.leave(member.office);
  if (member.role === "computer") computers.delete(addressOf(member.office, member.name));
  socket.to(member.office).emit("notify:leave_office", newsOf(member));
}

function join(socket, { role, name, office_id: office }, answer) {
  const old = socket.data.member;
  if (old?.office === office && old.name === name) return answer?.(true, null);
  leave(socket);
  const member = { role, name, office };
  socket.data.member = member;
  socket.join(office);
  if (role === "computer") computers.set(addressOf(office, name), socket);
  answer?.(true, null);
  socket.to(office).emit("notify:enter_office", newsOf(member));
  return undefined;
}

function call(socket, event, request, answer) {
  const computer = computers.get(addressOf(socket.data.member?.office, request.computer));
  if (!computer) {
    answer?.({ code: 404, message: "Computer not found" });
    return;
  }
  computer.timeout((request.timeout ?? 60) * 1000).emit(event, request, (error, ...results) => {
    if (error) answer?.({ code: 408, message: "Request timed out" });
    else answer?.(...results);
  });
}

namespace.use((socket, next) => {
  next(socket.handshake.auth.token === token ? undefined : new Error("not authorized"));
});

namespace.on("connection", (socket) => {
  socket.on("server:join_office", (request, answer) => join(socket, request, answer));
  socket.on("server:leave_office", (request, answer) => {
    leave(socket);
    answer?.(true, null);
  });
  for (const event of ["tool_call", "get_tools", "get_desktop", "get_config"]) {
    socket.on(`client:${event}`, (request, answer) => call(socket, `client:${event}`, request, answer));
  }
  for (const event of ["update_config", "update_tool_list", "update_desktop"]) {
    socket.on(`server:${event}`, () => {
      const member = socket.data.member;
      if (member) socket.to(member.office).emit(`notify:${event}`, { computer: member.name });
    });
  }
  socket.on("disconnect", () => leave(socket));
});

http.listen(port, "127.0.0.1", () => {
  console.log(`ready listen=127.0.0.1:${http.address().port}`);
});
