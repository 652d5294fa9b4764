// Bounds of the watch hub (hub.h): what is kept for readers who come back or fall behind, and how
// much one reader may be ahead of its connection. Units in the names.
#pragma once

#include <cstddef>
#include <cstdint>

namespace smcp::control {

struct HubLimits {
  size_t events = 16'384;   // of WatchEvents
  size_t changes = 16'384;  // of each of sessions, offices, calls
  size_t watchers = 256;    // streams of the hub at once
  int64_t poll_ms = 50;
  int64_t bookmark_ms = 30'000;
  int64_t linger_ms = 60'000;          // kept up to date after the last reader has gone
  int64_t events_linger_ms = 300'000;  // events, while others watch
  int64_t rebuild_ms = 1'000;          // from one reading of the whole to the next
  size_t ahead_messages = 256;         // given to one connection and not taken by it yet
  size_t ahead_bytes = 1U << 20U;
};

}  // namespace smcp::control
