// The generator's event loop: level-triggered epoll, one receive per readiness into one shared
// buffer, and everything a wake-up produced sent with one call per connection before the next wait.
// One thread; times are NowNs().
#pragma once

#include <netinet/in.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "clients/bench/clock.h"

namespace smcp_bench {

class Loop;

struct Endpoint {
  sockaddr_storage address{};
  socklen_t length = 0;
};

// One TCP connection. The object must outlive the loop's turn in which it is closed.
class Stream {
 public:
  explicit Stream(Loop* loop) : loop_(loop) {}
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;
  virtual ~Stream();

  // Starts to connect. `source` is an IPv4 address in host order to bind to, 0 for any. On failure
  // OnClosed is not called; returns the reason, nullptr when under way.
  const char* Connect(const Endpoint& to, uint32_t source);
  // No OnClosed. Unsent bytes are dropped.
  void Close();
  bool is_open() const { return fd_ >= 0; }
  bool is_connected() const { return connected_; }

  // Append, then Dirty(): it goes out at the end of the turn.
  std::string& out() { return out_; }
  void Dirty();
  // A FIN behind what was sent; what comes in is still read.
  void FinishSending();

 protected:
  virtual void OnConnected() = 0;
  // Returns how many bytes were taken; the rest comes again, with more behind it.
  virtual size_t OnBytes(char* data, size_t size) = 0;
  virtual void OnClosed(std::string_view why) = 0;
  // Last chance to append before the turn's bytes are sent.
  virtual void BeforeFlush() {}

 private:
  friend class Loop;

  void OnReady(uint32_t events);
  void Receive();
  void Flush();
  void Lost(std::string_view why);
  void Watch(uint32_t events);

  Loop* loop_;
  int fd_ = -1;
  bool connected_ = false;
  bool dirty_ = false;
  bool finish_ = false;
  uint32_t watched_ = 0;
  std::string out_;
  std::string tail_;  // an incomplete frame or header
};

class Loop {
 public:
  Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;
  ~Loop();

  // Turns until `done(now)` says so (true) or the deadline passes (false). `done` runs once per
  // turn, before sending, so it may also do what is due; WakeAt bounds the wait that follows.
  template <typename Done>
  bool RunUntil(int64_t deadline, Done done) {
    for (;;) {
      now_ = NowNs();
      wake_at_ = std::min(deadline, now_ + 100 * kMillisecond);
      const bool finished = done(now_);
      FlushDirty();
      if (finished) return true;
      if (now_ >= deadline) return false;
      WaitAndDispatch();
    }
  }

  void WakeAt(int64_t when) { wake_at_ = std::min(wake_at_, when); }
  int64_t now() const { return now_; }

 private:
  friend class Stream;

  static constexpr size_t kReceiveMax = 256 * 1024;

  void FlushDirty();
  void WaitAndDispatch();
  char* Buffer(size_t size);

  int epoll_;
  int64_t now_ = 0;
  int64_t wake_at_ = 0;
  std::vector<Stream*> dirty_;
  std::vector<char> buffer_;
};

}  // namespace smcp_bench
