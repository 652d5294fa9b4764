#include "control/access.h"

#include <openssl/crypto.h>
#include <openssl/sha.h>

#include <algorithm>
#include <set>

#include "control/errors.h"
#include "control/glob.h"
#include "gateway/base/strings.h"

namespace smcp::control {
namespace {

using Digest = std::array<uint8_t, SHA256_DIGEST_LENGTH>;

Digest Sha256(std::string_view text) {
  Digest digest{};
  SHA256(reinterpret_cast<const uint8_t*>(text.data()), text.size(), digest.data());
  return digest;
}

int HexValue(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

bool ParseDigest(std::string_view hex, Digest& out) {
  if (hex.size() != out.size() * 2) return false;
  for (size_t i = 0; i < out.size(); ++i) {
    const int high = HexValue(hex[2 * i]);
    const int low = HexValue(hex[2 * i + 1]);
    if (high < 0 || low < 0) return false;
    out[i] = static_cast<uint8_t>(high * 16 + low);
  }
  return true;
}

// The token of "Bearer <token>"; the scheme's case does not matter.
std::string_view BearerToken(std::string_view authorization) {
  constexpr std::string_view kScheme = "bearer ";
  if (authorization.size() <= kScheme.size()) return {};
  for (size_t i = 0; i < kScheme.size(); ++i) {
    const char c = authorization[i];
    const char lower = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    if (lower != kScheme[i]) return {};
  }
  authorization.remove_prefix(kScheme.size());
  while (authorization.starts_with(' ')) authorization.remove_prefix(1);
  return authorization;
}

absl::Status BadGrant(std::string_view name, std::string_view what) {
  return absl::InvalidArgumentError(
      ToAbsl("control credential '" + std::string(name) + "': " + std::string(what)));
}

}  // namespace

bool Caller::MaySee(std::string_view office_id) const {
  if (!limited()) return true;
  if (office_id.empty()) return false;
  return std::any_of(offices.begin(), offices.end(),
                     [office_id](const std::string& glob) { return GlobMatches(glob, office_id); });
}

std::string Sha256Hex(std::string_view text) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string out;
  for (const uint8_t byte : Sha256(text)) {
    out.push_back(kDigits[byte >> 4]);
    out.push_back(kDigits[byte & 15]);
  }
  return out;
}

absl::StatusOr<AccessPolicy> AccessPolicy::Create(const AccessOptions& options) {
  AccessPolicy policy;
  policy.open_ = options.empty();
  std::set<std::string> names;
  for (const TokenGrant& grant : options.tokens) {
    Token token;
    if (grant.name.empty()) return BadGrant("", "has no name");
    if (!names.insert(grant.name).second) return BadGrant(grant.name, "is named twice");
    if (grant.role == v1::ACCESS_ROLE_UNSPECIFIED) return BadGrant(grant.name, "has no role");
    if (!ParseDigest(grant.sha256_hex, token.digest)) {
      return BadGrant(grant.name, "its hash is not 64 hexadecimal digits");
    }
    token.caller = {grant.name, "", grant.role, grant.offices};
    policy.tokens_.push_back(std::move(token));
  }
  for (const CertificateGrant& grant : options.certificates) {
    if (grant.san.empty()) return BadGrant(grant.name, "has no subject alternative name");
    if (grant.role == v1::ACCESS_ROLE_UNSPECIFIED) return BadGrant(grant.san, "has no role");
    policy.certificates_.push_back(grant);
  }
  return policy;
}

absl::StatusOr<Caller> AccessPolicy::Authenticate(
    std::string_view authorization, const std::vector<std::string>& certificate_names) const {
  if (open_) return Caller{"anonymous", "", v1::ADMIN, {}};
  if (!authorization.empty()) {
    const Digest digest = Sha256(BearerToken(authorization));
    const Token* found = nullptr;
    for (const Token& token : tokens_) {
      if (CRYPTO_memcmp(digest.data(), token.digest.data(), digest.size()) == 0) found = &token;
    }
    if (found == nullptr || BearerToken(authorization).empty()) {
      return Refuse(v1::CREDENTIAL_INVALID, "the token is not known here");
    }
    return found->caller;
  }
  for (const CertificateGrant& grant : certificates_) {
    for (const std::string& name : certificate_names) {
      if (GlobMatches(grant.san, name)) {
        return Caller{grant.name.empty() ? name : grant.name, "", grant.role, grant.offices};
      }
    }
  }
  if (!certificate_names.empty()) {
    return Refuse(v1::CREDENTIAL_INVALID, "the certificate's names have no role here");
  }
  return Refuse(v1::CREDENTIAL_REQUIRED, "a token (authorization: Bearer ...) is required");
}

absl::Status RequireRole(const Caller& caller, v1::AccessRole required) {
  if (caller.role >= required) return absl::OkStatus();
  return Refuse(v1::ROLE_REQUIRED, "the role " + v1::AccessRole_Name(required) + " is required",
                {{"required_role", v1::AccessRole_Name(required)},
                 {"role", v1::AccessRole_Name(caller.role)}});
}

absl::Status RequireOffice(const Caller& caller, std::string_view office_id) {
  if (caller.MaySee(office_id)) return absl::OkStatus();
  return Refuse(v1::OFFICE_SCOPE, office_id.empty()
                                      ? "this credential is limited to some offices"
                                      : "this credential is not meant for that office");
}

}  // namespace smcp::control
