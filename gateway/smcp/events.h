// The table of all events a client may send: who, since which generation, and what follows
// (SMCP-PROTOCOL.md section 2, table 3.2). A new event is a new row.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "gateway/codec/version.h"
#include "gateway/smcp/sessions.h"

namespace smcp {

enum class EventKind : uint8_t {
  kCall,  // relayed to one Computer, answered by it
  kJoin,
  kLeave,
  kListRoom,
  kUpdate,  // a Computer's news
  kCancel,  // an Agent's news
};

struct EventRow {
  std::string_view name;
  EventKind kind;
  Generation since;
  Role sender;                // kNone: any
  bool tool_call;             // its refusals have another shape for G1, its payload a timeout
  std::string_view notifies;  // the event it causes, if it causes exactly one
};

std::span<const EventRow> AllEvents();
// The row of that exact name if `generation` knows it; later events are unknown (DECISIONS 19).
const EventRow* FindEvent(std::string_view name, Generation generation);
// For an event that only the configuration names (SmcpOptions::passthrough_events): it is relayed
// like any other call, and nothing of it is checked but what the relay needs.
const EventRow& PassthroughEvent();

}  // namespace smcp
