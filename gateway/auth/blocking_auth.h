// Makes a blocking provider asynchronous: it runs on a bounded pool, never on a shard. When the
// pool and its queue are full, connections are refused at once (RESOURCE_EXHAUSTED). Thread rule:
// any thread, concurrently.
#pragma once

#include <cstddef>
#include <memory>

#include "gateway/smcp/auth.h"
#include "gateway/smcp/sync_pool.h"

namespace smcp {

class BlockingAuth final : public AuthenticationProvider {
 public:
  BlockingAuth(std::shared_ptr<SyncAuthenticationProvider> provider, size_t threads_max,
               size_t queue_max);
  void Authenticate(AuthRequest request, Done done) override;

 private:
  std::shared_ptr<SyncAuthenticationProvider> provider_;
  SyncPool pool_;
};

}  // namespace smcp
