// What is told about the life of a session: one record at its end. Never credentials or payloads.
#pragma once

#include <cstdint>
#include <string_view>

#include "gateway/socketio/event.h"

namespace smcp {

struct SessionFacts {
  uint64_t number = 0;  // process-wide, for telling log lines apart; not the sid, which is a secret
  std::string_view address;
  uint16_t port = 0;
  bool websocket = false;  // at the end
  sio::DisconnectReason reason = sio::DisconnectReason::kTransportClose;
  int64_t duration_ms = 0;
  uint64_t packets_in = 0;
  uint64_t packets_out = 0;
  uint64_t ignored_in = 0;  // legal noise: see sio::Step::Kind::kIgnored
};

class SessionLog {
 public:
  virtual ~SessionLog() = default;
  // Called on the session's shard.
  virtual void SessionEnded(const SessionFacts& facts) = 0;
};

}  // namespace smcp
