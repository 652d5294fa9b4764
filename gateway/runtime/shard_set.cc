#include "gateway/runtime/shard_set.h"

#include <algorithm>

#include "gateway/runtime/cpus.h"

namespace smcp {

ShardSet::ShardSet(unsigned threads) {
  const unsigned count = std::min<unsigned>(threads != 0 ? threads : UsableCpus(), kShardsMax);
  for (unsigned i = 0; i < count; ++i) {
    shards_.push_back(std::make_unique<Shard>(static_cast<uint16_t>(i)));
  }
}

void ShardSet::Start() {
  for (auto& shard : shards_) shard->Start();
}

void ShardSet::Stop() {
  stopped_.store(true, std::memory_order_release);
  for (auto& shard : shards_) shard->Stop();
  for (auto& shard : shards_) shard->Join();
}

}  // namespace smcp
