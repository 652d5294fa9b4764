// What a server wrote to a websocket, taken apart by hand: the product's decoder reads the frames
// of clients only.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/codec/ws_frame.h"

namespace smcp::test {

// Takes the whole frames off the front of `bytes`, each as one line: a text frame as its text, a
// binary one as `bin:` and its bytes, a Close as `close:1000` (`close:` without a code), a Ping and
// a Pong as `ping:` and `pong:`. What cannot be a frame of a server is `bad:`.
inline std::vector<std::string> TakeFrames(std::string* bytes) {
  std::vector<std::string> lines;
  const auto at = [bytes](size_t i) { return static_cast<uint8_t>((*bytes)[i]); };
  while (bytes->size() >= 2) {
    size_t size = at(1) & 0x7f;
    size_t head = 2;
    const size_t extra = size == 126 ? 2 : size == 127 ? 8 : 0;
    if (bytes->size() < head + extra) break;
    if (extra != 0) size = 0;
    for (size_t i = 0; i < extra; ++i) size = (size << 8) | at(head + i);
    head += extra;
    if (bytes->size() < head + size) break;
    const bool masked = (at(1) & 0x80) != 0;
    const auto opcode = static_cast<ws::Opcode>(at(0) & 0x0f);
    const std::string data = bytes->substr(head, size);
    if (masked || (at(0) & 0xf0) != 0x80) {
      lines.push_back("bad:");
    } else if (opcode == ws::Opcode::kText) {
      lines.push_back(data);
    } else if (opcode == ws::Opcode::kBinary) {
      lines.push_back("bin:" + data);
    } else if (opcode == ws::Opcode::kClose) {
      const int code = size < 2 ? 0 : at(head) << 8 | at(head + 1);
      lines.push_back(size < 2 ? "close:" : "close:" + std::to_string(code));
    } else {
      lines.push_back((opcode == ws::Opcode::kPing ? "ping:" : "pong:") + data);
    }
    bytes->erase(0, head + size);
  }
  return lines;
}

}  // namespace smcp::test
