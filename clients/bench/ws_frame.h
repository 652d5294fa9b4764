// WebSocket frames as a client sees them (RFC 6455): sent masked, received plain. No extensions.
// Works on bytes only; any thread with its own MaskKeys.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

namespace smcp_bench {

enum class Opcode : uint8_t {
  kContinuation = 0,
  kText = 1,
  kBinary = 2,
  kClose = 8,
  kPing = 9,
  kPong = 10,
};

// A key per frame, from xorshift seeded by the kernel. Unpredictable enough for a load generator
// that talks to no proxy; section 5.3 asks for more of a browser.
class MaskKeys {
 public:
  MaskKeys();
  uint32_t Next();

 private:
  uint64_t state_;
};

// XORs in place, byte i with byte i % 4 of the key.
void Mask(char* data, size_t size, uint32_t key);

// Appends one masked frame whose payload is the parts, one after the other.
void AppendFrame(std::string* out, Opcode opcode, std::initializer_list<std::string_view> parts,
                 uint32_t key);

struct Frame {
  Opcode opcode = Opcode::kText;
  bool final = true;
  std::string_view payload;
};

enum class FrameRead { kFrame, kIncomplete, kBroken };

// Reads the frame at the start of `bytes`; `*size` becomes its length on the wire. A masked frame,
// reserved bits and lengths above `max_payload` are broken.
FrameRead ReadFrame(std::string_view bytes, size_t max_payload, Frame* frame, size_t* size);

}  // namespace smcp_bench
