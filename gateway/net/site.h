// What a listener serves: Engine.IO mounts, plain routes, and the shards behind them.
//
// Filled before the first connection, read-only from then on but for `draining` and the policies.
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

// What may change while connections are open.
struct SitePolicy {
  size_t body_bytes_max = 1'000'000;
  CorsPolicy cors;
  HandshakeGate gate;
};

struct Site {
  HttpLimits limits;
  // One per shard, each read and replaced on its shard only, hence without a lock. A connection
  // looks it up anew after every wait. Where there is none (routes only) the default holds.
  std::vector<SitePolicy> policies;
  std::vector<EngineMount> mounts;
  StringMap<Route> routes;  // by exact path
  std::vector<EngineShard> shards;
  SessionAdmission* admission = nullptr;
  std::atomic<bool> draining{false};  // no new sessions

  const SitePolicy& PolicyOf(const Shard& shard) const {
    static const SitePolicy kDefault;
    return shard.index() < policies.size() ? policies[shard.index()] : kDefault;
  }
  const EngineMount* FindMount(std::string_view path) const {
    for (const EngineMount& mount : mounts) {
      if (PathIsUnder(path, mount.path)) return &mount;
    }
    return nullptr;
  }
};

}  // namespace smcp::net
