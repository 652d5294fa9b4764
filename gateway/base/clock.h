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
};

class SteadyClock final : public Clock {
 public:
  int64_t NowMs() const override {
    return std::chrono::duration_cast<Millis>(std::chrono::steady_clock::now().time_since_epoch())
        .count();
  }
};

}  // namespace smcp
