// Real shard threads without sockets, for tests of what blocks.
#pragma once

#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "gateway/base/task.h"

namespace smcp::test {

class ThreadScheduler final : public Scheduler {
 public:
  explicit ThreadScheduler(uint16_t shards) {
    for (uint16_t i = 0; i < shards; ++i) shards_.push_back(std::make_unique<Shard>());
    for (auto& shard : shards_) shard->thread = std::thread([&shard] { shard->Work(); });
  }
  ~ThreadScheduler() { Stop(); }

  uint16_t shard_count() const override { return static_cast<uint16_t>(shards_.size()); }
  void Post(uint16_t shard, Task task) override { shards_[shard]->Post(std::move(task)); }
  // Runs what is queued, then ends the threads.
  void Stop() {
    for (auto& shard : shards_) shard->Post(nullptr);
    for (auto& shard : shards_) {
      if (shard->thread.joinable()) shard->thread.join();
    }
  }

 private:
  struct Shard {
    void Post(Task task) {
      const std::lock_guard lock(mutex);
      queue.push_back(std::move(task));
      wake.notify_one();
    }
    void Work() {
      for (;;) {
        std::unique_lock lock(mutex);
        wake.wait(lock, [this] { return !queue.empty(); });
        Task task = std::move(queue.front());
        queue.pop_front();
        lock.unlock();
        if (!task) return;
        std::move(task)();
      }
    }
    std::mutex mutex;
    std::condition_variable wake;
    std::deque<Task> queue;
    std::thread thread;
  };
  std::vector<std::unique_ptr<Shard>> shards_;
};

}  // namespace smcp::test
