// How the parts of the domain on different shards reach each other: by posting a task to a shard's
// router. What has gone is not found: a task for a router that was destroyed does nothing.
//
// Thread rule: RouterSet is written when routers come and go and read only in tasks of the shard
// concerned; the atomics are for readers of other threads that ask which shards serve.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <string_view>
#include <utility>

#include "gateway/base/check.h"
#include "gateway/base/strings.h"
#include "gateway/base/task.h"

namespace smcp {

class Router;

class RouterSet {
 public:
  Router* At(uint16_t shard) const { return routers_[shard].load(std::memory_order_acquire); }
  void Set(uint16_t shard, Router* router) {
    SMCP_CHECK(shard < kShardsMax);
    routers_[shard].store(router, std::memory_order_release);
  }

 private:
  std::array<std::atomic<Router*>, kShardsMax> routers_{};
};

// Where the office is decided about; the same on every shard of this process.
inline uint16_t HomeShardOf(std::string_view office_id, uint16_t shard_count) {
  return static_cast<uint16_t>(StringHash()(office_id) % shard_count);
}

// True on threads that have run a router: blocking there would stop a shard.
inline bool& OnShardThread() {
  thread_local bool on_shard = false;
  return on_shard;
}

// One per router. The RouterSet outlives every task posted here (it belongs to the SmcpDomain,
// which is dropped after the shards have stopped).
class Links {
 public:
  Links(uint16_t shard, Scheduler& scheduler, RouterSet& routers)
      : shard_(shard), scheduler_(scheduler), routers_(routers) {}

  uint16_t shard() const { return shard_; }
  uint16_t shard_count() const { return scheduler_.shard_count(); }
  uint16_t HomeOf(std::string_view office_id) const {
    return HomeShardOf(office_id, scheduler_.shard_count());
  }
  // Nullptr once the router of this shard is gone. Only in tasks of this shard.
  Router* Here() const { return routers_.At(shard_); }
  // `f(Router&)` runs as a task of `shard`, in causal order with all other posts.
  template <class F>
  void Post(uint16_t shard, F f) const {
    scheduler_.Post(shard, [routers = &routers_, shard, f = std::move(f)]() mutable {
      OnShardThread() = true;
      if (Router* router = routers->At(shard)) f(*router);
    });
  }

 private:
  uint16_t shard_;
  Scheduler& scheduler_;
  RouterSet& routers_;
};

}  // namespace smcp
