// The websocket side of a peer: SOCKETIO-COMPAT.md 5.
#include <utility>

#include "gateway/peer/peer.h"

namespace smcp {

void Peer::AttachWire(Wire& wire) {
  wire_ = &wire;
  QueueText(OpenPacket());
}

bool Peer::AttachProbe(Wire& probe) {
  if (closed_ || eio_.BeginUpgrade() == eio::UpgradeVerdict::kRefuse) return false;
  probe_ = &probe;
  Arm(Timer::kUpgrade, host_.limits().upgrade_timeout);
  return true;
}

void Peer::OnWireMessage(Wire& wire, ws::Opcode opcode, std::string_view data) {
  const eio::Via via = &wire == wire_ ? eio::Via::kWebSocket : eio::Via::kProbe;
  if (opcode == ws::Opcode::kText) return OnPacket(data, via);
  if (via == eio::Via::kProbe) return DropProbe(ws::CloseCode::kPolicy);
  ++packets_in_;
  bytes_in_ += data.size();
  last_in_us_ = host_.services().clock->NowUs();
  OnBinary(data);
}

void Peer::OnWireClosed(Wire& wire, sio::DisconnectReason reason, ws::CloseCode code) {
  if (&wire == probe_) return DropProbe(code);
  if (&wire == wire_) Close(reason, code);
}

void Peer::DropProbe(ws::CloseCode code) {
  if (probe_ == nullptr) return;
  Disarm(Timer::kUpgrade);
  eio_.AbandonUpgrade();
  std::exchange(probe_, nullptr)->Close(code);
}

void Peer::OnUpgraded() {
  Disarm(Timer::kUpgrade);
  wire_ = std::exchange(probe_, nullptr);
  AnswerParked(PollReply{PollReply::Kind::kPackets, "6"});
  while (!polling_->buffer.empty()) {
    const eio::PollBuffer::Packet packet = polling_->buffer.Pop();
    if (packet.binary) {
      WriteBinary(packet.data);
    } else {
      ws::AppendFrame(&wire_->BeginWrite(), ws::Opcode::kText, packet.data);
    }
  }
  // A ping that went out over polling may never be answered there: the interval starts anew.
  OnPong();
  if (polling_->posted)
    std::exchange(polling_->posted, nullptr)(PollReply{PollReply::Kind::kOk, {}});
  if (polling_->cut_post) {
    PauseReading();  // a body is still arriving, and its packets come before the websocket's
  } else {
    polling_.reset();
  }
  if (reading_paused()) wire_->SetReading(false);
}

}  // namespace smcp
