// Shards without threads: a step of one shard at a time, in an order the test decides.
//
// The model is that of real shards: each runs one task after another; the posts of a running task
// take effect one by one, and other shards may run between them. So a task's posts are kept with
// its shard and delivered as steps of their own, before that shard goes on. Every interleaving that
// real shards can produce is reachable, and none that causal posts forbid.
#pragma once

#include <cstdint>
#include <deque>
#include <utility>
#include <vector>

#include "gateway/base/rng.h"
#include "gateway/base/task.h"

namespace smcp::test {

class FakeScheduler final : public Scheduler {
 public:
  explicit FakeScheduler(uint16_t shards) : shards_(shards) {}

  uint16_t shard_count() const override { return static_cast<uint16_t>(shards_.size()); }

  void Post(uint16_t shard, Task task) override {
    if (running_ == kNobody) {
      shards_[shard].queue.push_back(std::move(task));
    } else {
      shards_[running_].outgoing.emplace_back(shard, std::move(task));
    }
  }

  // Whatever `f` posts counts as posted by `shard`.
  template <class F>
  void As(size_t shard, F f) {
    const size_t before = std::exchange(running_, shard);
    f();
    running_ = before;
  }

  bool running(size_t shard) const { return running_ == shard; }
  bool idle() const {
    for (const Shard& shard : shards_) {
      if (!shard.queue.empty() || !shard.outgoing.empty()) return false;
    }
    return true;
  }

  // One step of that shard, if it has one to take.
  bool Step(size_t index) {
    Shard& shard = shards_[index];
    if (!shard.outgoing.empty()) {
      auto [to, task] = std::move(shard.outgoing.front());
      shard.outgoing.pop_front();
      shards_[to].queue.push_back(std::move(task));
      return true;
    }
    if (shard.queue.empty()) return false;
    Task task = std::move(shard.queue.front());
    shard.queue.pop_front();
    As(index, [&] { std::move(task)(); });
    return true;
  }

  // One step of a shard picked by `random`; false if nothing is left to do.
  bool StepRandom(SeededRandom& random) {
    const size_t first = random.Next() % shards_.size();
    for (size_t i = 0; i < shards_.size(); ++i) {
      if (Step((first + i) % shards_.size())) return true;
    }
    return false;
  }

  void RunAll() {
    while (!idle()) {
      for (size_t shard = 0; shard < shards_.size(); ++shard) Step(shard);
    }
  }

 private:
  struct Shard {
    std::deque<Task> queue;
    std::deque<std::pair<uint16_t, Task>> outgoing;
  };
  static constexpr size_t kNobody = SIZE_MAX;
  std::vector<Shard> shards_;
  size_t running_ = kNobody;
};

}  // namespace smcp::test
