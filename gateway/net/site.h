// What a listener serves: Engine.IO mounts, plain routes, and the shards behind them.
//
// Filled before the first connection, read-only from then on but for `draining`.
#pragma once

#include <atomic>
#include <functional>
#include <string>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "gateway/base/limits.h"
#include "gateway/base/strings.h"
#include "gateway/net/cors.h"
#include "gateway/net/engine_door.h"
#include "gateway/net/http.h"
#include "gateway/net/ws_reactor.h"
#include "gateway/peer/peer_host.h"
#include "gateway/runtime/admission.h"
#include "gateway/runtime/shard.h"

namespace smcp::net {

// Answers a plain HTTP request, at once or later, exactly once and on any thread. Called on any
// shard: must be thread-safe and must not block. Dropping `done` unused answers 500.
using RouteDone = absl::AnyInvocable<void(HttpReply) &&>;
using Route = std::function<void(const HttpRequest&, RouteDone)>;

struct EngineShard {
  Shard* shard = nullptr;
  PeerHost* host = nullptr;
  WsReactor* reactor = nullptr;
};

struct EngineMount {
  std::string path;
  RawHandler* raw = nullptr;  // null: Socket.IO
};

struct Site {
  HttpLimits limits;
  size_t body_bytes_max = 1'000'000;
  CorsPolicy cors;
  HandshakeGate gate;
  std::vector<EngineMount> mounts;
  StringMap<Route> routes;  // by exact path
  std::vector<EngineShard> shards;
  Admission* admission = nullptr;
  std::atomic<bool> draining{false};  // no new sessions

  const EngineMount* FindMount(std::string_view path) const {
    for (const EngineMount& mount : mounts) {
      if (PathIsUnder(path, mount.path)) return &mount;
    }
    return nullptr;
  }
};

}  // namespace smcp::net
