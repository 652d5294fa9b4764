// The shards of one server: starts and stops them, and posts between them.
//
// Thread rule: Start, Stop and the destructor belong to the owner's thread; Post is for any thread.
// It must be destroyed last of all that may post: whoever posts dies before what it posts to.
#pragma once

#include <atomic>
#include <memory>
#include <vector>

#include "gateway/base/task.h"
#include "gateway/runtime/shard.h"

namespace smcp {

class ShardSet final : public Scheduler {
 public:
  // 0: one shard per CPU that the process may use (cpus.h).
  explicit ShardSet(unsigned threads);

  uint16_t shard_count() const override { return static_cast<uint16_t>(shards_.size()); }
  // After Stop tasks are destroyed unrun.
  void Post(uint16_t shard, Task task) override {
    if (!stopped_.load(std::memory_order_acquire)) shards_[shard]->Post(std::move(task));
  }
  Shard& shard(uint16_t index) { return *shards_[index]; }

  void Start();
  // Stops the loops and joins the threads; what is queued is not run.
  void Stop();

 private:
  std::atomic<bool> stopped_{false};
  std::vector<std::unique_ptr<Shard>> shards_;
};

}  // namespace smcp
