// A plain client over loopback TCP: blocking calls with a deadline, HTTP responses and websocket
// frames taken apart by hand.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <chrono>
#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

#include "tests/unit/codec/ws_client.h"
#include "tests/unit/support/server_frames.h"
#include "tests/unit/support/wait.h"

namespace smcp::test {

struct Response {
  int status = 0;    // 0: none came
  std::string head;  // lower case, status line and headers
  std::string body;
};

class TcpClient {
 public:
  explicit TcpClient(uint16_t port) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connected_ = ::connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0;
  }
  ~TcpClient() { Hangup(); }
  TcpClient(const TcpClient&) = delete;
  TcpClient& operator=(const TcpClient&) = delete;

  bool connected() const { return connected_; }
  void Send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t n = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (n <= 0) return;
      bytes.remove_prefix(static_cast<size_t>(n));
    }
  }
  void SendText(std::string_view text) {
    Send(ws::Encode({.opcode = ws::Opcode::kText, .data = text}));
  }
  void Hangup() {
    if (fd_ >= 0) ::close(std::exchange(fd_, -1));
  }

  // The next response; its body is as long as Content-Length says.
  Response ReadResponse() {
    Response response;
    size_t end;
    while ((end = received_.find("\r\n\r\n")) == std::string::npos) {
      if (!ReadSome()) return response;
    }
    response.head = received_.substr(0, end + 2);
    std::transform(response.head.begin(), response.head.end(), response.head.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    received_.erase(0, end + 4);
    response.status = std::atoi(response.head.c_str() + response.head.find(' '));
    size_t size = 0;
    if (const size_t at = response.head.find("content-length: "); at != std::string::npos) {
      size = static_cast<size_t>(std::atol(response.head.c_str() + at + 16));
    }
    while (received_.size() < size) {
      if (!ReadSome()) return Response{};
    }
    response.body = received_.substr(0, size);
    received_.erase(0, size);
    return response;
  }
  // One frame, as TakeFrames writes it; `end` if the server ended the connection instead.
  std::string ReadFrame() {
    while (frames_.empty()) {
      frames_ = TakeFrames(&received_);
      if (frames_.empty() && !ReadSome()) return "end";
    }
    const std::string frame = frames_.front();
    frames_.erase(frames_.begin());
    return frame;
  }
  // Whether the server ends the connection without another byte.
  bool Ends() { return received_.empty() && !ReadSome() && ended_; }

 private:
  // False at the end of the connection and at the deadline.
  bool ReadSome() {
    const auto until = std::chrono::steady_clock::now() + kDeadline;
    for (;;) {
      const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
          until - std::chrono::steady_clock::now());
      if (left.count() <= 0) return false;
      pollfd readable{fd_, POLLIN, 0};
      if (::poll(&readable, 1, static_cast<int>(left.count())) <= 0) continue;
      char buffer[16384];
      const ssize_t n = ::recv(fd_, buffer, sizeof(buffer), 0);
      if (n <= 0) {
        ended_ = true;
        return false;
      }
      received_.append(buffer, static_cast<size_t>(n));
      return true;
    }
  }

  int fd_;
  bool connected_ = false;
  bool ended_ = false;
  std::string received_;
  std::vector<std::string> frames_;
};

// A listening socket of an application that accepts by itself.
class TcpAcceptor {
 public:
  TcpAcceptor() : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    address_.sin_family = AF_INET;
    address_.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address_);
    ::bind(fd_, reinterpret_cast<const sockaddr*>(&address_), size);
    ::listen(fd_, 8);
    ::getsockname(fd_, reinterpret_cast<sockaddr*>(&address_), &size);
  }
  ~TcpAcceptor() { ::close(fd_); }
  TcpAcceptor(const TcpAcceptor&) = delete;
  TcpAcceptor& operator=(const TcpAcceptor&) = delete;

  uint16_t port() const { return ntohs(address_.sin_port); }
  // For a client that has connected.
  int Accept() { return ::accept4(fd_, nullptr, nullptr, SOCK_CLOEXEC); }

 private:
  int fd_;
  sockaddr_in address_{};
};

}  // namespace smcp::test
