// What can be set about one registration of the SMCP namespace; immutable once it serves.
// Sources: SMCP-PROTOCOL.md 3.3, 4.5, 5.3, section 8; DECISIONS 9, 12, 24, 25.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "gateway/base/clock.h"
#include "gateway/base/strings.h"
#include "gateway/codec/version.h"
#include "gateway/smcp/event_log.h"

namespace smcp {

struct SmcpOptions {
  VersionPolicy versions = {};
  // Members of different generations in one office (0.1 to 0.4; 0.5 never mixes).
  bool mixed_offices = false;
  // data {"code":401,...} with a refused CONNECT.
  bool explain_refusals = false;
  // server:update_*, server:tool_call_cancel with an ack id get an empty ack (open choice 5).
  bool ack_notifications = true;
  // Names beyond the protocol's that are relayed to the Computer, for every generation; each begins
  // with "client:" (open choice 6). An event of a later generation than its sender's may be one.
  StringSet passthrough_events = {};

  Millis call_timeout{60'000};         // client:* other than tool_call
  Millis call_timeout_slack{5'000};    // added to a tool call's own timeout
  Millis call_timeout_max{3'600'000};  // upper bound of either

  uint32_t calls_in_flight_max = 1000;  // per Agent; 0: no limit
  uint32_t office_members_max = 256;    // 0: no limit
  uint32_t name_bytes_max = 256;        // name, office_id, req_id; 0: no limit
  // Events of one session that wait for its join or leave; beyond it the session is disconnected.
  size_t parked_bytes_max = 4u << 20;
  // Notifications and lists of one office that wait for a backplane decision; beyond it they are
  // dropped (lists: refused).
  size_t office_queue_max = 10'000;
  // Offices that an administrator has given settings, in all, whether anybody is in them or not.
  size_t office_settings_max = 10'000;

  std::shared_ptr<EventLog> log = nullptr;  // may be null
};

}  // namespace smcp
