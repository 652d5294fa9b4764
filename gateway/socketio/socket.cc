#include "gateway/socketio/socket.h"

#include <charconv>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "gateway/codec/json_text.h"
#include "gateway/codec/sio_packet.h"
#include "gateway/socketio/namespace.h"

namespace smcp::sio {
namespace {

// Ack ids have to fit a signed 32-bit integer for some clients (SOCKETIO-COMPAT.md 6.2).
constexpr uint32_t kAckIdMask = 0x7fffffff;

}  // namespace

std::optional<std::string_view> Handshake::Header(std::string_view name) const {
  for (const auto [key, value] : headers) {
    if (absl::EqualsIgnoreCase(ToAbsl(key), ToAbsl(name))) return value;
  }
  return std::nullopt;
}

Socket::Socket(SessionPort& session, Namespace& nsp, std::string sid)
    : session_(session), namespace_(nsp), sid_(std::move(sid)) {}

Socket::~Socket() { CancelCalls(); }

SendResult Socket::SendPacket(bool ack, std::string_view ack_id, std::string_view payload,
                              const Attachments& attachments, bool refuse_if_slow) {
  // One scratch head per thread: a relayed packet allocates nothing here.
  thread_local std::string head;
  head.clear();
  const bool binary = !attachments.empty();
  const PacketType type = ack ? (binary ? PacketType::kBinaryAck : PacketType::kAck)
                              : (binary ? PacketType::kBinaryEvent : PacketType::kEvent);
  AppendHeader(&head, type, attachments.size(), namespace_.context().name, ack_id);
  return session_.SendPacket(head, payload, attachments, refuse_if_slow);
}

SendResult Socket::SendEvent(std::string_view ack_id, std::string_view payload,
                             const Attachments& attachments, bool refuse_if_slow) {
  return SendPacket(false, ack_id, payload, attachments, refuse_if_slow);
}

SendResult Socket::SendAck(std::string_view ack_id, std::string_view payload,
                           const Attachments& attachments) {
  return SendPacket(true, ack_id, payload, attachments, false);
}

uint32_t Socket::NextAckId() {
  // Skipping ids that a Call still waits for keeps both users of the counter apart after a wrap.
  do {
    next_ack_id_ = (next_ack_id_ + 1) & kAckIdMask;
  } while (calls_ && calls_->contains(next_ack_id_));
  return next_ack_id_;
}

SendResult Socket::Emit(std::string_view event, std::string_view args,
                        const Attachments& attachments) {
  return SendPacket(false, "", EventPayload(event, args), attachments, false);
}

void Socket::Call(std::string_view event, std::string_view args, Millis timeout, CallDone done) {
  if (ended_) return std::move(done)(absl::CancelledError("the client is gone"));
  const uint32_t id = NextAckId();
  if (!calls_) calls_ = std::make_unique<absl::flat_hash_map<uint32_t, OpenCall>>();
  const NamespaceContext& context = namespace_.context();
  const TimerWheel::Id timer =
      context.timers->Arm(context.clock->NowMs() + timeout.count(), this, id);
  calls_->emplace(id, OpenCall{std::move(done), timer});
  char digits[16];
  const auto end = std::to_chars(std::begin(digits), std::end(digits), id).ptr;
  SendPacket(false, std::string_view(digits, static_cast<size_t>(end - digits)),
             EventPayload(event, args), {}, false);
}

void Socket::OnTimer(uint64_t token) {
  auto node = calls_->extract(static_cast<uint32_t>(token));
  if (!node.empty()) {
    std::move(node.mapped().done)(absl::DeadlineExceededError("no ack within the timeout"));
  }
}

bool Socket::TakeAck(const AckView& ack) {
  if (!calls_) return false;
  auto node = calls_->extract(ack.id);
  if (node.empty()) return false;
  namespace_.context().timers->Cancel(node.mapped().timer);
  std::move(node.mapped().done)(CallAnswer{std::string(ack.payload), ack.attachments});
  return true;
}

void Socket::CancelCalls() {
  ended_ = true;
  if (!calls_) return;
  const auto calls = std::move(calls_);
  for (auto& [id, call] : *calls) {
    namespace_.context().timers->Cancel(call.timer);
    std::move(call.done)(absl::CancelledError("the client is gone"));
  }
}

const StringSet& Socket::rooms() const {
  static const StringSet kNone;
  return rooms_ == nullptr ? kNone : *rooms_;
}

void Socket::Join(std::string_view room) {
  if (rooms_ == nullptr) rooms_ = std::make_unique<StringSet>();
  if (rooms_->emplace(room).second) namespace_.RoomJoined(room, *this);
}

void Socket::Leave(std::string_view room) {
  if (rooms_ == nullptr) return;
  const auto it = rooms_->find(room);
  if (it == rooms_->end()) return;
  rooms_->erase(it);
  namespace_.RoomLeft(room, *this);
}

void Socket::Disconnect() { session_.LeaveNamespace(namespace_.context().name); }

std::string EventPayload(std::string_view event, std::string_view args) {
  std::string payload = "[";
  json::AppendQuoted(&payload, event);
  if (!args.empty()) payload.append(",").append(args);
  payload.append("]");
  return payload;
}

}  // namespace smcp::sio
