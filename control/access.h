// Who may call what: credentials, roles, offices.
//
// A token is known by its SHA-256 only. What is presented is hashed and compared with every entry,
// each in constant time, so neither the place nor the closeness of a miss can be timed. No message
// made here holds any part of a token. With no credential configured everybody is an administrator:
// the daemon allows that on a loopback address or by an explicit flag.
// Thread rule: AccessPolicy is immutable; any thread.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "smcp/control/v1/common.pb.h"

namespace smcp::control {

struct Caller {
  std::string name{};     // of the credential; goes to the audit log
  std::string address{};  // where the call came from
  v1::AccessRole role = v1::VIEWER;
  std::vector<std::string> offices{};  // globs; empty: all

  bool limited() const { return !offices.empty(); }
  // An office-limited caller sees nothing that is in no office ("").
  bool MaySee(std::string_view office_id) const;
};

struct TokenGrant {
  std::string name{};
  v1::AccessRole role = v1::VIEWER;
  std::vector<std::string> offices{};
  std::string sha256_hex{};  // 64 hexadecimal digits
};
// A client certificate one of whose subject alternative names matches.
struct CertificateGrant {
  std::string name{};  // empty: the subject alternative name itself
  std::string san{};   // glob
  v1::AccessRole role = v1::VIEWER;
  std::vector<std::string> offices{};
};
struct AccessOptions {
  std::vector<TokenGrant> tokens{};
  std::vector<CertificateGrant> certificates{};
  bool empty() const { return tokens.empty() && certificates.empty(); }
};

// Lower-case hexadecimal; what `control.tokens` holds.
std::string Sha256Hex(std::string_view text);

class AccessPolicy {
 public:
  // INVALID_ARGUMENT names the entry that cannot be meant: no name, two of one name, no role, a
  // hash that is none.
  static absl::StatusOr<AccessPolicy> Create(const AccessOptions& options);

  // `authorization` is the header's value, empty if absent; a token is looked at before the
  // certificate. UNAUTHENTICATED if neither is known.
  absl::StatusOr<Caller> Authenticate(std::string_view authorization,
                                      const std::vector<std::string>& certificate_names) const;
  bool open() const { return open_; }

 private:
  using Digest = std::array<uint8_t, 32>;
  struct Token {
    Digest digest{};
    Caller caller{};
  };
  std::vector<Token> tokens_;
  std::vector<CertificateGrant> certificates_;
  bool open_ = true;
};

// PERMISSION_DENIED ROLE_REQUIRED.
absl::Status RequireRole(const Caller& caller, v1::AccessRole required);
// PERMISSION_DENIED OFFICE_SCOPE.
absl::Status RequireOffice(const Caller& caller, std::string_view office_id);

}  // namespace smcp::control
