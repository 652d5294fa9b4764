// The long-polling side of a peer: SOCKETIO-COMPAT.md 4 and 5.2.
#include <utility>

#include "gateway/codec/eio_payload.h"
#include "gateway/codec/utf8.h"
#include "gateway/peer/peer.h"

namespace smcp {
namespace {

// While an upgrade is under way a GET without data gets its noop after this: at once would make a
// stalled client poll in a tight loop, late would stall its upgrade.
constexpr Millis kUpgradeHold{40};

PollReply Reply(PollReply::Kind kind) { return PollReply{kind, {}}; }

}  // namespace

void Peer::PollGet(PollResponder respond) {
  if (!on_polling()) return std::move(respond)(Reply(PollReply::Kind::kBadRequest));
  if (closed_) {  // it was closed while no GET was there to tell: this one is told
    std::string body = polling_->buffer.TakeLastBody(host_.limits().payload_bytes_max);
    std::move(respond)(PollReply{PollReply::Kind::kPackets, std::move(body)});
    if (!polling_->buffer.empty()) return;
    Disarm(Timer::kUpgrade);
    return host_.Bury(ref_);
  }
  if (polling_->parked) {
    std::move(respond)(Reply(PollReply::Kind::kBare400));
    return Close(sio::DisconnectReason::kTransportError, ws::CloseCode::kPolicy);
  }
  polling_->parked = std::move(respond);
  if (!polling_->buffer.empty()) {
    return AnswerParked(PollReply{PollReply::Kind::kPackets,
                                  polling_->buffer.TakeBody(host_.limits().payload_bytes_max)});
  }
  if (eio_.probed()) Arm(Timer::kPollHold, kUpgradeHold);
}

void Peer::PollGone() {
  if (!polling_ || !polling_->parked) return;
  polling_->parked = nullptr;
  Close(sio::DisconnectReason::kTransportClose, ws::CloseCode::kNormal);
}

void Peer::AnswerParked(PollReply reply) {
  Disarm(Timer::kPollHold);
  if (!polling_ || !polling_->parked) return;
  std::exchange(polling_->parked, nullptr)(std::move(reply));
}

void Peer::FlushPoll() {
  // Packets of one burst go out together: the answer is made when the current task is over.
  if (!polling_->parked || std::exchange(polling_->flush_scheduled, true)) return;
  host_.Defer([host = &host_, ref = ref_] {
    Peer* peer = host->Find(ref);
    if (peer == nullptr || !peer->polling_) return;
    Polling& polling = *peer->polling_;
    polling.flush_scheduled = false;
    if (peer->closed_ || !polling.parked || polling.buffer.empty()) return;
    peer->AnswerParked(PollReply{PollReply::Kind::kPackets,
                                 polling.buffer.TakeBody(peer->host_.limits().payload_bytes_max)});
  });
}

bool Peer::BeginPost(Task cut) {
  if (closed_) return false;
  if (polling_->cut_post || polling_->posted) {
    if (polling_->cut_post) std::exchange(polling_->cut_post, nullptr)();
    Close(sio::DisconnectReason::kTransportError, ws::CloseCode::kPolicy);
    return false;
  }
  polling_->cut_post = std::move(cut);
  return true;
}

void Peer::FinishPost(std::string_view body, PollResponder respond) {
  if (closed_) return std::move(respond)(Reply(PollReply::Kind::kUnknownSid));
  polling_->cut_post = nullptr;
  if (eio_.on_websocket()) {
    // The upgrade overtook this body: its packets come first, the websocket was held back for it.
    polling_->posted = nullptr;
  }
  if (!IsUtf8(body)) {
    Close(sio::DisconnectReason::kParseError, ws::CloseCode::kPolicy);
    return std::move(respond)(Reply(PollReply::Kind::kBare400));
  }
  const bool was_upgraded = eio_.on_websocket();
  eio::PayloadSplitter packets(body);
  std::string_view packet;
  bool clean = true;
  for (size_t n = 0; !closed_ && packets.Next(&packet); ++n) {
    clean = n < kPacketsPerPostMax;
    if (!clean) {
      Close(sio::DisconnectReason::kParseError, ws::CloseCode::kPolicy);
      break;
    }
    const bool leaving = packet == "1";
    OnPacket(packet, eio::Via::kPolling);
    clean = !closed_ || leaving;
  }
  if (!clean) return std::move(respond)(Reply(PollReply::Kind::kBare400));
  if (closed_) return std::move(respond)(Reply(PollReply::Kind::kOk));
  if (was_upgraded) {
    std::move(respond)(Reply(PollReply::Kind::kOk));
    polling_.reset();
    return ResumeReading();
  }
  if (!reading_paused()) return std::move(respond)(Reply(PollReply::Kind::kOk));
  polling_->posted = std::move(respond);  // over the rate: the client may post again later
}

void Peer::PostFailed(bool too_large) {
  if (closed_ || !polling_) return;
  polling_->cut_post = nullptr;
  if (!too_large) return Close(sio::DisconnectReason::kTransportError, ws::CloseCode::kPolicy);
  if (!eio_.on_websocket()) return;
  polling_.reset();
  ResumeReading();
}

bool Peer::EndOnPolling(sio::DisconnectReason reason) {
  if (polling_->cut_post && reason != sio::DisconnectReason::kServerShuttingDown) {
    std::exchange(polling_->cut_post, nullptr)();
  }
  if (polling_->posted) {
    std::exchange(polling_->posted, nullptr)(Reply(PollReply::Kind::kOk));
  }
  if (eio_.on_websocket()) return false;
  if (polling_->parked) {
    std::string body = polling_->buffer.TakeLastBody(host_.limits().payload_bytes_max);
    AnswerParked(PollReply{PollReply::Kind::kPackets, std::move(body)});
    if (polling_->buffer.empty()) return false;
  }
  // Only an end that is our doing is worth waiting for the client to hear of it.
  if (reason != sio::DisconnectReason::kForcedClose &&
      reason != sio::DisconnectReason::kServerShuttingDown) {
    return false;
  }
  Arm(Timer::kUpgrade, host_.limits().closing_grace);
  return true;
}

}  // namespace smcp
