// Small functions on text that the configuration needs: durations, addresses, format rules,
// quoting. Thread rule: pure functions. Units: durations are whole milliseconds. Errors: a result
// that is not ok carries one clause ("expected ..., found ...") to which the caller adds place and
// key.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "gateway/base/clock.h"
#include "smcp/config/v1/config.pb.h"

namespace smcp::config {

std::string Concat(std::initializer_list<std::string_view> parts);
absl::Status Invalid(std::initializer_list<std::string_view> parts);

// "25s", "0.3s", "300ms", "1m", "2h": one number, one unit, nothing finer than a millisecond.
absl::StatusOr<Millis> ParseDuration(std::string_view text);
// Whole seconds and fractions of them: "25s", "0.3s".
std::string FormatDuration(Millis duration);

absl::StatusOr<uint64_t> ParseCount(std::string_view text);

struct HostPort {
  std::string
      host;  // without the brackets of an IPv6 address; may be a name that is to be resolved
  uint16_t port = 0;
};
absl::StatusOr<HostPort> ParseAddress(std::string_view text);

absl::Status CheckFormat(v1::TextFormat format, std::string_view text);

// Items between commas, without the spaces around them. Nothing in, nothing out.
std::vector<std::string> SplitList(std::string_view text);

// In double quotes, on one line and of bounded length whatever the input: for error messages.
std::string Quoted(std::string_view text);
// As it is if that is harmless in a message, else quoted: for names that a stranger chose.
std::string Printable(std::string_view name);
// As a YAML scalar that every YAML reader takes for text: plain where that is safe, else quoted.
std::string YamlText(std::string_view text);

// ASCII only.
std::string Lower(std::string_view text);
std::string Upper(std::string_view text);

}  // namespace smcp::config
