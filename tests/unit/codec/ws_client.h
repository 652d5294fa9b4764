// The client's side of RFC 6455 for tests: masked frames, and a reader that keeps the tail as a
// connection does.
#pragma once

#include <cstdint>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/codec/ws_frame.h"

namespace smcp::ws {

struct Frame {
  Opcode opcode = Opcode::kText;
  std::string_view data = {};
  bool fin = true;
  uint8_t rsv = 0;  // the three bits, 0 to 7
  bool masked = true;
  std::string_view mask = "\x37\xfa\x21\x3d";
  int length_bytes = -1;  // 0, 2 or 8; -1: the shortest
};

inline std::string Encode(const Frame& frame) {
  const auto bit = [](bool set, int place) { return static_cast<uint8_t>(set ? 1 << place : 0); };
  std::string out;
  out += static_cast<char>(bit(frame.fin, 7) | frame.rsv << 4 | static_cast<uint8_t>(frame.opcode));
  const size_t size = frame.data.size();
  const int length_bytes = frame.length_bytes >= 0 ? frame.length_bytes
                           : size < 126            ? 0
                           : size < 65536          ? 2
                                                   : 8;
  const size_t first = length_bytes == 0 ? size : length_bytes == 2 ? 126 : 127;
  out += static_cast<char>(bit(frame.masked, 7) | first);
  for (int i = length_bytes - 1; i >= 0; --i) out += static_cast<char>(size >> (8 * i));
  if (frame.masked) out += frame.mask;
  for (size_t i = 0; i < size; ++i) {
    out += frame.masked ? static_cast<char>(frame.data[i] ^ frame.mask[i % 4]) : frame.data[i];
  }
  return out;
}

struct Event {
  Opcode opcode = Opcode::kText;
  std::string data;
  CloseCode error = CloseCode::kNone;
  friend bool operator==(const Event&, const Event&) = default;
};

inline void PrintTo(const Event& event, std::ostream* out) {
  *out << "{opcode " << static_cast<int>(event.opcode) << ", " << event.data.size() << " bytes '"
       << event.data.substr(0, 40) << "', error " << static_cast<int>(event.error) << "}";
}

inline Event Failure(CloseCode code) { return {Opcode::kText, "", code}; }

// Feeds a decoder and collects what it says; after an error it says nothing more.
class Reader {
 public:
  explicit Reader(size_t message_bytes_max = 1'000'000) : max_(message_bytes_max) {}

  void Feed(std::string_view bytes) {
    if (failed_) return;
    tail_ += bytes;
    for (;;) {
      // A copy of its own, so that reading behind the end shows.
      std::vector<char> input(tail_.begin(), tail_.end());
      const Decoder::Result result = decoder_.Next(input, max_);
      if (result.status == Decoder::Status::kError) {
        events.push_back(Failure(result.error));
        failed_ = true;
        return;
      }
      if (result.status == Decoder::Status::kMessage) {
        events.push_back({result.opcode, std::string(result.data), CloseCode::kNone});
      }
      // What is handed back must come again as it was: unmasked bytes must not stay in the tail.
      tail_.erase(0, result.consumed);
      untouched = untouched && std::string_view(input.data() + result.consumed,
                                                input.size() - result.consumed) == tail_;
      if (result.status == Decoder::Status::kNeedMore) {
        missing = result.missing;
        return;
      }
    }
  }

  std::vector<Event> events;
  size_t missing = 0;     // of the last kNeedMore
  bool untouched = true;  // no byte was changed that was not consumed
  size_t tail_size() const { return tail_.size(); }

 private:
  Decoder decoder_;
  size_t max_;
  std::string tail_;
  bool failed_ = false;
};

}  // namespace smcp::ws
