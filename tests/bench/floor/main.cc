// The yardstick of the benchmarks: the least a relay for SMCP can do. One thread, one epoll, one
// receive buffer, one write per connection and wake-up. Not a server to be used: see README.md.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "tests/bench/floor/frames.h"
#include "tests/bench/floor/relay.h"

namespace smcp::yardstick {
namespace {

constexpr int kPingSeconds = 25;
constexpr int kEventsMax = 256;
constexpr int kAcceptsMax = 64;
constexpr std::size_t kReceiveBytes = 256 * 1024;
constexpr std::size_t kRequestBytesMax = 16 * 1024;

[[noreturn]] void Die(const char* what) {
  std::perror(what);
  std::exit(1);
}

class Loop {
 public:
  explicit Loop(std::uint16_t port) {
    epoll_ = epoll_create1(EPOLL_CLOEXEC);
    Listen(port);
    timer_ = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    const itimerspec every{{kPingSeconds, 0}, {kPingSeconds, 0}};
    timerfd_settime(timer_, 0, &every, nullptr);
    Watch(EPOLL_CTL_ADD, timer_, EPOLLIN);
  }

  [[noreturn]] void Run() {
    std::array<epoll_event, kEventsMax> events{};
    while (true) {
      const int ready = epoll_wait(epoll_, events.data(), kEventsMax, -1);
      for (int i = 0; i < ready; ++i) {
        const epoll_event& event = events[static_cast<std::size_t>(i)];
        OnReady(event.data.fd, event.events);
      }
      FlushAll();
      Bury();
    }
  }

 private:
  void Listen(std::uint16_t port) {
    listener_ = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    const int one = 1;
    setsockopt(listener_, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    // Accepted sockets inherit it, which saves a system call for each.
    setsockopt(listener_, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* const any = reinterpret_cast<sockaddr*>(&address);
    if (bind(listener_, any, size) != 0 || listen(listener_, SOMAXCONN) != 0) Die("listen");
    if (getsockname(listener_, any, &size) != 0) Die("getsockname");
    Watch(EPOLL_CTL_ADD, listener_, EPOLLIN);
    std::printf("smcp-floor ready listen=127.0.0.1:%d\n", ntohs(address.sin_port));
    std::fflush(stdout);
  }

  void Watch(int operation, int fd, std::uint32_t events) const {
    epoll_event event{};
    event.events = events;
    event.data.fd = fd;
    epoll_ctl(epoll_, operation, fd, &event);
  }

  void OnReady(int fd, std::uint32_t events) {
    if (fd == listener_) return Accept();
    if (fd == timer_) return PingAll();
    Connection* connection = by_fd_[static_cast<std::size_t>(fd)].get();
    if (connection == nullptr || connection->fd != fd) return;  // ended earlier in this batch
    if ((events & EPOLLOUT) != 0) {
      connection->blocked = false;
      Watch(EPOLL_CTL_MOD, fd, EPOLLIN);
      Flush(connection);
    }
    if ((events & ~static_cast<std::uint32_t>(EPOLLOUT)) != 0 && connection->fd == fd) {
      Receive(connection);
    }
  }

  void Accept() {
    for (int i = 0; i < kAcceptsMax; ++i) {
      const int fd = accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
      if (fd < 0) return;
      const auto place = static_cast<std::size_t>(fd);
      if (by_fd_.size() <= place) by_fd_.resize(place + 1);
      if (by_fd_[place] == nullptr) by_fd_[place] = std::make_unique<Connection>();
      by_fd_[place]->fd = fd;
      Watch(EPOLL_CTL_ADD, fd, EPOLLIN);
    }
  }

  void PingAll() {
    std::uint64_t expirations = 0;
    if (read(timer_, &expirations, sizeof expirations) < 0) return;
    for (const auto& connection : by_fd_) {
      if (connection != nullptr && connection->upgraded) relay_.Ping(connection.get());
    }
  }

  // One receive into the shared buffer, behind the tail that the connection kept.
  void Receive(Connection* connection) {
    const std::size_t kept = connection->tail.size();
    if (buffer_.size() < kept + kReceiveBytes) buffer_.resize(kept + kReceiveBytes);
    std::memcpy(buffer_.data(), connection->tail.data(), kept);
    const ssize_t got = recv(connection->fd, buffer_.data() + kept, kReceiveBytes, 0);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (got <= 0) return End(connection);
    const std::size_t size = kept + static_cast<std::size_t>(got);
    std::size_t used = 0;
    if (!connection->upgraded) used = Upgrade(connection, {buffer_.data(), size});
    if (connection->upgraded) used = Frames(connection, used, size);
    if (connection->fd < 0) return;
    if (used == size) {
      if (kept != 0) std::string().swap(connection->tail);
    } else {
      connection->tail.assign(buffer_.data() + used, size - used);
    }
  }

  // Returns the bytes of the request; 0: it is not complete, or it was refused.
  std::size_t Upgrade(Connection* connection, std::string_view data) {
    const std::size_t end = data.find("\r\n\r\n");
    if (end == std::string_view::npos) {
      if (data.size() > kRequestBytesMax) End(connection);
      return 0;
    }
    const std::string answer = UpgradeAnswer(data.substr(0, end));
    if (answer.empty()) {
      End(connection);
      return 0;
    }
    connection->upgraded = true;
    relay_.SayRaw(connection, answer);
    relay_.Open(connection);
    return end + 4;
  }

  std::size_t Frames(Connection* connection, std::size_t used, std::size_t size) {
    Frame frame;
    while (used < size) {
      const FrameState state = ReadFrame(buffer_.data() + used, size - used, &frame);
      if (state == FrameState::kIncomplete) break;
      if (state == FrameState::kBroken || !OnFrame(connection, frame)) {
        End(connection);
        break;
      }
      used += frame.size;
    }
    return used;
  }

  bool OnFrame(Connection* connection, const Frame& frame) {
    if (frame.opcode == kText) return relay_.Packet(connection, frame.body);
    if (frame.opcode == kPing) relay_.Say(connection, kPong, frame.body, {});
    if (frame.opcode == kClose) {
      relay_.Say(connection, kClose, frame.body, {});
      Flush(connection);
      return false;
    }
    return true;
  }

  void FlushAll() {
    for (Connection* connection : relay_.dirty()) {
      connection->dirty = false;
      if (connection->fd >= 0 && !connection->blocked) Flush(connection);
    }
    relay_.dirty().clear();
  }

  void Flush(Connection* connection) {
    if (connection->out == nullptr) return;
    const std::size_t left = connection->out->size() - connection->sent;
    const ssize_t sent =
        send(connection->fd, connection->out->data() + connection->sent, left, MSG_NOSIGNAL);
    if (sent == static_cast<ssize_t>(left)) return relay_.GiveBack(connection);
    // A broken connection says so at its next receive.
    if (sent > 0) connection->sent += static_cast<std::size_t>(sent);
    connection->blocked = true;
    Watch(EPOLL_CTL_MOD, connection->fd, EPOLLIN | EPOLLOUT);
  }

  // The descriptor is closed after the batch, so that no event of the batch meets its successor.
  void End(Connection* connection) {
    if (connection->fd < 0) return;
    graveyard_.push_back(connection->fd);
    relay_.Gone(connection);
    connection->fd = -1;
    connection->upgraded = connection->blocked = false;
    std::string().swap(connection->tail);
    std::string().swap(connection->name);
  }

  void Bury() {
    for (const int fd : graveyard_) {
      relay_.GiveBack(by_fd_[static_cast<std::size_t>(fd)].get());
      close(fd);
    }
    graveyard_.clear();
  }

  Relay relay_;
  int epoll_ = -1;
  int listener_ = -1;
  int timer_ = -1;
  std::vector<std::unique_ptr<Connection>> by_fd_;
  std::vector<char> buffer_;
  std::vector<int> graveyard_;
};

}  // namespace
}  // namespace smcp::yardstick

int main(int argc, char** argv) {
  if (argc != 3 || std::strcmp(argv[1], "--port") != 0) {
    std::fputs("usage: smcp-floor --port N   (0: a free one)\n", stderr);
    return 2;
  }
  rlimit files{};
  getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
  smcp::yardstick::Loop(static_cast<std::uint16_t>(std::atoi(argv[2]))).Run();
}
