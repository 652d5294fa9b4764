// The text forms of control.tokens and control.san_roles.
// Thread rule: pure functions. Errors: one clause, to which the caller adds place and key; a token
// is never quoted, for somebody may have put the token itself where its hash belongs.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace smcp::config {

struct ControlToken {
  std::string name{};
  std::string role{};                  // viewer, operator, admin
  std::string sha256{};                // 64 hexadecimal digits; empty: `file` is set
  std::string file{};                  // holds the token on one line
  std::vector<std::string> offices{};  // globs; empty: all
};
// "NAME:ROLE:sha256=HEX" or "NAME:ROLE:file=PATH", with ":offices=GLOB|GLOB" behind it.
absl::StatusOr<ControlToken> ParseControlToken(std::string_view text);

struct SanRole {
  std::string san{};  // glob
  std::string role{};
  std::vector<std::string> offices{};
};
// "SAN=ROLE", with ":offices=GLOB|GLOB" behind it.
absl::StatusOr<SanRole> ParseSanRole(std::string_view text);

}  // namespace smcp::config
