#include "gateway/auth/blocking_auth.h"

#include <utility>

#include "absl/status/status.h"
#include "gateway/base/check.h"

namespace smcp {

BlockingAuth::BlockingAuth(std::shared_ptr<SyncAuthenticationProvider> provider, size_t threads_max,
                           size_t queue_max)
    : provider_(std::move(provider)), pool_(threads_max, queue_max) {
  SMCP_CHECK(provider_ != nullptr);
}

void BlockingAuth::Authenticate(AuthRequest request, Done done) {
  // Shared: the task holds it, and it is needed here if the pool does not take the task.
  const auto shared_done = std::make_shared<Done>(std::move(done));
  Task task = [provider = provider_, request = std::move(request), shared_done] {
    absl::StatusOr<Identity> identity = absl::InternalError("exception");
    try {
      identity = provider->Authenticate(request);
    } catch (...) {
      // What it says may hold credentials; a refusal is all that leaves here.
    }
    std::move (*shared_done)(std::move(identity));
  };
  if (!pool_.Run(task)) std::move (*shared_done)(absl::ResourceExhaustedError("pool is full"));
}

}  // namespace smcp
