#include "gateway/smcp/auth.h"

#include "absl/strings/match.h"
#include "gateway/base/strings.h"

namespace smcp {

const std::string* AuthRequest::Header(std::string_view name) const {
  for (const auto& [key, value] : headers) {
    if (absl::EqualsIgnoreCase(ToAbsl(key), ToAbsl(name))) return &value;
  }
  return nullptr;
}

}  // namespace smcp
