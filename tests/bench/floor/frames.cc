#include "tests/bench/floor/frames.h"

#include <openssl/evp.h>
#include <openssl/sha.h>

#include <array>
#include <cstdint>
#include <cstring>

namespace smcp::yardstick {
namespace {

constexpr std::size_t kMaskBytes = 4;
constexpr unsigned kLength16 = 126;
constexpr unsigned kLength64 = 127;

std::uint64_t BigEndian(const char* data, std::size_t bytes) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < bytes; ++i) {
    value = value << 8 | static_cast<unsigned char>(data[i]);
  }
  return value;
}

void Unmask(char* data, std::size_t size, const char* mask) {
  using Block [[gnu::vector_size(32)]] = std::uint32_t;
  std::uint32_t word = 0;
  std::memcpy(&word, mask, sizeof word);
  const Block key = Block{} + word;
  std::size_t i = 0;
  for (; i + sizeof key <= size; i += sizeof key) {
    Block block;
    std::memcpy(&block, data + i, sizeof block);
    block ^= key;
    std::memcpy(data + i, &block, sizeof block);
  }
  for (; i < size; ++i) data[i] = static_cast<char>(data[i] ^ mask[i % kMaskBytes]);
}

std::string_view Search(std::string_view text, std::string_view what) {
  const void* found = memmem(text.data(), text.size(), what.data(), what.size());
  if (found == nullptr) return {};
  return text.substr(static_cast<std::size_t>(static_cast<const char*>(found) - text.data()));
}

}  // namespace

FrameState ReadFrame(char* data, std::size_t size, Frame* frame) {
  if (size < 2) return FrameState::kIncomplete;
  const auto first = static_cast<unsigned char>(data[0]);
  const auto second = static_cast<unsigned char>(data[1]);
  const bool final = (first & 0x80U) != 0;
  const bool masked = (second & 0x80U) != 0;
  if (!final || !masked) return FrameState::kBroken;
  std::uint64_t length = second & 0x7FU;
  std::size_t header = 2;
  const std::size_t extended = length == kLength16 ? 2 : length == kLength64 ? 8 : 0;
  if (size < header + extended + kMaskBytes) return FrameState::kIncomplete;
  if (extended != 0) length = BigEndian(data + header, extended);
  header += extended + kMaskBytes;
  if (length > size - header) return FrameState::kIncomplete;
  Unmask(data + header, length, data + header - kMaskBytes);
  frame->opcode = first & 0x0FU;
  frame->body = {data + header, length};
  frame->size = header + length;
  return FrameState::kWhole;
}

void AppendFrame(unsigned opcode, std::string_view head, std::string_view tail, std::string* out) {
  const std::size_t length = head.size() + tail.size();
  std::array<char, 10> header{};
  std::size_t used = 2;
  header[0] = static_cast<char>(0x80U | opcode);
  if (length < kLength16) {
    header[1] = static_cast<char>(length);
  } else {
    const std::size_t extended = length <= 0xFFFF ? 2 : 8;
    header[1] = static_cast<char>(extended == 2 ? kLength16 : kLength64);
    for (std::size_t i = 0; i < extended; ++i) {
      header[used + i] = static_cast<char>(length >> (8 * (extended - 1 - i)) & 0xFFU);
    }
    used += extended;
  }
  out->append(header.data(), used).append(head).append(tail);
}

std::string UpgradeAnswer(std::string_view request) {
  // The names of headers are compared without regard to case, and the request ends with a NUL here.
  constexpr std::string_view kHeader = "\r\nSec-WebSocket-Key:";
  const std::string text(request);
  const char* found = strcasestr(text.c_str(), kHeader.data());
  if (found == nullptr) return {};
  found += kHeader.size();
  while (*found == ' ') ++found;
  const std::size_t length = std::strcspn(found, " \r\n");
  const std::string key = std::string(found, length) + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
  std::array<unsigned char, SHA_DIGEST_LENGTH> digest{};
  SHA1(reinterpret_cast<const unsigned char*>(key.data()), key.size(), digest.data());
  std::array<unsigned char, 4 * ((SHA_DIGEST_LENGTH + 2) / 3) + 1> accept{};
  EVP_EncodeBlock(accept.data(), digest.data(), static_cast<int>(digest.size()));
  return std::string(
             "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
             "Sec-WebSocket-Accept: ") +
         reinterpret_cast<const char*>(accept.data()) + "\r\n\r\n";
}

std::string_view StringAfter(std::string_view json, std::string_view quoted_key) {
  std::string_view rest = Search(json, quoted_key);
  if (rest.empty()) return {};
  rest.remove_prefix(quoted_key.size());
  const std::size_t open = rest.find('"');
  if (open == std::string_view::npos) return {};
  rest.remove_prefix(open + 1);
  const std::size_t close = rest.find('"');
  return close == std::string_view::npos ? std::string_view() : rest.substr(0, close);
}

}  // namespace smcp::yardstick
