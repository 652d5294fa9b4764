#include "gateway/codec/eio_packet.h"

namespace smcp::eio {

std::optional<Packet> DecodePacket(std::string_view text) {
  if (text.empty()) return std::nullopt;
  const char type = text.front();
  const std::string_view data = text.substr(1);
  if (type >= '0' && type <= '6') return Packet{static_cast<PacketType>(type - '0'), data};
  if (type == 'b') return Packet{PacketType::kBase64, data};
  return std::nullopt;
}

}  // namespace smcp::eio
