// A bounded number of threads for code that blocks: sync authentication providers and handlers.
//
// Both the threads and the queue have a limit, so a slow dependency ends in refusals, not in
// memory. Threads are started when they are first needed. Thread rule: any thread. Destruction
// waits for the tasks that run and drops those that do not yet.
#pragma once

#include <cstddef>
#include <memory>
#include <thread>
#include <vector>

#include "gateway/base/task.h"

namespace smcp {

class SyncPool {
 public:
  // At least one thread; `queue_max` tasks wait at most, beyond those that run.
  SyncPool(size_t threads_max, size_t queue_max);
  ~SyncPool();
  SyncPool(const SyncPool&) = delete;
  SyncPool& operator=(const SyncPool&) = delete;

  // False if the pool is full: nothing will run, `task` is unchanged.
  bool Run(Task& task);

 private:
  // Shared with the threads: the last task may be what destroys the pool, on one of them.
  struct State;
  static void Work(State& state);

  const size_t threads_max_;
  const size_t queue_max_;
  const std::shared_ptr<State> state_;
  std::vector<std::thread> threads_;
};

}  // namespace smcp
