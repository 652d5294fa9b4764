// RFC 6455 frames, server side: decoding and unmasking in place, fragments, control frames, UTF-8.
//
// Sans-IO; never throws. A Decoder belongs to one connection and lives on its shard; between
// messages it owns nothing on the heap. Extensions are never negotiated, so every RSV bit is an
// error.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace smcp::ws {

enum class Opcode : uint8_t {
  kContinuation = 0,
  kText = 1,
  kBinary = 2,
  kClose = 8,
  kPing = 9,
  kPong = 10,
};

// Close codes that we send (RFC 6455 7.4.1).
enum class CloseCode : uint16_t {
  kNone = 0,
  kNormal = 1000,
  kGoingAway = 1001,
  kProtocolError = 1002,
  kBadUtf8 = 1007,
  kPolicy = 1008,
  kTooBig = 1009,
};

class Decoder {
 public:
  enum class Status : uint8_t {
    kMessage,   // a whole text or binary message, or a control frame
    kNeedMore,  // keep what was not consumed and call again with more bytes behind it
    kError,     // close with `error`; the decoder must not be used again
  };
  struct Result {
    Status status = Status::kNeedMore;
    Opcode opcode = Opcode::kText;  // kText, kBinary, kClose, kPing, kPong
    std::string_view data;          // into the input or the decoder; valid until the next call
    CloseCode error = CloseCode::kNone;
    size_t consumed = 0;  // bytes at the front of the input that are done with
    size_t missing = 0;   // with kNeedMore: at least this many bytes are still to come
  };

  // Decodes the first message of `input`, unmasking it in place. Call again with what is left
  // while it answers kMessage. Consumed bytes of fragments are taken over into the decoder.
  // `message_bytes_max` bounds a whole message, over all its fragments.
  Result Next(std::span<char> input, size_t message_bytes_max);

 private:
  std::unique_ptr<std::string> fragments_;  // only while a fragmented message is under way
  Opcode fragments_opcode_ = Opcode::kText;
  bool fragmented_ = false;
};

// Appends an unmasked frame header for a final frame of `size` bytes.
void AppendHeader(std::string* out, Opcode opcode, size_t size);
void AppendFrame(std::string* out, Opcode opcode, std::string_view data);
// A Close frame with a code and no reason; without a body for kNone.
void AppendClose(std::string* out, CloseCode code);

// Sec-WebSocket-Accept for a Sec-WebSocket-Key (RFC 6455 4.2.2).
std::string AcceptKey(std::string_view key);

}  // namespace smcp::ws
