// Packets of a polling session that wait for a GET, or for the end of an upgrade.
//
// Sans-IO. Thread rule: lives on its session's shard. The caller bounds bytes() (outbox_bytes_max).
#pragma once

#include <cstddef>
#include <deque>
#include <string>
#include <string_view>

#include "gateway/base/limits.h"

namespace smcp::eio {

class PollBuffer {
 public:
  struct Packet {
    std::string data;     // an Engine.IO packet with its type digit, or raw bytes
    bool binary = false;  // raw bytes: `b` and base64 in a polling body
  };

  // A text packet in two parts, so that the caller need not join head and payload first.
  void PushText(std::string_view head, std::string_view rest);
  void PushBinary(std::string_view data);

  // Moves packets into one polling body: at most `packets_max`, at most `bytes_max` bytes (but at
  // least one packet), the rest stays for the next poll.
  std::string TakeBody(size_t bytes_max, size_t packets_max = kPacketsPerPollMax);
  // As TakeBody; a close packet follows when it is all that is left to say (then empty()).
  std::string TakeLastBody(size_t bytes_max);
  // The next packet, for a flush over a websocket; only if not empty.
  Packet Pop();

  bool empty() const { return packets_.empty(); }
  // What waits, as it will be sent.
  size_t bytes() const { return bytes_; }

 private:
  static size_t Size(const Packet& packet);

  std::deque<Packet> packets_;
  size_t bytes_ = 0;
};

}  // namespace smcp::eio
