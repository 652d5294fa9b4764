#include "gateway/codec/sio_packet.h"

#include <algorithm>
#include <array>
#include <limits>

#include "gateway/base/limits.h"
#include "gateway/codec/chars.h"

namespace smcp::sio {
namespace {

// The digits of 2^32 - 1: with more than these the number says nothing but "too many".
constexpr size_t kCountDigitsMax = 10;

bool IsBinary(PacketType type) {
  return type == PacketType::kBinaryEvent || type == PacketType::kBinaryAck;
}

std::string_view TakeDigits(std::string_view* text) {
  const auto end = std::find_if_not(text->begin(), text->end(), chars::IsDigit);
  const std::string_view digits = text->substr(0, static_cast<size_t>(end - text->begin()));
  text->remove_prefix(digits.size());
  return digits;
}

// Takes "count-"; 0 if that is not what is there, which is no legal count either: a binary packet
// without attachments would wait for them for ever (SOCKETIO-COMPAT.md 6.4).
uint32_t TakeAttachmentCount(std::string_view* text) {
  const std::string_view digits = TakeDigits(text);
  if (digits.size() > kCountDigitsMax || text->empty() || text->front() != '-') return 0;
  text->remove_prefix(1);
  uint64_t count = 0;
  for (const char digit : digits) count = count * 10 + static_cast<uint64_t>(digit - '0');
  return static_cast<uint32_t>(std::min<uint64_t>(count, std::numeric_limits<uint32_t>::max()));
}

std::string_view TakeNamespace(std::string_view* text) {
  if (text->empty() || text->front() != '/') return "/";
  const size_t comma = text->find(',');
  const std::string_view nsp = text->substr(0, comma);
  text->remove_prefix(comma == std::string_view::npos ? nsp.size() : comma + 1);
  return nsp;
}

// Only the first character: the rest is for json::Index, which sees every payload anyway.
bool FitsPayload(PacketType type, std::string_view payload) {
  switch (type) {
    case PacketType::kConnect:
      return payload.empty() || payload.front() == '{';
    case PacketType::kDisconnect:
      return payload.empty();
    case PacketType::kEvent:
    case PacketType::kAck:
    case PacketType::kBinaryEvent:
    case PacketType::kBinaryAck:
      return !payload.empty() && payload.front() == '[';
    case PacketType::kConnectError:
      // Never legal from a client; which answer that gets is the connection's rule, not ours.
      return true;
  }
  return false;
}

}  // namespace

DecodeError DecodePacket(std::string_view text, Packet* packet) {
  if (text.empty() || text.front() < '0' || text.front() > '6') return DecodeError::kBadType;
  *packet = Packet{};
  packet->type = static_cast<PacketType>(text.front() - '0');
  text.remove_prefix(1);
  if (IsBinary(packet->type)) {
    packet->attachments = TakeAttachmentCount(&text);
    if (packet->attachments == 0) return DecodeError::kBadAttachments;
  }
  packet->nsp = TakeNamespace(&text);
  packet->ack_id = TakeDigits(&text);
  if (packet->ack_id.size() > kAckDigitsMax) return DecodeError::kBadAckId;
  packet->payload = text;
  return FitsPayload(packet->type, text) ? DecodeError::kNone : DecodeError::kBadPayload;
}

void AppendHeader(std::string* out, PacketType type, size_t attachments, std::string_view nsp,
                  std::string_view ack_id) {
  out->push_back('4');
  out->push_back(static_cast<char>('0' + static_cast<int>(type)));
  if (IsBinary(type)) {
    out->append(std::to_string(attachments));
    out->push_back('-');
  }
  if (nsp != "/") {
    out->append(nsp);
    out->push_back(',');
  }
  out->append(ack_id);
}

bool IsReservedEvent(std::string_view name) {
  static constexpr std::array<std::string_view, 7> kReserved = {
      "connect",     "connect_error",  "disconnect", "disconnecting",
      "newListener", "removeListener", "error"};
  return std::find(kReserved.begin(), kReserved.end(), name) != kReserved.end();
}

}  // namespace smcp::sio
