#include "gateway/codec/base64.h"

#include <array>

namespace smcp::base64 {
namespace {

constexpr std::string_view kStandard =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::string_view kUrl =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
// Above every digit, so that one comparison finds a bad character among four.
constexpr uint8_t kBad = 0xff;

using Digits = std::array<uint8_t, 256>;

constexpr Digits MakeDigits(std::string_view alphabet) {
  Digits digits{};
  digits.fill(kBad);
  for (size_t i = 0; i < alphabet.size(); ++i) {
    digits[static_cast<uint8_t>(alphabet[i])] = static_cast<uint8_t>(i);
  }
  return digits;
}

constexpr Digits kStandardDigits = MakeDigits(kStandard);
constexpr Digits kUrlDigits = MakeDigits(kUrl);

uint32_t Byte(char c) { return static_cast<uint8_t>(c); }

// Appends the digits of `bytes`, without padding.
void AppendDigits(std::string* out, std::string_view bytes, std::string_view alphabet) {
  const size_t start = out->size();
  out->resize(start + (bytes.size() * 4 + 2) / 3);
  char* to = out->data() + start;
  const char* from = bytes.data();
  const auto put = [&](uint32_t word, int shift) { *to++ = alphabet[(word >> shift) & 63]; };
  size_t left = bytes.size();
  for (; left >= 3; left -= 3, from += 3) {
    const uint32_t word = Byte(from[0]) << 16 | Byte(from[1]) << 8 | Byte(from[2]);
    put(word, 18);
    put(word, 12);
    put(word, 6);
    put(word, 0);
  }
  if (left == 0) return;
  const uint32_t word = Byte(from[0]) << 16 | (left == 2 ? Byte(from[1]) << 8 : 0);
  put(word, 18);
  put(word, 12);
  if (left == 2) put(word, 6);
}

// Decodes unpadded `text` to `to`, which has room for text.size() * 3 / 4 bytes. `*spare` gets the
// bits of the last digit that belong to no byte.
bool DecodeDigits(std::string_view text, const Digits& digits, char* to, uint32_t* spare) {
  const auto digit = [&](size_t i) { return uint32_t{digits[static_cast<uint8_t>(text[i])]}; };
  *spare = 0;
  size_t i = 0;
  for (; i + 4 <= text.size(); i += 4) {
    const uint32_t a = digit(i), b = digit(i + 1), c = digit(i + 2), d = digit(i + 3);
    if ((a | b | c | d) > 63) return false;
    const uint32_t word = a << 18 | b << 12 | c << 6 | d;
    *to++ = static_cast<char>(word >> 16);
    *to++ = static_cast<char>(word >> 8);
    *to++ = static_cast<char>(word);
  }
  const size_t left = text.size() - i;
  if (left == 0) return true;
  if (left == 1) return false;
  const uint32_t a = digit(i), b = digit(i + 1), c = left == 3 ? digit(i + 2) : 0;
  if ((a | b | c) > 63) return false;
  *to++ = static_cast<char>(a << 2 | b >> 4);
  if (left == 3) *to++ = static_cast<char>(b << 4 | c >> 2);
  *spare = left == 3 ? c & 3 : b & 15;
  return true;
}

}  // namespace

void Append(std::string* out, std::string_view bytes) {
  AppendDigits(out, bytes, kStandard);
  out->append((3 - bytes.size() % 3) % 3, '=');
}

bool Decode(std::string_view text, std::string* out) {
  if (!text.empty() && text.back() == '=') {
    if (text.size() % 4 != 0) return false;
    text.remove_suffix(text[text.size() - 2] == '=' ? 2 : 1);
  }
  out->resize(text.size() * 3 / 4);
  uint32_t spare = 0;  // ignored, as by the clients' own decoders
  return DecodeDigits(text, kStandardDigits, out->data(), &spare);
}

std::string EncodeUrl(std::span<const uint8_t> bytes) {
  std::string out;
  AppendDigits(&out, {reinterpret_cast<const char*>(bytes.data()), bytes.size()}, kUrl);
  return out;
}

bool DecodeUrl(std::string_view text, std::span<uint8_t> out) {
  if (text.size() != (out.size() * 4 + 2) / 3) return false;
  uint32_t spare = 0;
  return DecodeDigits(text, kUrlDigits, reinterpret_cast<char*>(out.data()), &spare) && spare == 0;
}

}  // namespace smcp::base64
