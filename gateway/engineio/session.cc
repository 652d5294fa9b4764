#include "gateway/engineio/session.h"

#include "absl/strings/str_cat.h"
#include "gateway/base/strings.h"

namespace smcp::eio {

Step Session::Receive(std::string_view text, Via via) {
  const auto packet = DecodePacket(text);
  if (!packet) return Step{via == Via::kProbe ? Step::Kind::kBadProbe : Step::Kind::kBad, {}};
  if (via == Via::kProbe) return ReceiveOnProbe(*packet);
  switch (packet->type) {
    case PacketType::kMessage:
      return Step{Step::Kind::kMessage, packet->data};
    case PacketType::kBase64:
      return Step{Step::Kind::kBase64, packet->data};
    case PacketType::kPong:
      return Step{Step::Kind::kPong, {}};
    case PacketType::kClose:
      return Step{Step::Kind::kClose, {}};
    case PacketType::kUpgrade:  // out of place, as in the reference: ignored
    case PacketType::kNoop:
      return Step{};
    case PacketType::kPing:  // in this revision only servers ping
    case PacketType::kOpen:
      return Step{Step::Kind::kBad, {}};
  }
  return Step{Step::Kind::kBad, {}};
}

Step Session::ReceiveOnProbe(const Packet& packet) {
  if (upgrade_ == Upgrade::kWaiting && packet.type == PacketType::kPing && packet.data == "probe") {
    upgrade_ = Upgrade::kProbed;
    return Step{Step::Kind::kProbed, {}};
  }
  if (upgrade_ == Upgrade::kProbed && packet.type == PacketType::kUpgrade) {
    upgrade_ = Upgrade::kNone;
    on_websocket_ = true;
    return Step{Step::Kind::kUpgraded, {}};
  }
  return Step{Step::Kind::kBadProbe, {}};
}

UpgradeVerdict Session::BeginUpgrade() {
  if (on_websocket_ || upgrading()) return UpgradeVerdict::kRefuse;
  upgrade_ = Upgrade::kWaiting;
  return UpgradeVerdict::kAccept;
}

void Session::AbandonUpgrade() { upgrade_ = Upgrade::kNone; }

std::string OpenPacket(std::string_view sid, bool offer_upgrade, const SessionLimits& limits) {
  return absl::StrCat("0{\"sid\":\"", ToAbsl(sid), "\",\"upgrades\":[",
                      offer_upgrade ? "\"websocket\"" : "",
                      "],\"pingInterval\":", limits.ping_interval.count(),
                      ",\"pingTimeout\":", limits.ping_timeout.count(),
                      ",\"maxPayload\":", limits.payload_bytes_max, "}");
}

}  // namespace smcp::eio
