#include "control/plane.h"

#include <algorithm>

namespace smcp::control {

absl::StatusOr<size_t> PageSizeOf(int requested) {
  if (requested < 0) return RefuseField("page_size", "negative");
  return static_cast<size_t>(requested == 0 ? kPageDefault : std::min(requested, kPageMax));
}

std::string BindingOf(const Call& call, std::initializer_list<std::string_view> asked) {
  std::string scope;
  for (const std::string& glob : call.caller().offices) scope += BindingOf({glob});
  return BindingOf({call.method().name(), scope, BindingOf(asked)});
}

absl::StatusOr<std::string> OpenPage(const Plane& plane, const std::string& binding,
                                     const std::string& token) {
  constexpr size_t kTokenMax = 64 << 10;
  if (token.empty()) return std::string();
  if (token.size() <= kTokenMax) {
    if (auto position = plane.tokens.Open(binding, token)) return *std::move(position);
  }
  return RefuseField("page_token", "not one of this list, or of another start of the node",
                     v1::PAGE_TOKEN_INVALID);
}

}  // namespace smcp::control
