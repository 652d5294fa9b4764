#include "clients/smcpctl/failure.h"

#include <charconv>

#include "absl/strings/cord.h"

namespace smcpctl {
namespace {
constexpr const char* kPayload = "smcpctl/exit";
}  // namespace

absl::Status Fail(Exit exit, const std::string& message) {
  absl::Status status(absl::StatusCode::kUnknown, message);
  status.SetPayload(kPayload, absl::Cord(std::to_string(static_cast<int>(exit))));
  return status;
}

absl::Status UsageError(const std::string& message) { return Fail(Exit::kUsage, message); }

absl::Status Quietly(Exit exit) { return Fail(exit, ""); }

Exit ExitOf(const absl::Status& status) {
  if (status.ok()) return Exit::kOk;
  const auto payload = status.GetPayload(kPayload);
  if (!payload.has_value()) return Exit::kFailed;
  const std::string text(*payload);
  int code = static_cast<int>(Exit::kFailed);
  std::from_chars(text.data(), text.data() + text.size(), code);
  return static_cast<Exit>(code);
}

}  // namespace smcpctl
