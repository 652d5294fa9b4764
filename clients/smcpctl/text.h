// Text that is shown in a terminal: made harmless, measured, cut, padded.
//
// Names, tool names and user agents are chosen by clients, so nothing of theirs may move the
// cursor, change colours or turn the reading direction. Units: width is terminal columns; wide East
// Asian characters and emoji take two.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace smcpctl {

// Control characters, direction marks, line separators and bytes that are not UTF-8 become \n, \x1b
// or \u202e; everything else stays as it is.
std::string Printable(std::string_view text);

// Of a text that Printable has passed.
size_t Width(std::string_view text);

// At most `width` columns; what is left out shows as one "…", at the end or in the middle.
std::string CutEnd(std::string_view text, size_t width);
std::string CutMiddle(std::string_view text, size_t width);

std::string PadRight(std::string text, size_t width);
std::string PadLeft(std::string text, size_t width);

std::string Join(const std::vector<std::string>& parts, std::string_view separator);

}  // namespace smcpctl
