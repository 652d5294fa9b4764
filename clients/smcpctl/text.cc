#include "clients/smcpctl/text.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>

namespace smcpctl {
namespace {

constexpr std::string_view kEllipsis = "…";

struct Range {
  uint32_t first;
  uint32_t last;
};

constexpr std::array kWide{
    Range{0x1100, 0x115F},   Range{0x2E80, 0x303E},   Range{0x3041, 0xA4CF},
    Range{0xA960, 0xA97C},   Range{0xAC00, 0xD7A3},   Range{0xF900, 0xFAFF},
    Range{0xFE30, 0xFE6F},   Range{0xFF00, 0xFF60},   Range{0xFFE0, 0xFFE6},
    Range{0x1F300, 0x1F64F}, Range{0x1F680, 0x1F6FF}, Range{0x1F900, 0x1FAFF},
    Range{0x20000, 0x3FFFD}};
constexpr std::array kNoWidth{Range{0x0300, 0x036F}, Range{0x0483, 0x0489}, Range{0x0591, 0x05BD},
                              Range{0x1AB0, 0x1AFF}, Range{0x200B, 0x200D}, Range{0x20D0, 0x20FF},
                              Range{0xFE00, 0xFE0F}, Range{0xFE20, 0xFE2F}};
// C0, DEL and C1; marks that reorder or break lines; the byte order mark.
constexpr std::array kDangerous{
    Range{0x00, 0x1F},     Range{0x7F, 0x9F},     Range{0x061C, 0x061C},
    Range{0x200E, 0x200F}, Range{0x2028, 0x202E}, Range{0x2060, 0x206F},
    Range{0xFEFF, 0xFEFF}, Range{0xFFF9, 0xFFFB}, Range{0xE0000, 0xE007F}};

template <size_t N>
bool In(const std::array<Range, N>& ranges, uint32_t point) {
  return std::any_of(ranges.begin(), ranges.end(),
                     [point](Range r) { return point >= r.first && point <= r.last; });
}

struct Decoded {
  uint32_t point = 0;
  size_t bytes = 1;
  bool valid = false;
};

Decoded Decode(std::string_view text) {
  const auto at = [text](size_t i) { return static_cast<uint8_t>(text[i]); };
  const uint8_t lead = at(0);
  if (lead < 0x80) return {lead, 1, true};
  const size_t bytes = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : lead >= 0xC2 ? 2 : 0;
  if (bytes == 0 || lead > 0xF4 || text.size() < bytes) return {lead, 1, false};
  uint32_t point = lead & (0xFFU >> (bytes + 1));
  for (size_t i = 1; i < bytes; ++i) {
    if ((at(i) & 0xC0U) != 0x80U) return {lead, 1, false};
    point = (point << 6U) | (at(i) & 0x3FU);
  }
  constexpr std::array<uint32_t, 5> kLeast{0, 0, 0x80, 0x800, 0x10000};
  if (point < kLeast[bytes] || point > 0x10FFFF || (point >= 0xD800 && point <= 0xDFFF)) {
    return {lead, 1, false};
  }
  return {point, bytes, true};
}

size_t WidthOf(uint32_t point) {
  if (point < 0x300) return 1;
  if (In(kNoWidth, point)) return 0;
  return In(kWide, point) ? 2 : 1;
}

std::string Escape(Decoded c) {
  switch (c.valid ? c.point : 0x100) {
    case '\n':
      return "\\n";
    case '\r':
      return "\\r";
    case '\t':
      return "\\t";
    default:
      break;
  }
  char out[16];
  const char* format = c.point < 0x100 ? "\\x%02x" : c.point < 0x10000 ? "\\u%04x" : "\\U%08x";
  std::snprintf(out, sizeof out, format, c.point);
  return out;
}

// The longest start, or end, of `text` that is at most `width` columns wide.
std::string_view Head(std::string_view text, size_t width) {
  size_t end = 0;
  for (size_t used = 0; end < text.size();) {
    const Decoded c = Decode(text.substr(end));
    used += WidthOf(c.point);
    if (used > width) break;
    end += c.bytes;
  }
  return text.substr(0, end);
}

std::string_view Tail(std::string_view text, size_t width) {
  size_t left = Width(text);
  while (left > width) {
    const Decoded c = Decode(text);
    left -= WidthOf(c.point);
    text.remove_prefix(c.bytes);
  }
  return text;
}

}  // namespace

std::string Printable(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const Decoded c = Decode(text);
    if (c.valid && !In(kDangerous, c.point)) {
      out += text.substr(0, c.bytes);
    } else {
      out += Escape(c);
    }
    text.remove_prefix(c.bytes);
  }
  return out;
}

size_t Width(std::string_view text) {
  size_t width = 0;
  while (!text.empty()) {
    const Decoded c = Decode(text);
    width += WidthOf(c.point);
    text.remove_prefix(c.bytes);
  }
  return width;
}

std::string CutEnd(std::string_view text, size_t width) {
  if (Width(text) <= width) return std::string(text);
  if (width == 0) return "";
  return std::string(Head(text, width - 1)).append(kEllipsis);
}

std::string CutMiddle(std::string_view text, size_t width) {
  if (Width(text) <= width) return std::string(text);
  if (width < 3) return CutEnd(text, width);
  const size_t tail = (width - 1) / 2;
  return std::string(Head(text, width - 1 - tail)).append(kEllipsis).append(Tail(text, tail));
}

std::string PadRight(std::string text, size_t width) {
  const size_t has = Width(text);
  return has < width ? text.append(width - has, ' ') : text;
}

std::string PadLeft(std::string text, size_t width) {
  const size_t has = Width(text);
  return has < width ? text.insert(0, width - has, ' ') : text;
}

std::string Join(const std::vector<std::string>& parts, std::string_view separator) {
  std::string out;
  for (const std::string& part : parts) {
    if (!out.empty()) out += separator;
    out += part;
  }
  return out;
}

}  // namespace smcpctl
