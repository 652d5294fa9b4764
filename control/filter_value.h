// Literals of the filter language. Thread rule: pure, any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace smcp::control {

std::optional<int64_t> ParseNumber(std::string_view text);
// RFC 3339 with Z or an offset; Unix milliseconds.
std::optional<int64_t> ParseTime(std::string_view text);
// "1h30m", "90s", "250ms", "2d", "1.5" (seconds); milliseconds.
std::optional<int64_t> ParseDuration(std::string_view text);

}  // namespace smcp::control
