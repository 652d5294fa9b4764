// A provider that stands for another one, which can be exchanged while clients connect: what has
// been asked is answered by whom it was asked, the next client meets the new one.
//
// Thread rule: any thread, concurrently; the lock is held to copy a pointer, once per connect.
#pragma once

#include <memory>
#include <mutex>
#include <utility>

#include "gateway/smcp/auth.h"

namespace smcp {

class SwitchedAuth final : public AuthenticationProvider {
 public:
  explicit SwitchedAuth(std::shared_ptr<AuthenticationProvider> provider)
      : provider_(std::move(provider)) {}

  void Switch(std::shared_ptr<AuthenticationProvider> provider) {
    const std::lock_guard lock(mutex_);
    provider_.swap(provider);
  }
  void Authenticate(AuthRequest request, Done done) override {
    // Kept alive until it has returned: the exchange must not pull it away under its feet.
    const std::shared_ptr<AuthenticationProvider> provider = Current();
    provider->Authenticate(std::move(request), std::move(done));
  }

 private:
  std::shared_ptr<AuthenticationProvider> Current() {
    const std::lock_guard lock(mutex_);
    return provider_;
  }

  std::mutex mutex_;
  std::shared_ptr<AuthenticationProvider> provider_;
};

}  // namespace smcp
