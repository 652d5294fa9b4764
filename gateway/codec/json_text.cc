#include "gateway/codec/json_text.h"

#include <algorithm>
#include <limits>

#include "gateway/codec/chars.h"

namespace smcp::json {
namespace {

// Longest spelling of one byte of plain text: \u00xx.
constexpr size_t kEscapeGrowthMax = 6;

bool TakeHex4(std::string_view* rest, uint32_t* unit) {
  if (rest->size() < 4) return false;
  *unit = 0;
  for (size_t i = 0; i < 4; ++i) {
    const int digit = chars::HexDigit((*rest)[i]);
    if (digit < 0) return false;
    *unit = *unit << 4 | static_cast<uint32_t>(digit);
  }
  rest->remove_prefix(4);
  return true;
}

// Behind "\u": one code point, from one or two UTF-16 units. False for a lone surrogate.
bool TakeCodePoint(std::string_view* rest, uint32_t* code_point) {
  uint32_t high = 0;
  if (!TakeHex4(rest, &high)) return false;
  *code_point = high;
  if (high < 0xd800 || high > 0xdfff) return true;
  uint32_t low = 0;
  if (high > 0xdbff || !rest->starts_with("\\u")) return false;
  rest->remove_prefix(2);
  if (!TakeHex4(rest, &low) || low < 0xdc00 || low > 0xdfff) return false;
  *code_point = 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
  return true;
}

// Takes the escape at the front of *rest; its UTF-8 goes to `out`. 0 bytes: not an escape.
size_t TakeEscape(std::string_view* rest, char out[4]) {
  if (rest->size() < 2) return 0;
  const char letter = (*rest)[1];
  rest->remove_prefix(2);
  switch (letter) {
    case '"':
    case '\\':
    case '/':
      out[0] = letter;
      return 1;
    case 'b':
      out[0] = '\b';
      return 1;
    case 'f':
      out[0] = '\f';
      return 1;
    case 'n':
      out[0] = '\n';
      return 1;
    case 'r':
      out[0] = '\r';
      return 1;
    case 't':
      out[0] = '\t';
      return 1;
    case 'u': {
      uint32_t code_point = 0;
      return TakeCodePoint(rest, &code_point) ? chars::ToUtf8(code_point, out) : 0;
    }
    default:
      return 0;
  }
}

// Calls sink(piece) with the pieces of what `inner` spells; false if it or the sink says no.
template <typename Sink>
bool Decode(std::string_view inner, const Sink& sink) {
  for (;;) {
    const size_t at = inner.find('\\');
    if (!sink(inner.substr(0, at))) return false;
    if (at == std::string_view::npos) return true;
    inner.remove_prefix(at);
    char utf8[4];
    const size_t size = TakeEscape(&inner, utf8);
    if (size == 0 || !sink(std::string_view(utf8, size))) return false;
  }
}

}  // namespace

bool Unescape(std::string_view inner, std::string* out) {
  out->clear();
  return Decode(inner, [out](std::string_view piece) {
    out->append(piece);
    return true;
  });
}

bool Spells(std::string_view inner, std::string_view plain) {
  // An escape is always longer than what it stands for, so equal sizes leave only equal texts.
  if (inner.size() < plain.size()) return false;
  if (inner.size() == plain.size()) {
    return inner == plain && inner.find('\\') == std::string_view::npos;
  }
  if (inner.size() > plain.size() * kEscapeGrowthMax) return false;
  return Decode(inner,
                [&plain](std::string_view piece) {
                  if (!plain.starts_with(piece)) return false;
                  plain.remove_prefix(piece.size());
                  return true;
                }) &&
         plain.empty();
}

void AppendQuoted(std::string* out, std::string_view utf8) {
  static constexpr char kHex[] = "0123456789abcdef";
  out->push_back('"');
  size_t done = 0;
  for (size_t i = 0; i < utf8.size(); ++i) {
    const auto byte = static_cast<uint8_t>(utf8[i]);
    if (byte >= 0x20 && byte != '"' && byte != '\\') continue;
    out->append(utf8, done, i - done);
    done = i + 1;
    out->push_back('\\');
    switch (byte) {
      case '\b':
        out->push_back('b');
        break;
      case '\f':
        out->push_back('f');
        break;
      case '\n':
        out->push_back('n');
        break;
      case '\r':
        out->push_back('r');
        break;
      case '\t':
        out->push_back('t');
        break;
      case '"':
      case '\\':
        out->push_back(utf8[i]);
        break;
      default:
        out->append("u00");
        out->push_back(kHex[byte >> 4]);
        out->push_back(kHex[byte & 15]);
    }
  }
  out->append(utf8, done);
  out->push_back('"');
}

std::string Quoted(std::string_view utf8) {
  std::string out;
  out.reserve(utf8.size() + 2);
  AppendQuoted(&out, utf8);
  return out;
}

std::optional<int64_t> ReadInteger(std::string_view number) {
  const bool negative = number.starts_with('-');
  if (negative) number.remove_prefix(1);
  const size_t e = number.find_first_of("eE");
  const std::string_view mantissa = number.substr(0, e);
  int64_t exponent = 0;
  if (e != std::string_view::npos) {
    std::string_view digits = number.substr(e + 1);
    const bool down = digits.starts_with('-');
    if (down || digits.starts_with('+')) digits.remove_prefix(1);
    // Saturated far beyond what any mantissa of our sizes could make up for.
    constexpr int64_t kExponentMax = int64_t{1} << 40;
    for (const char c : digits) exponent = std::min(exponent * 10 + (c - '0'), kExponentMax);
    if (down) exponent = -exponent;
  }
  // The value is the mantissa's digits without the dot, times ten to the `exponent`.
  const size_t dot = mantissa.find('.');
  if (dot != std::string_view::npos) exponent -= static_cast<int64_t>(mantissa.size() - dot - 1);
  const size_t last = mantissa.find_last_not_of("0.");
  if (last == std::string_view::npos) return 0;

  constexpr uint64_t kMagnitudeMax = uint64_t{1} << 63;
  uint64_t magnitude = 0;
  const auto push = [&magnitude](uint64_t digit) {
    if (magnitude > (kMagnitudeMax - digit) / 10) return false;
    magnitude = magnitude * 10 + digit;
    return true;
  };
  for (size_t i = 0; i < mantissa.size(); ++i) {
    if (mantissa[i] == '.') continue;
    // Zeros at the end go to the exponent first: "10e-1" is integral.
    if (i > last) {
      ++exponent;
    } else if (!push(static_cast<uint64_t>(mantissa[i] - '0'))) {
      return std::nullopt;
    }
  }
  if (exponent < 0) return std::nullopt;
  for (; exponent > 0; --exponent) {
    if (!push(0)) return std::nullopt;
  }
  if (magnitude == kMagnitudeMax) {
    if (!negative) return std::nullopt;
    return std::numeric_limits<int64_t>::min();
  }
  const auto value = static_cast<int64_t>(magnitude);
  return negative ? -value : value;
}

}  // namespace smcp::json
