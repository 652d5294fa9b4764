// ASCII classes and UTF-8 output shared by the codecs; the C library's depend on the locale.
// Never throws; any thread.
#pragma once

#include <cstdint>
#include <string>

namespace smcp::chars {

inline bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// 0 to 15, or -1.
inline int HexDigit(char c) {
  if (IsDigit(c)) return c - '0';
  const char lower = static_cast<char>(c | 0x20);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

// A code point other than a surrogate; at most four bytes. Returns how many.
inline size_t ToUtf8(uint32_t code_point, char out[4]) {
  const auto tail = [code_point](int shift) {
    return static_cast<char>(0x80 | ((code_point >> shift) & 0x3f));
  };
  if (code_point < 0x80) {
    out[0] = static_cast<char>(code_point);
    return 1;
  }
  if (code_point < 0x800) {
    out[0] = static_cast<char>(0xc0 | (code_point >> 6));
    out[1] = tail(0);
    return 2;
  }
  if (code_point < 0x10000) {
    out[0] = static_cast<char>(0xe0 | (code_point >> 12));
    out[1] = tail(6);
    out[2] = tail(0);
    return 3;
  }
  out[0] = static_cast<char>(0xf0 | (code_point >> 18));
  out[1] = tail(12);
  out[2] = tail(6);
  out[3] = tail(0);
  return 4;
}

}  // namespace smcp::chars
