#include "gateway/socketio/namespace.h"

#include "gateway/base/give_back.h"
#include "gateway/codec/json_text.h"

namespace smcp::sio {
ConnectVerdict ConnectVerdict::Accept(std::unique_ptr<SocketData> state) {
  ConnectVerdict verdict;
  verdict.state = std::move(state);
  return verdict;
}

ConnectVerdict ConnectVerdict::Refuse(std::string message, std::string data) {
  ConnectVerdict verdict;
  verdict.accepted = false;
  verdict.message = std::move(message);
  verdict.data = std::move(data);
  return verdict;
}

Namespace::~Namespace() = default;

void Namespace::OnConnect(ConnectRequest /*request*/, ConnectDone done) {
  std::move(done)(ConnectVerdict::Accept());
}

void Namespace::OnConnected(Socket& /*socket*/) {}

void Namespace::OnEvent(Socket& socket, const EventView& event) {
  const auto it = handlers_.find(event.name);
  if (it == handlers_.end()) return OnUnknownEvent(socket, event);
  it->second(socket, event);
}

void Namespace::OnUnknownEvent(Socket& /*socket*/, const EventView& /*event*/) {}

void Namespace::OnAck(Socket& /*socket*/, const AckView& /*ack*/) {}

void Namespace::OnDisconnect(Socket& /*socket*/, DisconnectReason /*reason*/) {}

void Namespace::On(std::string event, Handler handler) {
  handlers_.insert_or_assign(std::move(event), std::move(handler));
}

void Namespace::Use(Middleware middleware) { middleware_.push_back(std::move(middleware)); }

void Namespace::Dispatch(Socket& socket, const EventView& event) {
  for (Middleware& middleware : middleware_) {
    if (!middleware(socket, event)) return;
  }
  OnEvent(socket, event);
}

void Namespace::EmitToRoom(std::string_view room, std::string_view event, std::string_view args) {
  const Payload payload(EventPayload(event, args));
  for (uint16_t shard = 0; shard < context_.scheduler->shard_count(); ++shard) {
    context_.scheduler->Post(
        shard, [sibling = context_.sibling, shard, payload, name = std::string(room)] {
          if (Namespace* there = sibling(shard)) there->EmitHere(name, payload.view());
        });
  }
}

void Namespace::EmitToAll(std::string_view event, std::string_view args) {
  EmitToRoom("", event, args);  // no room can have this name
}

void Namespace::EmitHere(const std::string& room, std::string_view payload) {
  if (room.empty()) {
    for (auto& [sid, socket] : sockets_) socket->SendEvent("", payload, {}, false);
    return;
  }
  if (const auto one = sockets_.find(room); one != sockets_.end()) {
    one->second->SendEvent("", payload, {}, false);
  }
  const auto it = rooms_.find(room);
  if (it == rooms_.end()) return;
  for (Socket* socket : it->second) socket->SendEvent("", payload, {}, false);
}

void Namespace::Attach(Socket& socket) { sockets_.emplace(socket.sid(), &socket); }

void Namespace::Detach(Socket& socket) {
  for (const std::string& room : socket.rooms()) RoomLeft(room, socket);
  sockets_.erase(std::string_view(socket.sid()));
  GiveBackIfEmpty(sockets_);
}

void Namespace::RoomJoined(std::string_view room, Socket& socket) {
  if (room.empty()) return;
  rooms_.try_emplace(room).first->second.insert(&socket);
}

void Namespace::RoomLeft(std::string_view room, Socket& socket) {
  const auto it = rooms_.find(room);
  if (it == rooms_.end()) return;
  it->second.erase(&socket);
  if (it->second.empty()) rooms_.erase(it);
}

}  // namespace smcp::sio
