// The control interface of the daemon: its gRPC server with all services, what it writes down, and
// what a reload changes of it.
//
// Thread rule: built and shut down by the main thread; the rest from any. What it is given outlives
// it.
#pragma once

#include <memory>
#include <string>

#include "control/server.h"
#include "gateway/daemon/config_store.h"
#include "gateway/daemon/log.h"
#include "gateway/daemon/node_control.h"

namespace smcp {

class ControlPlane {
 public:
  struct Parts {
    GatewayInspect* inspect = nullptr;
    GatewayAdmin* admin = nullptr;
    config::ConfigStore* config = nullptr;
    NodeControl* node = nullptr;
    DaemonLog* log = nullptr;
  };
  // `options` as ControlOptionsFrom made them.
  ControlPlane(control::ServerOptions options, Parts parts);
  ~ControlPlane();

  // The error is one line for the user.
  absl::Status Start();
  // "127.0.0.1:50051", with the real port.
  std::string address() const;
  // For health checks; a reason to change them is what events show.
  void SetServing(bool serving);
  // A reload.
  void Reconfigure(const control::AccessOptions& access, bool allow_invoke);
  void Shutdown(int64_t within_ms);

 private:
  void OnConfigEvent(const control::ConfigEvent& event);
  void Publish(control::v1::Event::Kind kind, const std::string& detail);

  const std::string host_;
  const Parts parts_;
  control::Server server_;
  uint64_t watch_id_ = 0;
};

}  // namespace smcp
