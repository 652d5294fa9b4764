// The composition root of the daemon: builds the gateway from its configuration, serves, drains.
//
// Thread rule: Run is called once, on the main thread, before any other thread exists; it blocks
// the signals it handles, so that every thread inherits that.
#pragma once

#include <atomic>
#include <memory>

#include "absl/status/status.h"
#include "gateway/daemon/config.h"
#include "gateway/daemon/log.h"
#include "gateway/net/listener.h"
#include "gateway/server/server.h"
#include "gateway/smcp/domain.h"

namespace smcp {

class App {
 public:
  explicit App(config::EffectiveConfig effective);
  ~App();

  // Serves until SIGTERM or SIGINT and a drain, or a second signal. Returns the exit code; a start
  // that fails is one line on stderr and 2.
  int Run();

 private:
  absl::Status Build();
  absl::Status BuildListeners();
  void AddHealthRoutes(net::Listener& listener);
  void Announce();
  // Returns the signal that asks for the end; meanwhile the log is written out, and memory is given
  // back after a crowd.
  int WaitForStop();
  // The phases of a stop; each ends early when a second signal asks for it.
  void Drain();
  bool WaitFor(Millis limit, const std::function<bool()>& done);

  config::EffectiveConfig effective_;
  const config::GatewayConfig& config_;
  std::shared_ptr<DaemonLog> log_;
  std::string made_secret_;            // to be printed once
  std::vector<std::string> warnings_;  // for when the start has succeeded: a failure is one line
  std::shared_ptr<SmcpDomain> domain_;
  std::unique_ptr<net::Listener> listener_;
  std::unique_ptr<net::Listener> admin_;
  std::unique_ptr<sio::Server> server_;  // first to go: listeners outlive its threads
  std::atomic<bool> draining_{false};
  bool insisted_ = false;  // a second signal has come
};

}  // namespace smcp
