// Where the control plane's own work runs: one thread, tasks in order, timers. Never a shard, never
// a gRPC thread, so neither waits for the other.
//
// Thread rule: Post and After from any thread; tasks run one at a time. Units: milliseconds; UnixMs
// is the wall clock, NowMs is monotonic.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>

#include "absl/functional/any_invocable.h"
#include "gateway/base/task.h"

namespace smcp::control {

class Executor {
 public:
  virtual ~Executor() = default;
  virtual void Post(Task task) = 0;
  virtual void After(int64_t delay_ms, Task task) = 0;
  virtual int64_t NowMs() const = 0;
  virtual int64_t UnixMs() const = 0;
};

// A callback for the gateway that runs `then` with the answer on that thread and not on the shard
// that gave it.
template <class T, class F>
absl::AnyInvocable<void(T) &&> OnExecutor(std::shared_ptr<Executor> executor, F then) {
  return [executor = std::move(executor), then = std::move(then)](T answer) mutable {
    executor->Post([then = std::move(then), answer = std::move(answer)]() mutable {
      then(std::move(answer));
    });
  };
}

class ThreadExecutor final : public Executor {
 public:
  ThreadExecutor();
  ~ThreadExecutor() override;

  void Post(Task task) override;
  void After(int64_t delay_ms, Task task) override;
  int64_t NowMs() const override;
  int64_t UnixMs() const override;
  // Runs the task that is running to its end and no other; what is left, and what comes later, is
  // destroyed unrun. Any thread but its own.
  void Stop();

 private:
  void Run();

  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Task> ready_;
  std::multimap<int64_t, Task> timers_;  // by NowMs
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace smcp::control
