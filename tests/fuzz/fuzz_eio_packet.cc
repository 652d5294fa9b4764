// A packet is its type character and its data, and base64 that was read is written the same.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "gateway/base/check.h"
#include "gateway/codec/base64.h"
#include "gateway/codec/eio_packet.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto packet = smcp::eio::DecodePacket(text);
  if (!packet) return 0;
  SMCP_CHECK(packet->data == text.substr(1));
  if (packet->type != smcp::eio::PacketType::kBase64) {
    SMCP_CHECK(text[0] == '0' + static_cast<int>(packet->type));
    return 0;
  }
  std::string bytes;
  if (!smcp::base64::Decode(packet->data, &bytes)) return 0;
  std::string written;
  smcp::base64::Append(&written, bytes);
  // The padding and the spare bits of the last digit may differ, no more.
  const std::string_view digits = packet->data.substr(0, packet->data.find('='));
  const std::string_view again = std::string_view(written).substr(0, written.find('='));
  SMCP_CHECK(again.size() == digits.size());
  const size_t sure = digits.size() % 4 == 0 ? digits.size() : digits.size() - 1;
  SMCP_CHECK(again.substr(0, sure) == digits.substr(0, sure));
  return 0;
}
