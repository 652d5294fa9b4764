// A bare Engine.IO application: messages without Socket.IO on top.
#pragma once

#include <string_view>

namespace smcp {

class RawSession {
 public:
  virtual void SendRaw(std::string_view message, bool binary) = 0;

 protected:
  ~RawSession() = default;
};

// One instance serves all shards, each calling it for its own sessions: it must be thread-safe.
class RawHandler {
 public:
  virtual ~RawHandler() = default;
  virtual void OnMessage(RawSession& session, std::string_view message, bool binary) = 0;
};

}  // namespace smcp
