// A packet that was read can be written and read again with the same meaning.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "gateway/base/check.h"
#include "gateway/base/limits.h"
#include "gateway/codec/sio_packet.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  smcp::sio::Packet packet;
  if (smcp::sio::DecodePacket(text, &packet) != smcp::sio::DecodeError::kNone) return 0;
  SMCP_CHECK(packet.nsp.starts_with('/') && packet.nsp.find(',') == std::string_view::npos);
  SMCP_CHECK(packet.ack_id.size() <= smcp::kAckDigitsMax);
  SMCP_CHECK(packet.ack_id.find_first_not_of("0123456789") == std::string_view::npos);
  // Its payload is not looked at and never written, so it may look like a namespace.
  if (packet.type == smcp::sio::PacketType::kConnectError) return 0;

  std::string written;
  smcp::sio::AppendHeader(&written, packet.type, packet.attachments, packet.nsp, packet.ack_id);
  written += packet.payload;
  smcp::sio::Packet again;
  const std::string_view message = std::string_view(written).substr(1);
  SMCP_CHECK(smcp::sio::DecodePacket(message, &again) == smcp::sio::DecodeError::kNone);
  SMCP_CHECK(again.type == packet.type && again.attachments == packet.attachments);
  SMCP_CHECK(again.nsp == packet.nsp && again.ack_id == packet.ack_id);
  SMCP_CHECK(again.payload == packet.payload);
  return 0;
}
