// One shared secret, presented in a header of the handshake or in a field of the CONNECT payload:
// the default of the references (SMCP-PROTOCOL.md 1.4), with the names configurable.
//
// Comparing takes the same time whatever is presented and says nothing of the secret's length:
// keyed digests are compared, and every place is looked at. With an empty secret everybody is
// refused. Thread rule: immutable; any thread, concurrently.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gateway/smcp/auth.h"

namespace smcp {

struct ApiKeyOptions {
  std::string secret;
  std::vector<std::string> header_names = {"x-api-key", "access_token"};  // case does not matter
  std::vector<std::string> auth_fields = {"token"};  // string fields of the CONNECT payload
};

class ApiKeyCheck {
 public:
  explicit ApiKeyCheck(ApiKeyOptions options);
  absl::StatusOr<Identity> Check(const AuthRequest& request) const;

 private:
  using Digest = std::array<uint8_t, 32>;
  Digest DigestOf(std::string_view text) const;
  bool Matches(std::string_view candidate) const;

  std::vector<std::string> header_names_;
  std::vector<std::string> auth_fields_;
  Digest key_{};  // random, of this process
  Digest secret_{};
  bool empty_;
};

// Never blocks: checks at once.
class DefaultAuthenticationProvider final : public AuthenticationProvider {
 public:
  explicit DefaultAuthenticationProvider(ApiKeyOptions options) : check_(std::move(options)) {}
  void Authenticate(AuthRequest request, Done done) override {
    std::move(done)(check_.Check(request));
  }

 private:
  ApiKeyCheck check_;
};

// The same where a SyncAuthenticationProvider is asked for, or to derive from.
class DefaultSyncAuthenticationProvider : public SyncAuthenticationProvider {
 public:
  explicit DefaultSyncAuthenticationProvider(ApiKeyOptions options) : check_(std::move(options)) {}
  absl::StatusOr<Identity> Authenticate(const AuthRequest& request) override {
    return check_.Check(request);
  }

 private:
  ApiKeyCheck check_;
};

}  // namespace smcp
