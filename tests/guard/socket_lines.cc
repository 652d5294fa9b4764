#include <sys/socket.h>
#include <unistd.h>

#include "gateway/base/check.h"
#include "gateway/net/ws_connection.h"
#include "gateway/net/ws_reactor.h"
#include "tests/guard/counters.h"
#include "tests/guard/relay_world.h"

namespace smcp::guard {

struct SocketLines::Loop final : public Scheduler {
  uint16_t shard_count() const override { return 1; }
  void Post(uint16_t /*shard*/, Task task) override { shard.Post(std::move(task)); }
  // Until nothing is ready; the loop itself never ends.
  void Run() {
    counting = true;
    while (shard.io().poll() != 0) continue;
    counting = false;
  }

  Shard shard{0};
  net::WsReactor reactor{shard, 1'000'000};
};

namespace {

class SocketLine final : public Line {
 public:
  explicit SocketLine(int fd) : fd_(fd) {}
  ~SocketLine() override { ::close(fd_); }

  void Send(std::string_view bytes) override {
    SMCP_CHECK(::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL) ==
               static_cast<ssize_t>(bytes.size()));
  }
  void Receive(std::string* bytes) override {
    bytes->resize(kReceiveMax);
    const ssize_t n = ::recv(fd_, bytes->data(), bytes->size(), MSG_DONTWAIT);
    bytes->resize(n < 0 ? 0 : static_cast<size_t>(n));
  }

 private:
  static constexpr size_t kReceiveMax = 128 * 1024;
  int fd_;
};

}  // namespace

SocketLines::SocketLines() : loop_(std::make_unique<Loop>()) {}
SocketLines::~SocketLines() = default;

std::unique_ptr<Line> SocketLines::Open(PeerHost& host) {
  int fds[2];
  SMCP_CHECK(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds) == 0);
  auto handshake = std::make_shared<sio::Handshake>();
  SMCP_CHECK(host.services().admission->TryEnter(handshake->remote_address));
  net::WsConnection& wire = loop_->reactor.Adopt(fds[0], "", {});
  Peer& peer = host.Open(std::move(handshake), true, nullptr);
  wire.Bind(peer);
  peer.AttachWire(wire);
  return std::make_unique<SocketLine>(fds[1]);
}
Scheduler& SocketLines::scheduler() { return *loop_; }
void SocketLines::Run() { loop_->Run(); }

}  // namespace smcp::guard
