// smcp.control.v1.ConfigService: the gateway's own configuration, and the notifications by which an
// office is told that a Computer's has changed.
//
// Thread rule: as Service. The two interfaces outlive it.
#pragma once

#include <memory>

#include "control/config_admin.h"
#include "control/executor.h"
#include "control/service.h"
#include "gateway/smcp/admin.h"
#include "gateway/smcp/inspect.h"

namespace smcp::control {

class ConfigService final : public Service {
 public:
  struct Parts {
    ConfigAdmin* config = nullptr;
    GatewayInspect* inspect = nullptr;
    GatewayAdmin* admin = nullptr;
    std::shared_ptr<Executor> executor{};
    std::string node_id{};
    int64_t bookmark_ms = 30'000;
  };
  explicit ConfigService(Parts parts);
  ~ConfigService() override;

  void AddMethods(MethodTable& table) override;
  size_t watchers() const;

 private:
  class Watches;

  const Parts parts_;
  const std::shared_ptr<Watches> watches_;  // also held by timers
  uint64_t watch_id_ = 0;
};

}  // namespace smcp::control
