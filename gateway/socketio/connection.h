// The Socket.IO side of one session: its namespaces, the CONNECT gate, and what each message means.
//
// Sans-IO: Receive returns a Step and the session's peer acts on it. Which packets close the
// session and which are ignored follows SOCKETIO-COMPAT.md 6 as amended by DECISIONS 1 to 3. Thread
// rule: lives on its session's shard.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/base/limits.h"
#include "gateway/codec/json_index.h"
#include "gateway/codec/sio_packet.h"
#include "gateway/socketio/namespace.h"
#include "gateway/socketio/reassembly.h"
#include "gateway/socketio/socket.h"

namespace smcp::sio {

// The namespaces of one shard; fixed before the first connection.
using NamespaceTable = StringMap<std::unique_ptr<Namespace>>;

struct Step {
  enum class Kind : uint8_t {
    kIgnored,     // legal noise: unknown ack, packet for a namespace not connected, reserved name
    kAwaiting,    // a binary packet has begun: bound the time until the next step that is not this
    kConnect,     // ask `nsp` whether to let it in; answer with FinishConnect
    kRefuse,      // send CONNECT_ERROR `message` for `name`
    kDisconnect,  // the client left the namespace of `socket`
    kEvent,
    kAck,
    kBad,  // parse error: close the session
  };
  Kind kind = Kind::kIgnored;
  Socket* socket = nullptr;       // kEvent, kAck, kDisconnect
  Namespace* nsp = nullptr;       // kConnect
  std::string_view name = {};     // kRefuse: the namespace as asked for; kEvent: the event's name
  std::string_view message = {};  // kRefuse
  std::string_view payload = {};  // kEvent, kAck: the JSON array; kConnect: the auth object
  std::string_view ack_id = {};   // kEvent
  uint32_t our_ack_id = 0;        // kAck
  const Attachments* attachments = nullptr;  // kEvent, kAck; valid until the next Receive
};

class Connection {
 public:
  explicit Connection(const SessionLimits& limits) : limits_(limits) {}

  // Views in the step live as long as `text`, or until the next Receive for a binary packet.
  Step ReceiveText(std::string_view text, const NamespaceTable& table, json::Index& index);
  Step ReceiveBinary(std::string_view data, json::Index& index);

  // The verdict of a kConnect: takes the socket in. Null if the CONNECT is no longer pending.
  Socket* FinishConnect(const Namespace& nsp, std::unique_ptr<Socket> socket);
  void AbandonConnect(const Namespace& nsp);
  // Takes the socket out of the session; null if the namespace is not joined.
  std::unique_ptr<Socket> Remove(std::string_view nsp);
  std::vector<std::unique_ptr<Socket>> RemoveAll();

  bool any_joined() const;
  bool reassembling() const { return reassembly_ != nullptr; }

 private:
  struct Slot {
    const Namespace* nsp;
    std::unique_ptr<Socket> socket;  // null: the CONNECT waits for its verdict
  };
  Step Connect(const Packet& packet, const NamespaceTable& table, json::Index& index);
  Step Deliver(const Packet& packet, const Attachments& attachments, json::Index& index);
  Step Event(const Packet& packet, Socket* socket, json::Index& index);
  Socket* Find(std::string_view nsp) const;

  const SessionLimits& limits_;
  std::vector<Slot> slots_;
  std::unique_ptr<Reassembly> reassembly_;
  std::unique_ptr<Reassembly> complete_;  // keeps the attachments of the last step alive
  std::string name_;                      // a decoded event name that had escapes
};

}  // namespace smcp::sio
