// Refusals of the control plane: an absl::Status that carries google.rpc details.
//
// The reason decides the status code (the groups of ErrorReason in common.proto), so a handler
// names the reason only. Messages are for people, end up in logs and must hold no secret. Thread
// rule: pure functions, any thread.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "smcp/control/v1/common.pb.h"

namespace smcp::control {

inline constexpr std::string_view kErrorDomain = "gateway.a2c-smcp";

absl::StatusCode CodeOf(v1::ErrorReason reason);

absl::Status Refuse(v1::ErrorReason reason, std::string_view message,
                    const std::map<std::string, std::string>& metadata = {});
// INVALID_ARGUMENT FIELD_INVALID (or another reason of that code), with a BadRequest that names the
// field.
absl::Status RefuseField(std::string_view field, std::string_view description,
                         v1::ErrorReason reason = v1::FIELD_INVALID);
// The same, and the caller may try again after that time.
absl::Status RefuseForNow(v1::ErrorReason reason, std::string_view message, int64_t retry_after_ms);

// What the gateway's own statuses mean here: NOT_FOUND becomes `not_found`, FAILED_PRECONDITION
// `precondition`, UNAVAILABLE NODE_STOPPING, and so on. A status that has a reason already stays as
// it is.
absl::Status WithReason(const absl::Status& status, v1::ErrorReason not_found,
                        v1::ErrorReason precondition = v1::NOT_JOINED);

// At most so many bytes of a text, cut between characters.
std::string Clipped(std::string_view text, size_t bytes_max);

// ERROR_REASON_UNSPECIFIED if it has none.
v1::ErrorReason ReasonOf(const absl::Status& status);
// A serialized google.rpc.Status: code, message and details.
std::string SerializeStatus(const absl::Status& status);
// "NOT_FOUND"; "OK".
std::string CodeName(absl::StatusCode code);

}  // namespace smcp::control
