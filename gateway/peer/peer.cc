#include "gateway/peer/peer.h"

#include <algorithm>
#include <utility>

#include "gateway/codec/base64.h"
#include "gateway/codec/json_text.h"
#include "gateway/codec/query_string.h"
#include "gateway/codec/sio_packet.h"

namespace smcp {
namespace {

std::string ConnectPacket(std::string_view nsp, std::string_view sid) {
  std::string packet;
  sio::AppendHeader(&packet, sio::PacketType::kConnect, 0, nsp, "");
  return packet.append("{\"sid\":\"").append(sid).append("\"}");
}

std::string ConnectErrorPacket(std::string_view nsp, std::string_view message,
                               std::string_view data) {
  std::string packet;
  sio::AppendHeader(&packet, sio::PacketType::kConnectError, 0, nsp, "");
  packet.append("{\"message\":");
  json::AppendQuoted(&packet, message);
  if (!data.empty()) packet.append(",\"data\":").append(data);
  return packet.append("}");
}

std::string DisconnectPacket(std::string_view nsp) {
  std::string packet;
  sio::AppendHeader(&packet, sio::PacketType::kDisconnect, 0, nsp, "");
  return packet;
}

// How much lateness of a ping is taken off the time for its answer.
constexpr int64_t kLateMaxMs = 50;

// The verdict of a CONNECT that is being asked for on this thread right now, so that a provider
// that answers at once needs no post, and events right behind the CONNECT find it decided.
struct InlineVerdict {
  PeerRef ref;
  const sio::Namespace* nsp;
  std::optional<sio::ConnectVerdict> verdict;
};
thread_local InlineVerdict* asking = nullptr;

}  // namespace

// The `done` of one OnConnect: carries the verdict home from any thread; dropped unused, it
// refuses.
class ConnectReply {
 public:
  ConnectReply(PeerHost& host, PeerRef ref, sio::Namespace& nsp)
      : host_(&host), scheduler_(host.services().scheduler), ref_(ref), nsp_(&nsp) {}
  ConnectReply(ConnectReply&& other) noexcept
      : host_(std::exchange(other.host_, nullptr)),
        scheduler_(other.scheduler_),
        ref_(other.ref_),
        nsp_(other.nsp_) {}
  ConnectReply& operator=(ConnectReply&&) = delete;
  ~ConnectReply() {
    if (host_ != nullptr) (*this)(sio::ConnectVerdict::Refuse("Connection refused by server"));
  }
  void operator()(sio::ConnectVerdict verdict) {
    PeerHost* host = std::exchange(host_, nullptr);
    if (host == nullptr) return;
    // A provider may answer an older question while it is asked a new one: only the verdict of the
    // session and namespace that are being asked for stays here. Of those there is one at a time.
    if (asking != nullptr && asking->ref == ref_ && asking->nsp == nsp_) {
      asking->verdict = std::move(verdict);
      return;
    }
    scheduler_->Post(ref_.shard,
                     [host, ref = ref_, nsp = nsp_, verdict = std::move(verdict)]() mutable {
                       if (Peer* peer = host->Find(ref)) {
                         peer->FinishConnect(*nsp, std::move(verdict));
                       }
                     });
  }

 private:
  PeerHost* host_;        // touched on its shard only; null once answered
  Scheduler* scheduler_;  // outlives the host: an answer may come while the server goes down
  PeerRef ref_;
  sio::Namespace* nsp_;
};

Peer::Peer(PeerHost& host, PeerRef ref, const PeerSecret& secret,
           std::shared_ptr<const sio::Handshake> handshake, bool on_websocket, RawHandler* raw)
    : host_(host),
      ref_(ref),
      secret_(secret),
      handshake_(std::move(handshake)),
      raw_(raw),
      eio_(on_websocket),
      sio_(host.limits()),
      opened_ms_(host.NowMs()) {
  if (!on_websocket) polling_ = std::make_unique<Polling>();
  base64_only_ = QueryValue(handshake_->query, "b64") == "1";
  tokens_ms_ = opened_ms_;
  last_in_us_ = opened_ms_ * 1000;
  tokens_milli_ = int64_t{2000} * host_.limits().events_per_second;
  told_interval_ms_ = static_cast<uint32_t>(host_.limits().ping_interval.count());
  Arm(Timer::kHeartbeat, host_.limits().ping_interval);
  if (raw_ == nullptr) Arm(Timer::kConnect, host_.limits().connect_timeout);
}

Peer::~Peer() = default;

std::string Peer::SidText() const { return FormatSid(PeerAddress{ref_.shard, ref_.slot, secret_}); }

std::string Peer::OpenPacket() const {
  return eio::OpenPacket(SidText(), !eio_.on_websocket(), host_.limits());
}

// --- timers

void Peer::Arm(Timer timer, Millis delay) {
  Disarm(timer);
  if (timer == Timer::kHeartbeat) heartbeat_due_ms_ = host_.NowMs() + delay.count();
  timers_[static_cast<size_t>(timer)] = host_.services().timers->Arm(
      host_.NowMs() + delay.count(), this, static_cast<uint64_t>(timer));
}

void Peer::Disarm(Timer timer) {
  host_.services().timers->Cancel(std::exchange(timers_[static_cast<size_t>(timer)], 0));
}

void Peer::OnTimer(uint64_t token) {
  timers_[token] = 0;
  const SessionLimits& limits = host_.limits();
  switch (static_cast<Timer>(token)) {
    case Timer::kHeartbeat:
      return OnHeartbeat();
    case Timer::kConnect:
      return Close(sio::DisconnectReason::kForcedClose, ws::CloseCode::kPolicy);
    case Timer::kReassembly:
      return Close(sio::DisconnectReason::kParseError, ws::CloseCode::kPolicy);
    case Timer::kSlow:
      if (limits.outbox_bytes_max == 0 || queued_bytes() <= limits.outbox_bytes_max) return;
      return Close(sio::DisconnectReason::kSlowConsumer, ws::CloseCode::kPolicy);
    case Timer::kUpgrade:
      if (closed_) return host_.Bury(ref_);
      return DropProbe(ws::CloseCode::kPolicy);
    case Timer::kPollHold:
      return AnswerParked(PollReply{PollReply::Kind::kPackets, "6"});
    case Timer::kTokens:
      return OnTokens();
    case Timer::kCount:
      return;
  }
}

void Peer::OnHeartbeat() {
  // A pong that waits behind what we did not want to read is not late (DECISIONS 11).
  const bool excused = std::exchange(paused_since_ping_, pauses_ != 0);
  if (awaiting_pong_ && !excused) {
    return Close(sio::DisconnectReason::kPingTimeout, ws::CloseCode::kNormal);
  }
  // A ping that a busy loop sent a little late does not move the deadline; one that is very late
  // does, because its client could not have answered before.
  const Millis late(std::clamp<int64_t>(host_.NowMs() - heartbeat_due_ms_, 0, kLateMaxMs));
  Arm(Timer::kHeartbeat, std::max(host_.limits().ping_timeout - late, Millis(0)));
  if (std::exchange(awaiting_pong_, true)) return;
  ping_sent_us_ = host_.services().clock->NowUs();
  QueueText("2");
}

void Peer::OnPong() {
  awaiting_pong_ = false;
  // A longer interval is for new sessions: this client would take the silence for the end.
  Arm(Timer::kHeartbeat, std::min(host_.limits().ping_interval, Millis(told_interval_ms_)));
}

// --- what the client said

void Peer::OnPacket(std::string_view text, eio::Via via) {
  ++packets_in_;
  bytes_in_ += text.size();
  last_in_us_ = host_.services().clock->NowUs();
  const eio::Step step = eio_.Receive(text, via);
  switch (step.kind) {
    case eio::Step::Kind::kNothing:
      return;
    case eio::Step::Kind::kMessage:
      return OnText(step.data);
    case eio::Step::Kind::kBase64: {
      std::string bytes;
      if (base64::Decode(step.data, &bytes)) return OnBinary(bytes);
      return Close(sio::DisconnectReason::kParseError, ws::CloseCode::kPolicy);
    }
    case eio::Step::Kind::kPong:
      if (awaiting_pong_) ping_us_ = last_in_us_ - ping_sent_us_;
      return OnPong();
    case eio::Step::Kind::kProbed:
      ws::AppendFrame(&probe_->BeginWrite(), ws::Opcode::kText, "3probe");
      if (polling_->parked) AnswerParked(PollReply{PollReply::Kind::kPackets, "6"});
      return;
    case eio::Step::Kind::kUpgraded:
      return OnUpgraded();
    case eio::Step::Kind::kClose:
      // A poll that is parked while the client leaves is released with a noop.
      if (polling_ && polling_->parked) AnswerParked(PollReply{PollReply::Kind::kPackets, "6"});
      return Close(sio::DisconnectReason::kTransportClose, ws::CloseCode::kNormal);
    case eio::Step::Kind::kBadProbe:
      return DropProbe(ws::CloseCode::kPolicy);
    case eio::Step::Kind::kBad:
      return Close(sio::DisconnectReason::kParseError, ws::CloseCode::kPolicy);
  }
}

void Peer::OnText(std::string_view text) {
  if (raw_ != nullptr) return raw_->OnMessage(*this, text, false);
  Act(sio_.ReceiveText(text, host_.namespaces(), host_.index()));
}

void Peer::OnBinary(std::string_view data) {
  if (raw_ != nullptr) return raw_->OnMessage(*this, data, true);
  Act(sio_.ReceiveBinary(data, host_.index()));
}

void Peer::Act(const sio::Step& step) {
  using Kind = sio::Step::Kind;
  if (step.kind == Kind::kAwaiting) {
    if (timers_[static_cast<size_t>(Timer::kReassembly)] == 0) {
      Arm(Timer::kReassembly, host_.limits().reassembly_timeout);
    }
    return;
  }
  if (!sio_.reassembling()) Disarm(Timer::kReassembly);
  // Answers are not throttled: their number is bounded by the calls that we made.
  if (step.kind != Kind::kAck && !TakeToken()) PauseReading();
  switch (step.kind) {
    case Kind::kIgnored:
      ++ignored_in_;
      return;
    case Kind::kAwaiting:
      return;
    case Kind::kConnect:
      return AskNamespace(step);
    case Kind::kRefuse:
      return QueueText(ConnectErrorPacket(step.name, step.message, {}));
    case Kind::kDisconnect:
      return EndSocket(sio_.Remove(step.socket->nsp().context().name),
                       sio::DisconnectReason::kClientNamespaceDisconnect);
    case Kind::kEvent:
      ++events_in_;
      return step.socket->nsp().Dispatch(
          *step.socket, sio::EventView{step.name, step.payload, step.ack_id, host_.index(),
                                       *step.attachments, last_in_us_});
    case Kind::kAck: {
      ++events_in_;
      const sio::AckView ack{step.our_ack_id, step.payload, host_.index(), *step.attachments,
                             last_in_us_};
      if (!step.socket->TakeAck(ack)) step.socket->nsp().OnAck(*step.socket, ack);
      return;
    }
    case Kind::kBad:
      return Close(sio::DisconnectReason::kParseError, ws::CloseCode::kPolicy);
  }
}

void Peer::AskNamespace(const sio::Step& step) {
  InlineVerdict in_place{ref_, step.nsp, std::nullopt};
  asking = &in_place;
  step.nsp->OnConnect(sio::ConnectRequest{step.nsp->context().name, std::string(step.payload),
                                          handshake_, transport()},
                      ConnectReply(host_, ref_, *step.nsp));
  asking = nullptr;
  if (in_place.verdict) FinishConnect(*step.nsp, std::move(*in_place.verdict));
}

void Peer::FinishConnect(sio::Namespace& nsp, sio::ConnectVerdict verdict) {
  if (closed_) return;
  const std::string& name = nsp.context().name;
  if (!verdict.accepted) {
    sio_.AbandonConnect(nsp);
    return QueueText(ConnectErrorPacket(name, verdict.message, verdict.data));
  }
  sio::Socket* socket =
      sio_.FinishConnect(nsp, std::make_unique<sio::Socket>(*this, nsp, host_.NewSocketSid()));
  if (socket == nullptr) return;
  joined_once_ = true;
  Disarm(Timer::kConnect);
  socket->set_data(std::move(verdict.state));
  QueueText(ConnectPacket(name, socket->sid()));
  nsp.Attach(*socket);
  nsp.OnConnected(*socket);
}

void Peer::EndSocket(std::unique_ptr<sio::Socket> socket, sio::DisconnectReason reason) {
  sio::Namespace& nsp = socket->nsp();
  nsp.OnDisconnect(*socket, reason);
  nsp.Detach(*socket);
  socket->CancelCalls();
}

bool Peer::TakeToken() {
  if (host_.limits().events_per_second == 0) return true;
  // Refilled at every event: a bucket that is looked at only when empty would give a burst the idle
  // time before it on top of what it holds.
  RefillTokens(last_in_us_ / 1000);
  tokens_milli_ -= 1000;
  if (tokens_milli_ >= 0) return true;
  if (timers_[static_cast<size_t>(Timer::kTokens)] != 0) return true;  // paused already
  AwaitTokens();
  return false;
}

void Peer::RefillTokens(int64_t now_ms) {
  const int64_t rate = host_.limits().events_per_second;
  tokens_milli_ = std::min(tokens_milli_ + (now_ms - tokens_ms_) * rate, 2000 * rate);
  tokens_ms_ = now_ms;
}

void Peer::AwaitTokens() {
  // Reading goes on when the debt is paid and a few more events fit: a tick at least.
  const int64_t rate = std::max<int64_t>(host_.limits().events_per_second, 1);
  Arm(Timer::kTokens, Millis(-tokens_milli_ / rate + 2 * TimerWheel::kTickMs));
}

void Peer::OnTokens() {
  // The events of a POST are all taken before its answer waits, so the debt may have grown since.
  RefillTokens(host_.NowMs());
  const bool in_debt = tokens_milli_ < 0 && host_.limits().events_per_second != 0;
  return in_debt ? AwaitTokens() : ResumeReading();
}

// --- reading on and off

void Peer::PauseReading() {
  paused_since_ping_ = true;
  if (pauses_++ == 0 && wire_ != nullptr) wire_->SetReading(false);
}

void Peer::ResumeReading() {
  if (--pauses_ != 0 || closed_) return;
  if (wire_ != nullptr) wire_->SetReading(true);
  if (polling_ && polling_->posted) {
    std::move(polling_->posted)(PollReply{PollReply::Kind::kOk, {}});
    polling_->posted = nullptr;
  }
}

// --- what goes to the client

size_t Peer::queued_bytes() const {
  return (wire_ != nullptr ? wire_->pending() : 0) + (polling_ ? polling_->buffer.bytes() : 0);
}

size_t Peer::Backlog() const {
  if (closed_ || closing_soon_) return 0;
  // A quarter leaves room for what is on its way when the makers are told.
  const size_t mark = host_.limits().outbox_bytes_max / 4;
  const size_t queued = queued_bytes();
  return mark != 0 && queued > mark ? queued - mark : 0;
}

sio::SendResult Peer::SendPacket(std::string_view head, std::string_view payload,
                                 const Attachments& attachments, bool refuse_if_slow) {
  if (closed_ || closing_soon_) return sio::SendResult::kClosed;
  const size_t limit = host_.limits().outbox_bytes_max;
  if (limit != 0 && queued_bytes() > limit) {
    if (!refuse_if_slow) {
      CloseSoon(sio::DisconnectReason::kSlowConsumer);
      return sio::SendResult::kClosed;
    }
    if (timers_[static_cast<size_t>(Timer::kSlow)] == 0) {
      Arm(Timer::kSlow, host_.limits().slow_grace);
    }
    return sio::SendResult::kSlow;
  }
  ++events_out_;
  Queue(head, payload, attachments);
  return sio::SendResult::kQueued;
}

void Peer::SendRaw(std::string_view message, bool binary) {
  if (closed_ || closing_soon_) return;
  const size_t limit = host_.limits().outbox_bytes_max;
  if (limit != 0 && queued_bytes() > limit) return CloseSoon(sio::DisconnectReason::kSlowConsumer);
  if (!binary) return Queue("4", message, {});
  ++packets_out_;
  bytes_out_ += message.size();
  if (wire_ != nullptr) return WriteBinary(message);
  polling_->buffer.PushBinary(message);
  FlushPoll();
}

void Peer::WriteBinary(std::string_view data) {
  if (!base64_only_) return ws::AppendFrame(&wire_->BeginWrite(), ws::Opcode::kBinary, data);
  std::string text = "b";
  base64::Append(&text, data);
  ws::AppendFrame(&wire_->BeginWrite(), ws::Opcode::kText, text);
}

void Peer::Queue(std::string_view head, std::string_view payload, const Attachments& attachments) {
  ++packets_out_;
  bytes_out_ += head.size() + payload.size();
  for (const std::string& attachment : attachments) bytes_out_ += attachment.size();
  if (wire_ == nullptr) {
    polling_->buffer.PushText(head, payload);
    for (const std::string& attachment : attachments) polling_->buffer.PushBinary(attachment);
    return FlushPoll();
  }
  // One copy into the outbox; header and attachments are one unit that nothing can come between.
  std::string& out = wire_->BeginWrite();
  ws::AppendHeader(&out, ws::Opcode::kText, head.size() + payload.size());
  out.append(head).append(payload);
  for (const std::string& attachment : attachments) WriteBinary(attachment);
}

// --- the end

void Peer::LeaveNamespace(std::string_view nsp) {
  host_.Defer([host = &host_, ref = ref_, name = std::string(nsp)] {
    Peer* peer = host->Find(ref);
    if (peer == nullptr || peer->closed_) return;
    std::unique_ptr<sio::Socket> socket = peer->sio_.Remove(name);
    if (!socket) return;
    peer->QueueText(DisconnectPacket(name));
    peer->EndSocket(std::move(socket), sio::DisconnectReason::kServerNamespaceDisconnect);
  });
}

void Peer::CloseSession() {
  host_.Defer([host = &host_, ref = ref_] {
    Peer* peer = host->Find(ref);
    if (peer == nullptr || peer->closed_) return;
    for (std::unique_ptr<sio::Socket>& socket : peer->sio_.RemoveAll()) {
      peer->QueueText(DisconnectPacket(socket->nsp().context().name));
      peer->EndSocket(std::move(socket), sio::DisconnectReason::kServerNamespaceDisconnect);
    }
    peer->Close(sio::DisconnectReason::kForcedClose, ws::CloseCode::kNormal);
  });
}

void Peer::CutSession() {
  host_.Defer([host = &host_, ref = ref_] {
    Peer* peer = host->Find(ref);
    if (peer != nullptr)
      peer->Close(sio::DisconnectReason::kForcedClose, ws::CloseCode::kGoingAway);
  });
}

sio::SocketFacts Peer::Facts() const {
  const auto header = [this](std::string_view name) {
    return handshake_->Header(name).value_or(std::string_view());
  };
  return {.websocket = eio_.on_websocket(),
          .path = handshake_->path,
          .origin = header("origin"),
          .address = handshake_->remote_address,
          .port = handshake_->remote_port,
          .forwarded_for = header("x-forwarded-for"),
          .user_agent = header("user-agent"),
          .connected_ms = opened_ms_,
          .last_packet_ms = last_in_us_ / 1000,
          .ping_us = ping_us_,
          .events_in = events_in_,
          .events_out = events_out_,
          .bytes_in = bytes_in_,
          .bytes_out = bytes_out_,
          .queued_bytes = queued_bytes()};
}

void Peer::CloseSoon(sio::DisconnectReason reason) {
  if (std::exchange(closing_soon_, true)) return;
  host_.Defer([host = &host_, ref = ref_, reason] {
    if (Peer* peer = host->Find(ref)) peer->Close(reason, ws::CloseCode::kPolicy);
  });
}

void Peer::Close(sio::DisconnectReason reason, ws::CloseCode code) {
  if (std::exchange(closed_, true)) return;
  for (size_t i = 0; i < kTimers; ++i) Disarm(static_cast<Timer>(i));
  for (std::unique_ptr<sio::Socket>& socket : sio_.RemoveAll()) {
    EndSocket(std::move(socket), reason);
  }
  if (host_.services().log != nullptr) {
    host_.services().log->SessionEnded(
        SessionFacts{(static_cast<uint64_t>(ref_.shard) << 48) ^
                         (static_cast<uint64_t>(ref_.generation) << 24) ^ ref_.slot,
                     handshake_->remote_address, handshake_->remote_port, eio_.on_websocket(),
                     reason, host_.NowMs() - opened_ms_, packets_in_, packets_out_, ignored_in_});
  }
  host_.services().admission->Leave(handshake_->remote_address);
  if (probe_ != nullptr) std::exchange(probe_, nullptr)->Close(code);
  if (wire_ != nullptr) std::exchange(wire_, nullptr)->Close(code);
  if (polling_ && EndOnPolling(reason)) return;
  host_.Bury(ref_);
}

}  // namespace smcp
