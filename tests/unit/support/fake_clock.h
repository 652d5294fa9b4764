// Time that stands still until a test moves it.
#pragma once

#include "gateway/base/clock.h"
#include "gateway/base/timer_wheel.h"

namespace smcp::test {

class FakeClock final : public Clock {
 public:
  explicit FakeClock(int64_t now_ms) : now_ms_(now_ms) {}
  int64_t NowMs() const override { return now_ms_; }
  void Set(int64_t now_ms) { now_ms_ = now_ms; }

 private:
  int64_t now_ms_;
};

}  // namespace smcp::test
