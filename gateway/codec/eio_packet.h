// Engine.IO v4 packets: one type digit and its data (SOCKETIO-COMPAT.md 3).
//
// Sans-IO, allocation-free, never throws; any thread. Views point into the input.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace smcp::eio {

enum class PacketType : uint8_t {
  kOpen = 0,
  kClose = 1,
  kPing = 2,
  kPong = 3,
  kMessage = 4,
  kUpgrade = 5,
  kNoop = 6,
  kBase64 = 7,  // 'b' and base64: a binary message on a text transport
};

struct Packet {
  PacketType type = PacketType::kNoop;
  std::string_view data;  // after the type character; still base64 for kBase64
};

// Nothing for an empty text or an unknown type: a parse error that closes the session.
std::optional<Packet> DecodePacket(std::string_view text);

}  // namespace smcp::eio
