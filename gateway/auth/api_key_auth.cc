#include "gateway/auth/api_key_auth.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <climits>
#include <utility>

#include "absl/status/status.h"
#include "gateway/base/check.h"
#include "gateway/base/rng.h"
#include "gateway/codec/json_index.h"
#include "gateway/codec/json_text.h"

namespace smcp {
namespace {

// A credential is short; what is longer is not one, and need not be digested.
constexpr size_t kCredentialBytesMax = 16 * 1024;

}  // namespace

ApiKeyCheck::ApiKeyCheck(ApiKeyOptions options)
    : header_names_(std::move(options.header_names)),
      auth_fields_(std::move(options.auth_fields)),
      empty_(options.secret.empty()) {
  SystemRandom().Fill(key_);
  secret_ = DigestOf(options.secret);
  OPENSSL_cleanse(options.secret.data(), options.secret.size());
}

ApiKeyCheck::Digest ApiKeyCheck::DigestOf(std::string_view text) const {
  Digest digest{};
  unsigned int size = 0;
  const auto* bytes = reinterpret_cast<const unsigned char*>(text.data());
  const unsigned char* made = HMAC(EVP_sha256(), key_.data(), static_cast<int>(key_.size()), bytes,
                                   text.size(), digest.data(), &size);
  SMCP_CHECK(made != nullptr && size == digest.size());
  return digest;
}

bool ApiKeyCheck::Matches(std::string_view candidate) const {
  if (candidate.size() > kCredentialBytesMax) return false;
  const Digest digest = DigestOf(candidate);
  return CRYPTO_memcmp(digest.data(), secret_.data(), digest.size()) == 0;
}

absl::StatusOr<Identity> ApiKeyCheck::Check(const AuthRequest& request) const {
  bool matched = false;
  for (const std::string& name : header_names_) {
    const std::string* value = request.Header(name);
    if (value != nullptr) matched |= Matches(*value);
  }
  json::Index index;
  if (index.Build(request.auth, INT_MAX) == json::Error::kNone &&
      index.root().kind == json::Kind::kObject) {
    json::Index::Cursor cursor = index.Enter(index.root());
    std::string_view key;
    json::Value value;
    std::string text;
    while (index.NextField(&cursor, &key, &value)) {
      if (value.kind != json::Kind::kString) continue;
      for (const std::string& field : auth_fields_) {
        text.clear();
        if (json::Spells(key, field) && json::Unescape(value.inner(), &text)) {
          matched |= Matches(text);
        }
      }
    }
  }
  if (!matched || empty_) return absl::UnauthenticatedError("no valid credential");
  return Identity{.subject = "api_key", .labels = {}};
}

}  // namespace smcp
