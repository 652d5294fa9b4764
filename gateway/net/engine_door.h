// Decides what an HTTP request under an Engine.IO path is: one function from a request to what is
// to be done with it, in the order of DECISIONS 21 and SOCKETIO-COMPAT.md 2.2.
//
// Pure: no I/O, no state. Whether a session id is known is for its shard to say.
#pragma once

#include <functional>
#include <optional>

#include "gateway/net/cors.h"
#include "gateway/net/http.h"
#include "gateway/peer/peer_host.h"
#include "gateway/peer/poll_reply.h"

namespace smcp::net {

// Looks at every request that would create a session, before any Engine.IO check; a reply refuses
// it. Called on any shard, must be thread-safe and must not block.
using HandshakeGate = std::function<std::optional<HttpReply>(const HttpRequest&)>;

struct DoorVerdict {
  enum class Kind : uint8_t {
    kReply,  // answer with `reply`
    kOpenPolling,
    kOpenWebSocket,
    kUpgrade,  // of the session `address`
    kPollGet,
    kPollPost,
  };
  Kind kind = Kind::kReply;
  HttpReply reply;
  PeerAddress address;
};

DoorVerdict JudgeRequest(const HttpRequest& request, const CorsPolicy& cors,
                         const HandshakeGate& gate, uint16_t shards);

// The HTTP errors of Engine.IO: `{"code":0,"message":"Transport unknown"}`.
enum class EngineError : uint8_t {
  kTransportUnknown = 0,
  kSessionIdUnknown = 1,
  kBadHandshakeMethod = 2,
  kBadRequest = 3,
  kForbidden = 4,
  kUnsupportedProtocolVersion = 5,
};
HttpReply EngineErrorReply(EngineError error);
// The answer to a request of a session.
HttpReply ReplyOf(PollReply reply);
// The 101 that accepts a websocket.
HttpReply AcceptWebSocket(const HttpRequest& request);

}  // namespace smcp::net
