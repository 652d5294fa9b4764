// A Socket.IO namespace: what a server built on this library derives from or fills with handlers.
//
// There is one instance per shard, made by the factory given to Server::Register; each sees only
// the sockets of its shard and is called only there, so its members need no locks. Rooms span all
// shards: emits to a room are posted to each.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "gateway/base/clock.h"
#include "gateway/base/strings.h"
#include "gateway/base/task.h"
#include "gateway/base/timer_wheel.h"
#include "gateway/socketio/socket.h"

namespace smcp::sio {

// A CONNECT that waits for its verdict. Everything is a copy: nothing here dangles.
struct ConnectRequest {
  std::string nsp;
  std::string auth;  // the CONNECT payload as sent, `{}` if there was none
  std::shared_ptr<const Handshake> handshake;
  Transport transport = Transport::kPolling;
};

struct ConnectVerdict {
  bool accepted = true;
  std::string message;                // of a refusal; sent to the client
  std::string data;                   // of a refusal: JSON, sent as `data` if not empty
  std::unique_ptr<SocketData> state;  // of an acceptance: becomes Socket::data()
  static ConnectVerdict Accept(std::unique_ptr<SocketData> state = nullptr);
  static ConnectVerdict Refuse(std::string message, std::string data = {});
};
// To be called exactly once, on any thread. Dropping it unused refuses the connection.
using ConnectDone = absl::AnyInvocable<void(ConnectVerdict) &&>;

// What a namespace instance knows of the shard it lives on.
struct NamespaceContext {
  std::string name;  // "/smcp"
  uint16_t shard = 0;
  Scheduler* scheduler = nullptr;
  TimerWheel* timers = nullptr;
  const Clock* clock = nullptr;
  // The instance of the same namespace on another shard; to be used only inside a task posted
  // there.
  std::function<class Namespace*(uint16_t shard)> sibling;
};

class Namespace {
 public:
  using Handler = absl::AnyInvocable<void(Socket&, const EventView&)>;
  // Sees every event before its handler; false drops it (the middleware has answered or not).
  using Middleware = absl::AnyInvocable<bool(Socket&, const EventView&)>;

  explicit Namespace(NamespaceContext context) : context_(std::move(context)) {}
  virtual ~Namespace();
  Namespace(const Namespace&) = delete;
  Namespace& operator=(const Namespace&) = delete;

  // Decides who may come in. Default: everybody.
  virtual void OnConnect(ConnectRequest request, ConnectDone done);
  // The socket exists and its CONNECT answer is queued.
  virtual void OnConnected(Socket& socket);
  // Default: the handler registered under the name, else OnUnknownEvent.
  virtual void OnEvent(Socket& socket, const EventView& event);
  // Default: nothing happens, no ack.
  virtual void OnUnknownEvent(Socket& socket, const EventView& event);
  // An ack whose id is not one of Socket::Call. Default: ignored.
  virtual void OnAck(Socket& socket, const AckView& ack);
  // Last sight of the socket.
  virtual void OnDisconnect(Socket& socket, DisconnectReason reason);

  void On(std::string event, Handler handler);
  void Use(Middleware middleware);

  // Emits to every socket of the room, on all shards; a sid is the room of that one socket. Any
  // thread may call this on any instance.
  void EmitToRoom(std::string_view room, std::string_view event, std::string_view args);
  // Emits to every socket of the namespace, on all shards.
  void EmitToAll(std::string_view event, std::string_view args);

  const NamespaceContext& context() const { return context_; }
  size_t socket_count() const { return sockets_.size(); }
  // Of this shard; nullptr if it has none of that sid.
  Socket* FindSocket(std::string_view sid) const {
    const auto it = sockets_.find(sid);
    return it == sockets_.end() ? nullptr : it->second;
  }

  // For the connection.
  void Dispatch(Socket& socket, const EventView& event);
  void Attach(Socket& socket);
  void Detach(Socket& socket);
  void RoomJoined(std::string_view room, Socket& socket);
  void RoomLeft(std::string_view room, Socket& socket);

 private:
  void EmitHere(const std::string& room, std::string_view payload);

  NamespaceContext context_;
  StringMap<Handler> handlers_;
  std::vector<Middleware> middleware_;
  // Keyed by the socket's own sid string: every socket can be addressed like a room.
  absl::flat_hash_map<std::string_view, Socket*, StringHash, std::equal_to<>> sockets_;
  StringMap<absl::flat_hash_set<Socket*>> rooms_;
};

}  // namespace smcp::sio
