// A polling body: packets joined by 0x1e, no trailing separator (SOCKETIO-COMPAT.md 3).
//
// Sans-IO, allocation-free, never throws; any thread. Views point into the body.
#pragma once

#include <cstddef>
#include <string_view>

namespace smcp::eio {

inline constexpr char kSeparator = '\x1e';

// Walks the packets of a body. An empty body is one empty (hence invalid) packet, and so is what
// stands after a trailing separator.
class PayloadSplitter {
 public:
  explicit PayloadSplitter(std::string_view body) : rest_(body) {}
  // False at the end; `packet` is then untouched.
  bool Next(std::string_view* packet);

 private:
  std::string_view rest_;
  bool done_ = false;
};

}  // namespace smcp::eio
