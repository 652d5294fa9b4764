// Waiting for another thread: for a condition, never for a time, and never for ever.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>

namespace smcp::test {

// Longer than anything on a loaded machine; a test that gets here has failed.
inline constexpr std::chrono::seconds kDeadline{20};

// A number that one thread raises and another waits for.
class Signal {
 public:
  void Raise() {
    const std::lock_guard lock(mutex_);
    ++count_;
    changed_.notify_all();
  }
  // True once it was raised `count` times in all; false if that did not happen in time.
  [[nodiscard]] bool Wait(int count = 1) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, kDeadline, [&] { return count_ >= count; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  int count_ = 0;
};

}  // namespace smcp::test
