// The peers of one shard: their table, what they share, and how a session id finds its peer.
//
// Thread rule: everything here is for the shard it belongs to.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/base/clock.h"
#include "gateway/base/ids.h"
#include "gateway/base/limits.h"
#include "gateway/base/rng.h"
#include "gateway/base/task.h"
#include "gateway/base/timer_wheel.h"
#include "gateway/codec/json_index.h"
#include "gateway/peer/raw_handler.h"
#include "gateway/peer/session_log.h"
#include "gateway/runtime/admission.h"
#include "gateway/socketio/connection.h"

namespace smcp {

class Peer;

// The secret part of an Engine.IO session id: 120 random bits. The whole id also says where the
// session lives, so that a request that arrives elsewhere finds it without a directory.
struct PeerSecret {
  uint8_t bytes[15];
};

// An Engine.IO session id taken apart.
struct PeerAddress {
  uint16_t shard = 0;
  uint32_t slot = 0;
  PeerSecret secret{};
};
std::string FormatSid(const PeerAddress& address);
// False for anything FormatSid cannot have made for one of `shards` shards.
bool ParseSid(std::string_view sid, uint16_t shards, PeerAddress* address);

class PeerHost {
 public:
  struct Services {
    uint16_t shard = 0;
    Scheduler* scheduler = nullptr;
    TimerWheel* timers = nullptr;
    const Clock* clock = nullptr;
    Random* random = nullptr;
    const SessionLimits* limits = nullptr;  // may change between two tasks of the shard
    SessionAdmission* admission = nullptr;
    SessionLog* log = nullptr;  // may be null
  };

  explicit PeerHost(Services services);
  ~PeerHost();

  const Services& services() const { return services_; }
  const SessionLimits& limits() const { return *services_.limits; }
  int64_t NowMs() const { return services_.clock->NowMs(); }
  sio::NamespaceTable& namespaces() { return namespaces_; }
  json::Index& index() { return index_; }

  // A new session; `raw` if it is a bare Engine.IO one. The caller has been admitted by
  // SessionAdmission; the session gives that back when it ends.
  Peer& Open(std::shared_ptr<const sio::Handshake> handshake, bool on_websocket, RawHandler* raw);
  Peer* Find(PeerRef ref);
  // Constant time in the secret.
  Peer* Find(const PeerAddress& address);
  // Ends every session with `reason`, websockets with Going Away.
  void CloseAll(sio::DisconnectReason reason);
  // Any thread.
  uint32_t live() const { return live_.load(std::memory_order_relaxed); }

  // For peers: the slot is free at once, the object is deleted by a later task, because its own
  // functions may still be on the stack.
  void Bury(PeerRef ref);
  // Runs `task` later on this shard.
  void Defer(Task task) { services_.scheduler->Post(services_.shard, std::move(task)); }
  std::string NewSocketSid();

 private:
  struct Slot {
    std::unique_ptr<Peer> peer;
    uint32_t generation = 1;
  };
  void GiveBack();

  Services services_;
  sio::NamespaceTable namespaces_;
  json::Index index_;
  std::vector<Slot> slots_;
  std::vector<uint32_t> free_;
  uint32_t first_generation_ = 1;  // of a new slot; above that of every ref ever given out
  std::vector<std::unique_ptr<Peer>> graveyard_;
  std::atomic<uint32_t> live_{0};
};

}  // namespace smcp
