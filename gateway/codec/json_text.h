// Single JSON strings and numbers: from wire text to values and back.
// Sans-IO, never throws; any thread. Inputs to the readers have passed json::Index.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace smcp::json {

// What a string's inner text spells, as UTF-8. False for a lone surrogate, which UTF-8 cannot hold.
bool Unescape(std::string_view inner, std::string* out);
// True if the inner text spells exactly `plain`; no allocation.
bool Spells(std::string_view inner, std::string_view plain);
// Appends `utf8` as a quoted string: escapes the quote, the backslash and control characters only.
void AppendQuoted(std::string* out, std::string_view utf8);
std::string Quoted(std::string_view utf8);
// The number if it is integral ("3", "3.0", "3e0") and fits; nothing otherwise.
std::optional<int64_t> ReadInteger(std::string_view number);

}  // namespace smcp::json
