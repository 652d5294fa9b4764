// The connection life cycle of an SMCP namespace: the declared version, authentication, and what is
// remembered of both (SMCP-PROTOCOL.md 3.1, 4.2).
//
// Thread rule: one instance per shard, as every sio::Namespace.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "gateway/base/ids.h"
#include "gateway/codec/version.h"
#include "gateway/smcp/auth.h"
#include "gateway/smcp/domain.h"
#include "gateway/socketio/namespace.h"

namespace smcp {

// Socket::data() of every socket of the namespace; a derived class keeps its own state in `extra`.
struct ConnectionState : sio::SocketData {
  Identity identity;
  Generation generation = Generation::kG1;
  std::string a2c_version;  // as declared; empty if not
  MemberRef member;
  std::unique_ptr<sio::SocketData> extra;
};

class BaseNamespace : public sio::Namespace {
 public:
  BaseNamespace(sio::NamespaceContext context, std::shared_ptr<SmcpDomain> domain);

  // Asks the AuthenticationProvider. A refusal says the same whatever the reason was.
  void OnConnect(sio::ConnectRequest request, sio::ConnectDone done) override;

  static ConnectionState& StateOf(sio::Socket& socket);
  static const Identity& IdentityOf(sio::Socket& socket) { return StateOf(socket).identity; }
  SmcpDomain& domain() { return *domain_; }
  // What holds on this shard now.
  virtual const SmcpOptions& options() const { return domain_->options(); }

 protected:
  const std::shared_ptr<SmcpDomain>& shared_domain() const { return domain_; }

 private:
  std::shared_ptr<SmcpDomain> domain_;
};

}  // namespace smcp
