// The bytes of the yardstick: WebSocket frames in place, the opening handshake, fields by
// substring.
//
// Thread rule: free functions without state. Units: bytes. Errors: kBroken, an empty string, or an
// empty view; the caller drops the connection. Nothing here validates: no UTF-8, no JSON, no
// reserved bits (RFC 6455 section 5.2 is read as far as whole, masked frames need it).
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace smcp::yardstick {

inline constexpr unsigned kText = 1;
inline constexpr unsigned kClose = 8;
inline constexpr unsigned kPing = 9;
inline constexpr unsigned kPong = 10;

enum class FrameState { kWhole, kIncomplete, kBroken };

struct Frame {
  unsigned opcode = 0;
  std::string_view body;
  std::size_t size = 0;  // of the whole frame, header included
};

// Reads one frame of a client at `data` and unmasks its body where it lies.
FrameState ReadFrame(char* data, std::size_t size, Frame* frame);

// A frame of the server whose body is the concatenation of both parts.
void AppendFrame(unsigned opcode, std::string_view head, std::string_view tail, std::string* out);

// The 101 answer to an upgrade request; empty if the request is none.
std::string UpgradeAnswer(std::string_view request);

// The string that follows the first `"key":` in `json`, as its bytes stand there. `quoted_key`
// carries its quotes.
std::string_view StringAfter(std::string_view json, std::string_view quoted_key);

}  // namespace smcp::yardstick
