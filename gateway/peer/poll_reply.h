// The answer to one polling request.
#pragma once

#include <cstdint>
#include <string>

#include "absl/functional/any_invocable.h"

namespace smcp {

struct PollReply {
  enum class Kind : uint8_t {
    kPackets,     // 200, a payload of packets
    kOk,          // 200, `ok`: the answer to a POST
    kUnknownSid,  // 400 code 1
    kBadRequest,  // 400 code 3
    kBare400,     // 400 without a body: overlapping requests, packets that do not parse
  };
  Kind kind = Kind::kPackets;
  std::string body;  // kPackets
};

// Runs exactly once; may be called on the peer's shard only and finds its own way to the HTTP
// connection.
using PollResponder = absl::AnyInvocable<void(PollReply) &&>;

}  // namespace smcp
