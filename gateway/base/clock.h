// Time as a value that is handed in: protocol code never asks the system for it.
#pragma once

#include <chrono>
#include <cstdint>

namespace smcp {

using Millis = std::chrono::milliseconds;

// Monotonic milliseconds since an arbitrary start.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual int64_t NowMs() const = 0;
  // The same clock, finer: for measuring.
  virtual int64_t NowUs() const { return NowMs() * 1000; }
  // A moment of this clock as Unix milliseconds. One moment always has the same answer, so what is
  // shown of it does not waver; a system clock that is set later is not followed.
  virtual int64_t ToUnixMs(int64_t at_ms) const { return at_ms; }
};

class SteadyClock final : public Clock {
 public:
  int64_t NowMs() const override {
    return std::chrono::duration_cast<Millis>(std::chrono::steady_clock::now().time_since_epoch())
        .count();
  }
  int64_t NowUs() const override {
    return std::chrono::duration_cast<std::chrono::microseconds>(
               std::chrono::steady_clock::now().time_since_epoch())
        .count();
  }
  int64_t ToUnixMs(int64_t at_ms) const override {
    static const int64_t offset =
        std::chrono::duration_cast<Millis>(std::chrono::system_clock::now().time_since_epoch())
            .count() -
        SteadyClock().NowMs();
    return at_ms + offset;
  }
};

}  // namespace smcp
