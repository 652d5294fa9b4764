#include "gateway/daemon/config_access.h"

#include <algorithm>

#include "gateway/daemon/config_text.h"

namespace smcp::config {
namespace {

constexpr std::string_view kOffices = ":offices=";
constexpr size_t kSha256Digits = 64;

absl::Status WrongToken(std::string_view why) {
  return Invalid(
      {"expected NAME:ROLE:sha256=HEX or NAME:ROLE:file=PATH, such as "
       "ci:viewer:file=/run/secrets/ci_token (",
       why, ")"});
}

bool IsRole(std::string_view text) {
  return text == "viewer" || text == "operator" || text == "admin";
}

// Takes ":offices=a|b" off the end of `text`. False: there is one without a name in it.
bool TakeOffices(std::string_view* text, std::vector<std::string>* offices) {
  const size_t at = text->find(kOffices);
  if (at == std::string_view::npos) return true;
  std::string_view list = text->substr(at + kOffices.size());
  *text = text->substr(0, at);
  while (true) {
    const size_t bar = list.find('|');
    if (bar == 0 || list.empty()) return false;
    offices->emplace_back(list.substr(0, bar));
    if (bar == std::string_view::npos) return true;
    list.remove_prefix(bar + 1);
  }
}

}  // namespace

absl::StatusOr<ControlToken> ParseControlToken(std::string_view text) {
  ControlToken token;
  if (!TakeOffices(&text, &token.offices)) return WrongToken("an office is empty");
  const size_t first = text.find(':');
  const size_t second = first == std::string_view::npos ? first : text.find(':', first + 1);
  if (second == std::string_view::npos || first == 0) return WrongToken("three parts are needed");
  token.name = text.substr(0, first);
  token.role = text.substr(first + 1, second - first - 1);
  const std::string_view rest = text.substr(second + 1);
  if (!IsRole(token.role)) return WrongToken("the role is viewer, operator or admin");
  if (rest.starts_with("file=") && rest.size() > 5) {
    token.file = rest.substr(5);
    return token;
  }
  if (!rest.starts_with("sha256=")) return WrongToken("the third part is sha256=... or file=...");
  token.sha256 = Lower(rest.substr(7));
  const bool digits = std::all_of(token.sha256.begin(), token.sha256.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
  });
  if (token.sha256.size() != kSha256Digits || !digits) {
    return WrongToken("a SHA-256 has 64 hexadecimal digits: printf %s TOKEN | sha256sum");
  }
  return token;
}

absl::StatusOr<SanRole> ParseSanRole(std::string_view text) {
  constexpr std::string_view kForm =
      "expected SAN=ROLE, such as spiffe://example.org/ops=admin, role viewer, operator or admin";
  SanRole role;
  if (!TakeOffices(&text, &role.offices)) return Invalid({kForm, " (an office is empty)"});
  const size_t equals = text.rfind('=');
  if (equals == std::string_view::npos || equals == 0) return Invalid({kForm});
  role.san = text.substr(0, equals);
  role.role = text.substr(equals + 1);
  if (!IsRole(role.role)) return Invalid({kForm, ", found ", Quoted(text)});
  return role;
}

}  // namespace smcp::config
