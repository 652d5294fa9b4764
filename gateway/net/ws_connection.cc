#include "gateway/net/ws_connection.h"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "gateway/net/ws_reactor.h"
#include "gateway/peer/peer.h"

namespace smcp::net {
namespace {

// How long the other side may take to answer our Close and to read what we still had to say.
constexpr int64_t kCloseMs = 2000;
// Beyond this tail a message is received into the connection's own memory instead of being copied
// to the front of the shared buffer again with every piece.
constexpr size_t kCopyMax = 16 * 1024;
// Pongs are only worth sending to someone who reads.
constexpr size_t kPongBacklogMax = 64 * 1024;

bool WouldBlock() { return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR; }

}  // namespace

WsConnection::WsConnection(WsReactor& reactor, int fd) : reactor_(reactor), fd_(fd) {}

WsConnection::~WsConnection() {
  if (fd_ >= 0) ::close(fd_);
}

std::string& WsConnection::BeginWrite() {
  // Few bytes stand in the string itself: no capacity does not mean that nothing waits.
  if (out_.empty() && out_.capacity() == std::string().capacity()) out_ = reactor_.TakeBuffer();
  if (!std::exchange(dirty_, true)) reactor_.MarkDirty(*this);
  return out_;
}

void WsConnection::SetReading(bool on) {
  paused_ = !on;
  if (!on) return;  // lazily: most pauses end before the next byte arrives
  UpdateInterest();
  if (!tail_.empty()) reactor_.ScheduleResume(*this);
}

void WsConnection::UpdateInterest() {
  if (removed_) return;
  uint32_t wanted = 0;
  if (!paused_ || closing_) wanted |= EPOLLIN;
  if (blocked_) wanted |= EPOLLOUT;
  if (wanted != interest_) reactor_.Watch(*this, wanted, false);
}

void WsConnection::OnReadable(bool dead) {
  // epoll reports a dead connection whether asked to or not, so waiting for the pause to end would
  // spin.
  if (paused_ && !closing_) return dead ? Broken() : UpdateInterest();
  std::span<char> into(reactor_.buffer_.get(), WsReactor::kBufferBytes);
  const bool own = !closing_ && tail_.size() > kCopyMax;
  const size_t kept = closing_ ? 0 : tail_.size();
  if (own) {
    // Grows with what has really arrived, not with what a header announces.
    tail_.resize(kept + std::clamp<size_t>(missing_, 4096, std::max<size_t>(kept, 65536)));
    into = std::span<char>(tail_);
  } else if (kept != 0) {
    std::memcpy(into.data(), tail_.data(), kept);
  }
  const ssize_t received = ::recv(fd_, into.data() + kept, into.size() - kept, MSG_DONTWAIT);
  if (received <= 0) {
    if (own) tail_.resize(kept);
    if (received < 0 && WouldBlock()) return;
    return Broken();
  }
  if (closing_) return;
  const std::span<char> data = into.first(kept + static_cast<size_t>(received));
  const size_t done = Consume(data);
  if (removed_ || closing_) return;
  if (own) {
    tail_.resize(data.size());
    tail_.erase(0, done);
    if (tail_.empty()) tail_ = std::string();
  } else {
    Keep(data.subspan(done));
  }
}

void WsConnection::Keep(std::span<const char> rest) {
  if (!rest.empty()) {
    tail_.assign(rest.data(), rest.size());
  } else if (!tail_.empty()) {
    tail_ = std::string();  // an idle connection owns no buffer
  }
}

void WsConnection::Resume() {
  if (removed_ || closing_ || paused_ || tail_.empty()) return;
  // The frames may pause reading again, so the bytes are taken out while they are handled.
  std::string data = std::exchange(tail_, {});
  const size_t done = Consume(data);
  if (removed_ || closing_) return;
  data.erase(0, done);
  tail_ = std::move(data);
}

size_t WsConnection::Consume(std::span<char> data) {
  size_t done = 0;
  while (!closing_ && !removed_ && peer_ != nullptr && !paused_) {
    const ws::Decoder::Result frame =
        decoder_.Next(data.subspan(done), reactor_.message_bytes_max_);
    done += frame.consumed;
    if (frame.status == ws::Decoder::Status::kNeedMore) {
      missing_ = frame.missing;
      break;
    }
    if (frame.status == ws::Decoder::Status::kError) {
      peer_->OnWireClosed(*this, sio::DisconnectReason::kTransportError, frame.error);
      break;
    }
    OnFrame(frame);
  }
  return done;
}

void WsConnection::OnFrame(const ws::Decoder::Result& frame) {
  switch (frame.opcode) {
    case ws::Opcode::kText:
    case ws::Opcode::kBinary:
      return peer_->OnWireMessage(*this, frame.opcode, frame.data);
    case ws::Opcode::kPing:
      if (pending() < kPongBacklogMax) {
        ws::AppendFrame(&BeginWrite(), ws::Opcode::kPong, frame.data);
      }
      return;
    case ws::Opcode::kClose:
      return peer_->OnWireClosed(*this, sio::DisconnectReason::kTransportClose,
                                 ws::CloseCode::kNormal);
    case ws::Opcode::kPong:
    case ws::Opcode::kContinuation:
      return;
  }
}

void WsConnection::Broken() {
  closing_ = true;  // nobody is there to say good-bye to
  if (Peer* peer = std::exchange(peer_, nullptr)) {
    peer->OnWireClosed(*this, sio::DisconnectReason::kTransportClose, ws::CloseCode::kNone);
  }
  reactor_.Remove(*this);
}

void WsConnection::Close(ws::CloseCode code) {
  peer_ = nullptr;
  if (closing_ || removed_) return;
  ws::AppendClose(&BeginWrite(), code);
  EndAfterFlush();
}

void WsConnection::EndAfterFlush() {
  closing_ = true;
  close_timer_ = reactor_.shard_.timers().Arm(reactor_.shard_.clock().NowMs() + kCloseMs, this, 0);
  UpdateInterest();
}

void WsConnection::OnTimer(uint64_t /*token*/) {
  close_timer_ = 0;
  reactor_.Remove(*this);
}

void WsConnection::Flush() {
  while (sent_ < out_.size()) {
    const ssize_t n =
        ::send(fd_, out_.data() + sent_, out_.size() - sent_, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (n < 0) {
      if (!WouldBlock()) return Broken();
      if (errno == EINTR) continue;
      blocked_ = true;
      // What is sent is not kept: a slow reader's backlog must not grow by what it has read.
      if (sent_ > out_.size() / 2) {
        out_.erase(0, sent_);
        sent_ = 0;
      }
      return UpdateInterest();
    }
    sent_ += static_cast<size_t>(n);
  }
  OnDrained();
}

void WsConnection::OnDrained() {
  reactor_.GiveBuffer(std::exchange(out_, std::string()));
  sent_ = 0;
  if (std::exchange(blocked_, false)) UpdateInterest();
  if (!closing_ || shut_) return;
  // Shutting down only our direction lets the last bytes arrive where a close with unread input
  // would reset the connection and take them back; some clients send on behind their Close frame.
  shut_ = true;
  ::shutdown(fd_, SHUT_WR);
}

}  // namespace smcp::net
