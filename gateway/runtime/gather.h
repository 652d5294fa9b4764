// Asks every shard and delivers all answers at once.
#pragma once

#include <atomic>
#include <memory>
#include <utility>
#include <vector>

#include "gateway/base/task.h"

namespace smcp {

// Runs part(shard) on every shard; `done` gets the parts in shard order, once, on the shard that
// answered last. Consistent per shard, not across shards: each part is a moment of its own.
template <class Part, class PartFn, class Done>
void Gather(Scheduler& scheduler, PartFn part, Done done) {
  struct State {
    State(size_t n, PartFn p, Done d) : parts(n), left(n), part(std::move(p)), done(std::move(d)) {}
    std::vector<Part> parts;
    std::atomic<size_t> left;
    PartFn part;
    Done done;
  };
  const uint16_t shards = scheduler.shard_count();
  auto state = std::make_shared<State>(shards, std::move(part), std::move(done));
  for (uint16_t shard = 0; shard < shards; ++shard) {
    scheduler.Post(shard, [state, shard] {
      state->parts[shard] = state->part(shard);
      if (state->left.fetch_sub(1) == 1) state->done(std::move(state->parts));
    });
  }
}

}  // namespace smcp
