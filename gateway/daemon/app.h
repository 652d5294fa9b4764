// The composition root of the daemon: builds the gateway from its configuration, serves, reloads,
// drains.
//
// Thread rule: Run is called once, on the main thread, before any other thread exists; it blocks
// the signals it handles, so that every thread inherits that.
#pragma once

#include <atomic>
#include <memory>

#include "absl/status/status.h"
#include "gateway/auth/switched_auth.h"
#include "gateway/daemon/config_store.h"
#include "gateway/daemon/control_plane.h"
#include "gateway/daemon/log.h"
#include "gateway/daemon/node_control.h"
#include "gateway/daemon/node_drain.h"
#include "gateway/net/listener.h"
#include "gateway/server/server.h"
#include "gateway/smcp/domain.h"

namespace smcp {

class App {
 public:
  explicit App(config::ConfigSources sources);
  ~App();

  // Serves until SIGTERM or SIGINT and a drain, or a second signal; SIGHUP reloads. Returns the
  // exit code; a start that fails is one line on stderr and 2.
  int Run();

 private:
  absl::Status Build();
  absl::Status BuildListeners();
  absl::Status BuildControl();
  void AddHealthRoutes(net::Listener& listener);
  void Announce();
  // The provider that the configuration asks for; `may_make_secret` at start only.
  absl::StatusOr<std::shared_ptr<AuthenticationProvider>> MakeAuth(
      const config::GatewayConfig& config, bool may_make_secret);
  // All of a new configuration that may fail; the result brings it in.
  absl::StatusOr<config::ConfigStore::BringIn> PrepareReload(const config::EffectiveConfig& next);
  void Reload();
  void LogConfigEvent(const control::ConfigEvent& event);
  bool draining() const;
  // Returns the signal that asks for the end; meanwhile it reloads, drains the node if that was
  // asked for, writes the log out, and gives memory back after a crowd.
  int WaitForStop();
  // The phases of a stop; each ends early when a second signal asks for it.
  void Drain();
  bool WaitFor(Millis limit, const std::function<bool()>& done);

  const config::ConfigSources sources_;
  std::unique_ptr<config::ConfigStore> config_;
  std::shared_ptr<DaemonLog> log_;
  std::string made_secret_;            // lives on: a reload may find none either
  std::vector<std::string> warnings_;  // for when the start has succeeded: a failure is one line
  std::shared_ptr<SwitchedAuth> auth_;
  std::shared_ptr<SmcpDomain> domain_;
  std::unique_ptr<net::Listener> listener_;
  std::unique_ptr<net::Listener> admin_;
  std::unique_ptr<NodeDrain> drain_;
  std::unique_ptr<NodeControl> node_;
  std::unique_ptr<ControlPlane> control_;  // null: off
  std::unique_ptr<sio::Server> server_;    // first to go: what its threads use outlives them
  std::atomic<bool> draining_{false};
  bool insisted_ = false;  // a second signal has come
};

}  // namespace smcp
