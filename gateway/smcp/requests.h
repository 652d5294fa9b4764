// Reads what the gateway itself needs of a client's payload, and nothing else: unknown fields are
// ignored, values that are only relayed are never looked at (SMCP-PROTOCOL.md 2.1 to 2.6).
//
// Every reader returns false for a payload that is answered with 400. Texts come out as UTF-8; a
// string that UTF-8 cannot hold (a lone surrogate) is a bad payload. Allocates only where a text
// has escapes or must be kept. Thread rule: on the shard of the event.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "gateway/smcp/sessions.h"
#include "gateway/socketio/event.h"

namespace smcp {

struct JoinFields {
  Role role = Role::kNone;
  std::string name;  // may be empty: the caller derives one
  std::string office_id;
};
bool ReadJoin(const sio::EventView& event, size_t name_bytes_max, JoinFields* out);

// The office_id of a leave must be there and is otherwise ignored.
bool ReadLeave(const sio::EventView& event, size_t name_bytes_max, std::string* office_id);

struct ListFields {
  std::string office_id;
  std::string_view req_id;  // raw JSON, quotes included: echoed byte for byte
};
bool ReadList(const sio::EventView& event, size_t name_bytes_max, ListFields* out);

struct CallFields {
  std::string_view computer;  // in the event's payload, or in `scratch` if it had escapes
  std::string_view req_id;    // between the quotes, escapes untouched
  std::string_view tool;      // likewise; empty if it is not a tool call
  int64_t timeout_s = 0;      // of a tool call, otherwise 0
};
bool ReadCall(const sio::EventView& event, bool tool_call, size_t name_bytes_max,
              std::string* scratch, CallFields* out);

// Whether the answer to a tool call is a result that says isError.
bool SaysIsError(const sio::AckView& ack);

// `computer` as claimed by the payload.
bool ReadUpdate(const sio::EventView& event, std::string* computer);
// `req_id` is raw JSON.
bool ReadCancel(const sio::EventView& event, size_t name_bytes_max, std::string_view* req_id);

}  // namespace smcp
