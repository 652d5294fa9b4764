// Everybody may connect. Thread rule: any thread.
#pragma once

#include <utility>

#include "gateway/smcp/auth.h"

namespace smcp {

class NoAuthenticationProvider final : public AuthenticationProvider {
 public:
  void Authenticate(AuthRequest /*request*/, Done done) override { std::move(done)(Identity()); }
};

}  // namespace smcp
