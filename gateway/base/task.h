// A piece of work that moves between threads, and where to put it.
//
// Scheduler is all that the domain knows of threads: shards are numbers, and the only verb is
// Post. A post is always queued, also to the own shard, and posts are causally ordered: if A's post
// led to B's post to the same shard, A's runs first. The domain's ordering rests on that
// (ARCHITECTURE.md, "Causal posts").
#pragma once

#include <cstdint>

#include "absl/functional/any_invocable.h"

namespace smcp {

// Tables of shards are arrays of this size; the configuration allows no more threads.
inline constexpr uint16_t kShardsMax = 256;

using Task = absl::AnyInvocable<void() &&>;

class Scheduler {
 public:
  virtual ~Scheduler() = default;
  virtual uint16_t shard_count() const = 0;
  // Any thread.
  virtual void Post(uint16_t shard, Task task) = 0;
};

}  // namespace smcp
