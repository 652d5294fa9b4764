#include "clients/bench/loop.h"

#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace smcp_bench {

Stream::~Stream() {
  Close();
  if (dirty_)
    std::replace(loop_->dirty_.begin(), loop_->dirty_.end(), this, static_cast<Stream*>(nullptr));
}

const char* Stream::Connect(const Endpoint& to, uint32_t source) {
  Close();
  fd_ = socket(to.address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd_ < 0) return std::strerror(errno);
  const int on = 1;
  setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (source != 0) {
    // The port is chosen at connect(), by the whole 4-tuple, so one address holds many more.
    setsockopt(fd_, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
    sockaddr_in from{};
    from.sin_family = AF_INET;
    from.sin_addr.s_addr = htonl(source);
    if (bind(fd_, reinterpret_cast<const sockaddr*>(&from), sizeof from) != 0) {
      const char* why = std::strerror(errno);
      Close();
      return why;
    }
  }
  if (connect(fd_, reinterpret_cast<const sockaddr*>(&to.address), to.length) != 0 &&
      errno != EINPROGRESS) {
    const char* why = std::strerror(errno);
    Close();
    return why;
  }
  watched_ = 0;
  Watch(EPOLLIN | EPOLLOUT);
  return nullptr;
}

void Stream::Close() {
  if (fd_ >= 0) close(fd_);  // also leaves the epoll set
  fd_ = -1;
  connected_ = false;
  finish_ = false;
  out_.clear();
  tail_.clear();
}

void Stream::Dirty() {
  if (dirty_ || fd_ < 0) return;
  dirty_ = true;
  loop_->dirty_.push_back(this);
}

void Stream::FinishSending() {
  finish_ = true;
  Dirty();
}

void Stream::Watch(uint32_t events) {
  if (events == watched_) return;
  epoll_event event{};
  event.events = events;
  event.data.ptr = this;
  epoll_ctl(loop_->epoll_, watched_ == 0 ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, fd_, &event);
  watched_ = events;
}

void Stream::Lost(std::string_view why) {
  Close();
  OnClosed(why);
}

void Stream::OnReady(uint32_t events) {
  if (fd_ < 0) return;  // closed by an earlier event of the same turn
  if (!connected_) {
    int error = 0;
    socklen_t size = sizeof error;
    getsockopt(fd_, SOL_SOCKET, SO_ERROR, &error, &size);
    if (error != 0) return Lost(std::strerror(error));
    if ((events & EPOLLOUT) == 0) return;
    connected_ = true;
    Watch(EPOLLIN);
    OnConnected();
    return;
  }
  if ((events & EPOLLOUT) != 0) {
    Watch(EPOLLIN);
    Dirty();
  }
  if ((events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0) Receive();
}

void Stream::Receive() {
  const size_t kept = tail_.size();
  char* buffer = loop_->Buffer(kept + Loop::kReceiveMax);
  const ssize_t got = recv(fd_, buffer + kept, Loop::kReceiveMax, 0);
  if (got < 0) {
    if (errno == EAGAIN || errno == EINTR) return;
    return Lost(std::strerror(errno));
  }
  if (got == 0) return Lost("closed by the server");
  std::memcpy(buffer, tail_.data(), kept);
  const size_t size = kept + static_cast<size_t>(got);
  const size_t taken = OnBytes(buffer, size);
  if (fd_ < 0) return;
  if (taken < size) {
    tail_.assign(buffer + taken, size - taken);
  } else {
    tail_.clear();
  }
}

void Stream::Flush() {
  dirty_ = false;
  if (fd_ < 0 || !connected_) return;
  BeforeFlush();
  if (!out_.empty()) {
    const ssize_t sent = send(fd_, out_.data(), out_.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno != EAGAIN && errno != EINTR) return Lost(std::strerror(errno));
    if (sent >= 0 && static_cast<size_t>(sent) == out_.size()) {
      out_.clear();
    } else {
      if (sent > 0) out_.erase(0, static_cast<size_t>(sent));
      Watch(EPOLLIN | EPOLLOUT);
      return;
    }
  }
  if (finish_) {
    finish_ = false;
    shutdown(fd_, SHUT_WR);
  }
}

Loop::Loop() : epoll_(epoll_create1(EPOLL_CLOEXEC)) {}

Loop::~Loop() { close(epoll_); }

char* Loop::Buffer(size_t size) {
  if (buffer_.size() < size) buffer_.resize(size);
  return buffer_.data();
}

void Loop::FlushDirty() {
  // By index: a connection that is lost while sending may make others speak.
  for (size_t i = 0; i < dirty_.size(); ++i) {
    Stream* stream = dirty_[i];
    if (stream != nullptr) stream->Flush();
  }
  dirty_.clear();
}

void Loop::WaitAndDispatch() {
  std::array<epoll_event, 1024> events;
  const int64_t wait = std::max<int64_t>(0, wake_at_ - NowNs());
  const timespec timeout{wait / kSecond, wait % kSecond};
  const int count =
      epoll_pwait2(epoll_, events.data(), static_cast<int>(events.size()), &timeout, nullptr);
  now_ = NowNs();
  for (int i = 0; i < count; ++i) {
    const epoll_event& event = events[static_cast<size_t>(i)];
    static_cast<Stream*>(event.data.ptr)->OnReady(event.events);
  }
}

}  // namespace smcp_bench
