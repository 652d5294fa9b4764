#include "clients/bench/ws_frame.h"

#include <sys/random.h>

#include <array>
#include <cstring>

#include "clients/bench/clock.h"

namespace smcp_bench {

MaskKeys::MaskKeys() : state_(0) {
  if (getrandom(&state_, sizeof state_, GRND_NONBLOCK) != sizeof state_ || state_ == 0) {
    state_ = static_cast<uint64_t>(NowNs()) | 1;
  }
}

uint32_t MaskKeys::Next() {
  state_ ^= state_ << 13;
  state_ ^= state_ >> 7;
  state_ ^= state_ << 17;
  return static_cast<uint32_t>(state_ >> 32);
}

void Mask(char* data, size_t size, uint32_t key) {
  const uint64_t wide = (uint64_t{key} << 32) | key;
  size_t i = 0;
  for (; i + 32 <= size; i += 32) {
    std::array<uint64_t, 4> words;
    std::memcpy(words.data(), data + i, 32);
    for (uint64_t& word : words) word ^= wide;
    std::memcpy(data + i, words.data(), 32);
  }
  for (; i + 8 <= size; i += 8) {
    uint64_t word = 0;
    std::memcpy(&word, data + i, 8);
    word ^= wide;
    std::memcpy(data + i, &word, 8);
  }
  std::array<char, 4> bytes{};
  std::memcpy(bytes.data(), &key, 4);
  for (; i < size; ++i) data[i] = static_cast<char>(data[i] ^ bytes[i % 4]);
}

void AppendFrame(std::string* out, Opcode opcode, std::initializer_list<std::string_view> parts,
                 uint32_t key) {
  size_t size = 0;
  for (std::string_view part : parts) size += part.size();

  std::array<char, 14> header{};
  header[0] = static_cast<char>(0x80 | static_cast<unsigned>(opcode));
  size_t length = 2;
  if (size < 126) {
    header[1] = static_cast<char>(0x80 | size);
  } else {
    const size_t bytes = size < 65536 ? 2 : 8;
    header[1] = static_cast<char>(0x80 | (bytes == 2 ? 126 : 127));
    for (size_t i = 0; i < bytes; ++i) {
      header[length + i] = static_cast<char>((size >> (8 * (bytes - 1 - i))) & 0xff);
    }
    length += bytes;
  }
  std::memcpy(header.data() + length, &key, 4);
  length += 4;

  out->append(header.data(), length);
  const size_t start = out->size();
  for (std::string_view part : parts) out->append(part);
  Mask(out->data() + start, size, key);
}

FrameRead ReadFrame(std::string_view bytes, size_t max_payload, Frame* frame, size_t* size) {
  if (bytes.size() < 2) return FrameRead::kIncomplete;
  const auto first = static_cast<uint8_t>(bytes[0]);
  const auto second = static_cast<uint8_t>(bytes[1]);
  if ((first & 0x70) != 0 || (second & 0x80) != 0) return FrameRead::kBroken;

  size_t header = 2;
  uint64_t length = second;
  if (length >= 126) {
    const size_t wide = length == 126 ? 2 : 8;
    if (bytes.size() < 2 + wide) return FrameRead::kIncomplete;
    length = 0;
    for (size_t i = 0; i < wide; ++i) length = (length << 8) | static_cast<uint8_t>(bytes[2 + i]);
    header += wide;
  }
  if (length > max_payload) return FrameRead::kBroken;
  if (bytes.size() - header < length) return FrameRead::kIncomplete;
  frame->opcode = static_cast<Opcode>(first & 0x0f);
  frame->final = (first & 0x80) != 0;
  frame->payload = bytes.substr(header, length);
  *size = header + length;
  return FrameRead::kFrame;
}

}  // namespace smcp_bench
