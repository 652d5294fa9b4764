// The control plane's gRPC server: transport, health and reflection. Everything that a method means
// is elsewhere (pipeline.h, the services); this turns gRPC calls into Sinks.
//
// Thread rule: build, Add, Start, Shutdown on one thread; the rest from any. gRPC's threads are its
// own. Units: milliseconds. The server must die before the gateway it inspects, and after it has
// been shut down nothing of it runs; what the gateway still holds of its calls ends by itself.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "control/access.h"
#include "control/audit.h"
#include "control/executor.h"
#include "control/hub_limits.h"
#include "control/service.h"
#include "gateway/smcp/admin.h"
#include "gateway/smcp/inspect.h"

namespace smcp::control {

// PEM texts; empty certificate: no TLS.
struct TlsOptions {
  std::string certificate_chain{};
  std::string private_key{};
  std::string client_ca{};           // set: client certificates are asked for and verified
  bool require_client_cert = false;  // refuse connections without one
};

struct ServerOptions {
  std::string address = "127.0.0.1:0";  // host:port, also "[::1]:0"
  TlsOptions tls{};
  AccessOptions
      access{};  // empty: everybody is an administrator; the daemon judges where that may be
  std::string node_id{};
  bool reflection = true;
  bool allow_invoke = false;
  int64_t max_connection_age_ms = 1'800'000;  // 0: no bound; streams get a minute more
  int64_t keepalive_ms = 30'000;
  int receive_bytes_max = 4 << 20;
  int send_bytes_max = 16 << 20;
  HubLimits hub{};
  size_t audit_entries = 10'000;
  AuditLog::AuditSink audit_sink{};  // of every entry, in order
};

class Server {
 public:
  Server(ServerOptions options, GatewayInspect& inspect, GatewayAdmin& admin);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // Before Start. The services of control/ that need no more than the two interfaces are there
  // already.
  void Add(std::unique_ptr<Service> service);
  // One line that says what is wrong: an address in use, a key that does not fit, a credential.
  absl::Status Start();
  int port() const;  // the real one, where 0 was asked for

  // Everything grpc.health.v1 answers. Serving after Start.
  void SetServing(bool serving);
  absl::Status SetAccess(const AccessOptions& access);
  void SetAllowInvoke(bool allowed);
  // Ends watches at once, calls that run when they end or the time is up. Idempotent.
  void Shutdown(int64_t within_ms);

  // Puts an event of the node or its configuration in front of all watchers (WatchEvents).
  void Publish(v1::Event event);
  size_t watchers() const;
  AuditLog& audit();
  // The control plane's thread, for what a service does later.
  std::shared_ptr<Executor> executor();

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace smcp::control
