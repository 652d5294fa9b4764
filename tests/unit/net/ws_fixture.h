// The websockets of one shard in the test's own thread: socket pairs for connections, the event
// loop run by hand until it has nothing left to do.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "gateway/net/ws_connection.h"
#include "gateway/net/ws_reactor.h"
#include "gateway/peer/peer.h"
#include "tests/unit/codec/ws_client.h"
#include "tests/unit/support/server_frames.h"

namespace smcp::test {

// The client's end of a socket pair; never blocks.
class PairClient {
 public:
  explicit PairClient(int fd) : fd_(fd) {}
  ~PairClient() { Hangup(); }
  PairClient(const PairClient&) = delete;
  PairClient& operator=(const PairClient&) = delete;

  // What does not fit into the kernel's buffer is left out: the result says how much went.
  size_t Send(std::string_view bytes) {
    const ssize_t n = ::send(fd_, bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    return n < 0 ? 0 : static_cast<size_t>(n);
  }
  size_t SendText(std::string_view text) {
    return Send(ws::Encode({.opcode = ws::Opcode::kText, .data = text}));
  }
  // Everything that is there, one entry for each receive: with SOCK_SEQPACKET, each send.
  std::vector<std::string> Receive() {
    std::vector<std::string> pieces;
    std::string buffer(1 << 20, '\0');
    for (;;) {
      const ssize_t n = ::recv(fd_, buffer.data(), buffer.size(), MSG_DONTWAIT);
      if (n > 0) {
        pieces.emplace_back(buffer, 0, static_cast<size_t>(n));
        continue;
      }
      ended = ended || n == 0 || (errno != EAGAIN && errno != EINTR);
      return pieces;
    }
  }
  // The frames of everything that is there.
  std::vector<std::string> Frames() {
    for (const std::string& piece : Receive()) received_ += piece;
    return TakeFrames(&received_);
  }
  void ShutdownSend() { ::shutdown(fd_, SHUT_WR); }
  void Hangup() {
    if (fd_ >= 0) ::close(std::exchange(fd_, -1));
  }

  bool ended = false;  // the server sends nothing more

 private:
  int fd_;
  std::string received_;
};

// Stands for the response that accepts the websocket.
inline constexpr std::string_view kHead = "HTTP/1.1 101 Switching Protocols\r\n\r\n";

class WsTest : public ::testing::Test {
 protected:
  // Bare Engine.IO sessions, so that a message is what a frame holds, without Socket.IO on top.
  class App final : public RawHandler {
   public:
    void OnMessage(RawSession& session, std::string_view message, bool binary) override {
      messages.push_back((binary ? "bin:" : "") + std::string(message));
      if (on_message) on_message(session, messages.back());
    }
    std::vector<std::string> messages;
    std::function<void(RawSession&, const std::string&)> on_message;
  };
  class Posting final : public Scheduler {
   public:
    explicit Posting(Shard& shard) : shard_(shard) {}
    uint16_t shard_count() const override { return 1; }
    void Post(uint16_t, Task task) override { shard_.Post(std::move(task)); }

   private:
    Shard& shard_;
  };
  class Log final : public SessionLog {
   public:
    void SessionEnded(const SessionFacts& facts) override {
      reasons.emplace_back(sio::ReasonText(facts.reason));
    }
    std::vector<std::string> reasons;
  };

  // Runs the loop until it is idle; fails if it never gets there.
  void Poll() {
    for (int i = 0; i < 10'000; ++i) {
      if (shard_.io().poll_one() == 0) return;
    }
    ADD_FAILURE() << "the event loop spins";
  }

  struct Link {
    std::unique_ptr<PairClient> client;
    PeerRef peer;
  };
  // A session on a websocket; `type` is that of the socket pair.
  Link Connect(int type = SOCK_STREAM, std::string early = {}) {
    int fds[2];
    EXPECT_EQ(::socketpair(AF_UNIX, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds), 0);
    Link link;
    link.client = std::make_unique<PairClient>(fds[1]);
    auto handshake = std::make_shared<sio::Handshake>();
    EXPECT_TRUE(admission_.TryEnter(handshake->remote_address));
    net::WsConnection& wire = reactor_->Adopt(fds[0], kHead, std::move(early));
    Peer& peer = host_.Open(std::move(handshake), true, &app_);
    wire.Bind(peer);
    peer.AttachWire(wire);
    link.peer = peer.ref();
    return link;
  }
  // The same with head and open packet read.
  Link ConnectAndRead(int type = SOCK_STREAM) {
    Link link = Connect(type);
    Poll();
    link.client->Receive();
    return link;
  }
  Peer& At(const Link& link) { return *host_.Find(link.peer); }
  bool Alive(const Link& link) { return host_.Find(link.peer) != nullptr; }
  std::vector<std::string> TakeMessages() { return std::exchange(app_.messages, {}); }

  Shard shard_{0};
  Posting scheduler_{shard_};
  SeededRandom random_{7};
  SessionLimits limits_;
  SessionAdmission admission_{0, 0};
  App app_;
  Log log_;
  PeerHost host_{PeerHost::Services{0, &scheduler_, &shard_.timers(), &shard_.clock(), &random_,
                                    &limits_, &admission_, &log_}};
  std::unique_ptr<net::WsReactor> reactor_ =
      std::make_unique<net::WsReactor>(shard_, limits_.payload_bytes_max);
};

}  // namespace smcp::test
