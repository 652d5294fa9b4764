#include "clients/bench/ws_transport.h"

#include <string>
#include <utility>

#include "clients/bench/http_reply.h"

namespace smcp_bench {
namespace {

constexpr size_t kPayloadMax = 16 * 1024 * 1024;

// The sample nonce of RFC 6455, section 1.3, and its proof. The nonce guards against caches that
// answer upgrades; a constant one still shows whether the server really computes the proof.
constexpr std::string_view kNonce = "dGhlIHNhbXBsZSBub25jZQ==";
constexpr std::string_view kProof = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

}  // namespace

WsTransport::WsTransport(Loop* loop, const Target* target, MaskKeys* keys, TransportEvents* events)
    : Stream(loop), target_(target), keys_(keys), events_(events) {}

const char* WsTransport::Open(uint32_t source) {
  upgraded_ = false;
  pieces_.clear();
  return Connect(target_->endpoint, source);
}

void WsTransport::Send(std::initializer_list<std::string_view> parts) {
  if (!is_open()) return;
  AppendFrame(&out(), Opcode::kText, parts, keys_->Next());
  Dirty();
}

void WsTransport::Finish() {
  if (!is_open()) return;
  AppendFrame(&out(), Opcode::kClose, {std::string_view("\x03\xe8", 2)}, keys_->Next());
  FinishSending();
}

void WsTransport::Close() { Stream::Close(); }

void WsTransport::OnConnected() {
  out()
      .append("GET ")
      .append(target_->path)
      .append("&transport=websocket HTTP/1.1\r\nHost: ")
      .append(target_->host)
      .append("\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n")
      .append("Sec-WebSocket-Key: ")
      .append(kNonce)
      .append("\r\n")
      .append(target_->header_lines)
      .append("\r\n");
  Dirty();
}

void WsTransport::OnClosed(std::string_view why) { events_->OnTransportDown(false, why); }

void WsTransport::Fail(bool refused, std::string_view why) {
  Stream::Close();
  events_->OnTransportDown(refused, why);
}

size_t WsTransport::OnBytes(char* data, size_t size) {
  std::string_view bytes(data, size);
  if (!upgraded_) {
    size_t head = 0;
    if (!TakeUpgrade(bytes, &head)) return 0;
    bytes.remove_prefix(head);
  }
  while (!bytes.empty() && is_open()) {
    Frame frame;
    size_t length = 0;
    const FrameRead read = ReadFrame(bytes, kPayloadMax, &frame, &length);
    if (read == FrameRead::kIncomplete) break;
    if (read == FrameRead::kBroken) {
      Fail(false, "a broken frame");
      break;
    }
    bytes.remove_prefix(length);
    TakeFrame(frame);
  }
  return size - bytes.size();
}

bool WsTransport::TakeUpgrade(std::string_view bytes, size_t* size) {
  HttpReply reply;
  std::string scratch;
  const ReplyRead read = ReadReply(bytes, &scratch, &reply, size);
  if (read == ReplyRead::kIncomplete) return false;
  if (read == ReplyRead::kBroken) {
    Fail(false, "not an HTTP response");
    return false;
  }
  if (reply.status != 101) {
    Fail(true, "HTTP " + std::to_string(reply.status) + " " + std::string(reply.body));
    return false;
  }
  if (HeaderValue(reply.headers, "sec-websocket-accept") != kProof) {
    Fail(false, "a wrong Sec-WebSocket-Accept");
    return false;
  }
  upgraded_ = true;
  return true;
}

void WsTransport::TakeFrame(const Frame& frame) {
  switch (frame.opcode) {
    case Opcode::kText:
    case Opcode::kContinuation:
      if (frame.final && pieces_.empty()) return events_->OnPacket(frame.payload);
      pieces_.append(frame.payload);
      if (pieces_.size() > kPayloadMax) return Fail(false, "a message above 16 MiB");
      if (frame.final) {
        const std::string whole = std::move(pieces_);
        pieces_.clear();
        events_->OnPacket(whole);
      }
      return;
    case Opcode::kPing:
      AppendFrame(&out(), Opcode::kPong, {frame.payload}, keys_->Next());
      return Dirty();
    case Opcode::kClose:
      return Fail(false, "closed by the server");
    case Opcode::kPong:
    case Opcode::kBinary:
      return;  // nobody asked for either
  }
  Fail(false, "an unknown frame");
}

}  // namespace smcp_bench
