// Every number that bounds what a peer can make us do. Zero turns a limit off where that is said.
// Source: SMCP-PROTOCOL.md 5.3, SOCKETIO-COMPAT.md 7, DECISIONS 7 to 12 and 15.
#pragma once

#include <cstddef>
#include <cstdint>

#include "gateway/base/clock.h"

namespace smcp {

// What one Engine.IO / Socket.IO server allows; the same for all its namespaces.
struct SessionLimits {
  Millis ping_interval{25'000};
  Millis ping_timeout{20'000};
  Millis upgrade_timeout{10'000};
  Millis connect_timeout{45'000};     // no namespace joined by then: closed
  Millis closing_grace{30'000};       // a closing polling session waits this long for its last GET
  Millis reassembly_timeout{30'000};  // attachments must arrive within this
  Millis slow_grace{10'000};          // an outbox may stay above outbox_bytes this long
  size_t payload_bytes_max = 1'000'000;  // one POST body, one WebSocket message
  int json_depth_max = 64;
  int attachments_max = 10;            // each way
  size_t outbox_bytes_max = 4u << 20;  // 0: off
  uint32_t events_per_second = 1000;   // 0: off; burst is twice that
  uint32_t namespace_bytes_max = 256;
};

// What the HTTP side allows before there is a session.
struct HttpLimits {
  size_t header_bytes_max = 16 * 1024;
  Millis header_timeout{10'000};
  Millis body_timeout{30'000};
  Millis idle_timeout{75'000};
  uint32_t connections_max = 100'000;     // sessions; 0: off
  uint32_t connections_per_ip_max = 100;  // sessions; 0: off
};

// A polling response holds at most this many packets: python-engineio's decoder drops the
// connection at 17 (SOCKETIO-COMPAT.md 3).
inline constexpr size_t kPacketsPerPollMax = 16;
// A POST may hold many packets, but not without end.
inline constexpr size_t kPacketsPerPostMax = 100'000;
// Longer ack ids are a parse error (DECISIONS 15).
inline constexpr size_t kAckDigitsMax = 15;

}  // namespace smcp
