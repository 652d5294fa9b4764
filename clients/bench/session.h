// One Agent or Computer: Engine.IO open, Socket.IO CONNECT, join with ack, heartbeats, and then its
// events and acks. Drives itself; tells a SessionEvents. One thread.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>

#include "clients/bench/transport.h"
#include "clients/bench/ws_frame.h"

namespace smcp_bench {

class Session;

class SessionEvents {
 public:
  // Only when joins are held: connected to the namespace, Join() is up to the workload.
  virtual void OnConnected(Session* session) = 0;
  virtual void OnJoined(Session* session) = 0;
  // `id` is empty without an ack id; `json` is the array.
  virtual void OnEvent(Session* session, std::string_view id, std::string_view json) = 0;
  virtual void OnAck(Session* session, uint64_t id, std::string_view json) = 0;
  virtual void OnDown(Session* session, bool refused, std::string_view why) = 0;

 protected:
  ~SessionEvents() = default;
};

struct Member {
  bool agent = false;
  std::string name;
  std::string office;
  size_t office_index = 0;
  uint64_t mark = 0;  // the workload's own
};

enum class TransportKind { kWebSocket, kPolling };

// Shared by all sessions of a run.
struct SessionSetup {
  Loop* loop = nullptr;
  Target target;
  MaskKeys keys;
  TransportKind transport = TransportKind::kWebSocket;
  bool hold_joins = false;
};

class Session final : private TransportEvents {
 public:
  enum class State { kClosed, kOpening, kJoining, kJoined };

  static constexpr uint64_t kJoinId = 1;
  // Ids from here on are the workload's.
  static constexpr uint64_t kFirstFreeId = 8;

  Session(SessionSetup* setup, SessionEvents* events, Member member);

  void Open(uint32_t source);
  // Both of these need an id above kJoinId where they take one. `json` parts form the array.
  void Emit(uint64_t id, std::initializer_list<std::string_view> json);
  void SendParts(std::initializer_list<std::string_view> parts) { transport_->Send(parts); }
  void Join();  // by itself unless joins are held; once joined, OnAck(kJoinId) has the answer
  void Leave(uint64_t id);
  void Disconnect();  // with a goodbye; OnDown follows
  void Close();       // at once; no OnDown

  Member& member() { return member_; }
  State state() const { return state_; }
  uint64_t pings() const { return pings_; }

 private:
  void OnPacket(std::string_view packet) override;
  void OnTransportDown(bool refused, std::string_view why) override;

  void OnMessage(std::string_view message);
  void OnAckPacket(std::string_view rest);
  void Refuse(std::string_view why);

  SessionSetup* setup_;
  SessionEvents* events_;
  Member member_;
  State state_ = State::kClosed;
  uint64_t pings_ = 0;
  std::unique_ptr<Transport> transport_;
};

}  // namespace smcp_bench
