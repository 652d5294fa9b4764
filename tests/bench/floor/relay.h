// The relay of the yardstick: what a Socket.IO packet of a client makes others receive.
//
// Thread rule: one thread. Units: bytes. Errors: a packet that is not understood is ignored. Rules:
// SMCP sections 2.1 to 2.6 as far as the workloads of smcp-bench need them; who may do what is not
// asked, and no call has a deadline.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace smcp::yardstick {

struct Office;

// One client. Objects are reused; `generation` tells their lives apart.
struct Connection {
  int fd = -1;
  std::uint32_t generation = 0;
  std::uint32_t place = 0;  // in the members of the office
  bool upgraded = false;
  bool dirty = false;
  bool blocked = false;  // waits for room in the socket
  bool is_agent = false;
  Office* office = nullptr;
  std::string name;
  std::string tail;            // an incomplete frame or request
  std::string* out = nullptr;  // taken from the pool while there is something to say
  std::size_t sent = 0;        // of `out`
};

struct Office {
  std::string id;
  std::vector<Connection*> members;
};

// A Computer as calls name it.
struct Address {
  const Office* office = nullptr;
  std::string_view name;
  bool operator==(const Address&) const = default;
};

struct AddressHash {
  std::size_t operator()(const Address& address) const {
    return std::hash<std::string_view>()(address.name) ^ std::hash<const void*>()(address.office);
  }
};

class Relay {
 public:
  // What a fresh WebSocket hears first: the Engine.IO open packet.
  void Open(Connection* connection);

  // One Engine.IO packet. False: the client says goodbye.
  bool Packet(Connection* connection, std::string_view packet);

  void Ping(Connection* connection) { Send(connection, "2", {}); }
  void Say(Connection* connection, unsigned opcode, std::string_view head, std::string_view tail);
  void SayRaw(Connection* connection, std::string_view bytes);

  // Out of its office, and deaf to answers of its calls.
  void Gone(Connection* connection);

  // Connections that have something to say since the last call; the caller flushes them.
  std::vector<Connection*>& dirty() { return dirty_; }
  void GiveBack(Connection* connection);

 private:
  struct Call {
    Connection* agent = nullptr;
    std::uint32_t generation = 0;
    std::uint64_t id = 0;
  };

  std::string* Outbox(Connection* connection);
  void Send(Connection* connection, std::string_view head, std::string_view tail);
  void Event(Connection* connection, std::string_view packet);
  void Answer(std::string_view packet);
  void Acknowledge(Connection* connection, std::string_view id);
  void Join(Connection* connection, std::string_view id, std::string_view body);
  void Leave(Connection* connection);
  void Forward(Connection* connection, std::string_view id, std::string_view body);
  void Tell(Connection* connection, std::string_view news, bool with_office);

  // The keys point into the values.
  std::unordered_map<std::string_view, std::unique_ptr<Office>> offices_;
  std::unordered_map<Address, Connection*, AddressHash> computers_;
  std::deque<Call> calls_;  // the ack id of a call is its place here
  std::vector<std::uint32_t> free_calls_;
  std::vector<Connection*> dirty_;
  std::vector<std::unique_ptr<std::string>> boxes_;
  std::vector<std::string*> free_boxes_;
  std::size_t kept_bytes_ = 0;  // capacity of the free ones
  std::uint64_t sids_ = 0;
};

}  // namespace smcp::yardstick
