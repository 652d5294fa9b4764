// `*` (any run, also empty) and `?` (one byte) over a whole text. Linear memory-free backtracking
// over one star at a time: O(text x pattern) at worst. Thread rule: pure, any thread.
#pragma once

#include <string_view>

namespace smcp::control {

inline bool GlobMatches(std::string_view pattern, std::string_view text) {
  size_t p = 0;
  size_t t = 0;
  size_t star = std::string_view::npos;  // the last one seen
  size_t after = 0;                      // where the text that it does not cover begins
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      after = t;
    } else if (p < pattern.size() && (pattern[p] == '?' || pattern[p] == text[t])) {
      ++p;
      ++t;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      t = ++after;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

}  // namespace smcp::control
