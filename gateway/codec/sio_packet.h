// Socket.IO v5 packets inside an Engine.IO message (SOCKETIO-COMPAT.md 6):
//   type [ count "-" ] [ nsp "," ] [ ack-id ] [ json ]
//
// Sans-IO, allocation-free, never throws; any thread. Decoding looks at the header only: the JSON
// payload is checked by json::Index. Views point into the input.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace smcp::sio {

enum class PacketType : uint8_t {
  kConnect = 0,
  kDisconnect = 1,
  kEvent = 2,
  kAck = 3,
  kConnectError = 4,
  kBinaryEvent = 5,
  kBinaryAck = 6,
};

enum class DecodeError : uint8_t {
  kNone,
  kBadType,         // empty, or the first character is not 0..6
  kBadAttachments,  // 5 or 6 without "count-", count 0, or more digits than a count can have
  kBadAckId,        // more than kAckDigitsMax digits
  kBadPayload,      // payload missing where the type needs one, or present where it may not be
};

struct Packet {
  PacketType type = PacketType::kEvent;
  uint32_t attachments = 0;    // saturated; the limit is the caller's business
  std::string_view nsp = "/";  // with the leading slash, up to ',' or the end
  std::string_view ack_id;     // digits as they came; empty: none
  std::string_view payload;    // the whole rest; empty: none
};

DecodeError DecodePacket(std::string_view text, Packet* packet);

// "4" + Socket.IO header: what stands before the JSON of an outgoing text packet. The comma after a
// namespace other than "/" is always written (SOCKETIO-COMPAT.md 6).
void AppendHeader(std::string* out, PacketType type, size_t attachments, std::string_view nsp,
                  std::string_view ack_id);

// Reserved names that a client may not send as an event (DECISIONS 3).
bool IsReservedEvent(std::string_view name);

}  // namespace smcp::sio
