// What arrives on a namespace: events and acks, as views.
//
// Thread rule: views live as long as the call that hands them out, on the socket's shard. Copy what
// must outlive it.
#pragma once

#include <cstdint>
#include <string_view>

#include "gateway/base/payload.h"
#include "gateway/codec/json_index.h"

namespace smcp::sio {

// Why a socket ended; the names are those of the Socket.IO reference (SOCKETIO-COMPAT.md 5.4).
enum class DisconnectReason : uint8_t {
  kClientNamespaceDisconnect,
  kServerNamespaceDisconnect,
  kTransportClose,
  kTransportError,
  kPingTimeout,
  kParseError,
  kForcedClose,
  kSlowConsumer,
  kServerShuttingDown,
};
std::string_view ReasonText(DisconnectReason reason);

struct EventView {
  std::string_view name;           // as the sender spelled it, decoded; empty for a numeric name
  std::string_view payload;        // the whole JSON array `["name",arg,...]`, byte for byte
  std::string_view ack_id;         // digits as they came; empty: the sender expects no ack
  const json::Index& index;        // built over `payload`
  const Attachments& attachments;  // empty for a text event
  int64_t at_us = 0;               // when it came, by the shard's clock; 0: not known
};

struct AckView {
  uint32_t id;               // one of ours: acks with other ids are dropped before
  std::string_view payload;  // the whole JSON array of arguments, byte for byte
  const json::Index& index;
  const Attachments& attachments;
  int64_t at_us = 0;  // as above
};

}  // namespace smcp::sio
