#include "gateway/smcp/base_namespace.h"

#include <utility>

#include "absl/status/status.h"
#include "gateway/base/check.h"
#include "gateway/codec/query_string.h"
#include "gateway/smcp/wire_error.h"

namespace smcp {
namespace {

AuthRequest ToAuthRequest(sio::ConnectRequest request, const std::string& declared) {
  const sio::Handshake& handshake = *request.handshake;
  std::vector<std::pair<std::string, std::string>> headers;
  for (const auto [name, value] : handshake.headers) headers.emplace_back(name, value);
  return {.nsp = std::move(request.nsp),
          .query = handshake.query,
          .headers = std::move(headers),
          .auth = std::move(request.auth),
          .remote_address = handshake.remote_address,
          .remote_port = handshake.remote_port,
          .secure = handshake.secure,
          .websocket = request.transport == sio::Transport::kWebSocket,
          .a2c_version = declared};
}

sio::ConnectVerdict Refuse(SmcpDomain& domain, uint16_t shard, const std::string& remote_address,
                           bool explain, const absl::Status& status) {
  // The code only: the text of a status may hold what a provider knows of credentials.
  const std::string reason = absl::StatusCodeToString(status.code());
  domain.Log({.kind = LogEvent::Kind::kAuthenticationFailed,
              .remote_address = remote_address,
              .detail = reason});
  domain.NoteRefused(shard, remote_address, reason);
  return sio::ConnectVerdict::Refuse(std::string(kConnectionRefused),
                                     explain ? std::string(kConnectionRefusedData) : std::string());
}

}  // namespace

BaseNamespace::BaseNamespace(sio::NamespaceContext context, std::shared_ptr<SmcpDomain> domain)
    : sio::Namespace(std::move(context)), domain_(std::move(domain)) {
  SMCP_CHECK(domain_ != nullptr);
}

void BaseNamespace::OnConnect(sio::ConnectRequest request, sio::ConnectDone done) {
  const std::string remote = request.handshake->remote_address;
  VersionVerdict version =
      JudgeVersion(QueryValue(request.handshake->query, "a2c_version"), options().versions);
  const bool explain = options().explain_refusals;
  const uint16_t shard = context().shard;
  if (!version.accepted) {
    // The HTTP gate has the exact answers; this holds for a server that has none.
    return std::move(done)(Refuse(*domain_, shard, remote, explain,
                                  absl::FailedPreconditionError("protocol version")));
  }
  AuthRequest auth_request = ToAuthRequest(std::move(request), version.declared);
  auto finish = [domain = domain_, shard, remote, explain, version = std::move(version),
                 done = std::move(done)](absl::StatusOr<Identity> identity) mutable {
    if (!identity.ok()) {
      return std::move(done)(Refuse(*domain, shard, remote, explain, identity.status()));
    }
    auto state = std::make_unique<ConnectionState>();
    state->identity = *std::move(identity);
    state->generation = version.generation;
    state->a2c_version = std::move(version.declared);
    std::move(done)(sio::ConnectVerdict::Accept(std::move(state)));
  };
  try {
    domain_->auth().Authenticate(std::move(auth_request), std::move(finish));
  } catch (...) {
    // `done` is dropped with what the provider held of it, which refuses the connection.
    domain_->Log({.kind = LogEvent::Kind::kAuthenticationFailed,
                  .remote_address = remote,
                  .detail = "exception"});
  }
}

ConnectionState& BaseNamespace::StateOf(sio::Socket& socket) {
  SMCP_CHECK(socket.data() != nullptr);
  return static_cast<ConnectionState&>(*socket.data());
}

}  // namespace smcp
