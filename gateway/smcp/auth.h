// Who may connect: the interface a server is given its authentication by
// (SMCP-PROTOCOL.md 1.4, 4.2).
//
// Nothing is preprocessed: a provider sees the handshake's query and headers as they came and the
// CONNECT payload as sent, so that any scheme can be built on it. A failure of the provider (error
// status, exception, `done` dropped) is a refusal; its reason goes to no client unless
// explain_refusals is on, and then only its code.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"

namespace smcp {

// One CONNECT. A value: nothing in it is borrowed, so it may outlive the connection.
struct AuthRequest {
  std::string nsp;                                           // "/smcp"
  std::string query;                                         // raw, of the handshake, without '?'
  std::vector<std::pair<std::string, std::string>> headers;  // of the handshake, in order
  std::string auth;  // JSON of the CONNECT payload as sent; "{}" if there was none
  std::string remote_address;
  uint16_t remote_port = 0;
  bool secure = false;
  bool websocket = false;   // the transport that carried the CONNECT; false: long-polling
  std::string a2c_version;  // as declared; empty if not declared

  // The first header of that name, compared without case; nullptr if there is none.
  const std::string* Header(std::string_view name) const;
};

// Whom the provider recognised. Kept with the connection and shown to hooks and handlers.
struct Identity {
  std::string subject;
  std::map<std::string, std::string> labels;
};

// Decides who is connecting. Called on a shard, concurrently from several shards: must not block
// and must be safe for that. `done` runs exactly once, on any thread, possibly inside the call.
class AuthenticationProvider {
 public:
  using Done = absl::AnyInvocable<void(absl::StatusOr<Identity>) &&>;
  virtual ~AuthenticationProvider() = default;
  virtual void Authenticate(AuthRequest request, Done done) = 0;
};

// The blocking form. Called on threads of a pool (auth/blocking_auth.h), never on a shard.
class SyncAuthenticationProvider {
 public:
  virtual ~SyncAuthenticationProvider() = default;
  virtual absl::StatusOr<Identity> Authenticate(const AuthRequest& request) = 0;
};

}  // namespace smcp
