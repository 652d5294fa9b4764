// A failed RPC in one line: what the gateway said, its reason, and how to mend it.
//
// Sources: google.rpc.Status in the trailer grpc-status-details-bin, with ErrorInfo, BadRequest and
// RetryInfo; the reasons are ErrorReason of common.proto. Knows no gRPC, so codes are plain
// numbers.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/status.h"

namespace smcpctl {

struct RpcFailure {
  int code = 0;  // of google.rpc.Code
  std::string message{};
  std::string details{};  // google.rpc.Status, serialised; may be empty
  std::string endpoint{};
  bool connected = true;  // false: no connection ever stood
};

// What the details say.
struct RpcDetails {
  std::string reason{};
  std::string violations{};  // "field: what is wrong; field: .."
  int64_t retry_after = 0;   // nanoseconds
};
RpcDetails ReadDetails(const std::string& serialized);

absl::Status FromRpc(const RpcFailure& failure);

// The reason of a status that FromRpc made; empty if the gateway gave none.
std::string ReasonOf(const absl::Status& status);

// "How to mend" of a reason; empty for those whose message says it all.
std::string_view HintFor(std::string_view reason);

}  // namespace smcpctl
