// The daemon's answer to control/node_admin.h.
//
// Thread rule: any thread. Whatever it points to outlives it and the calls that it has begun.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "control/node_admin.h"
#include "gateway/daemon/config_store.h"
#include "gateway/daemon/log.h"
#include "gateway/daemon/node_drain.h"
#include "gateway/daemon/process_status.h"
#include "gateway/smcp/query.h"

namespace smcp {

int64_t UnixNowMs();
int64_t SteadyNowMs();

class NodeControl final : public control::NodeAdmin {
 public:
  struct Parts {
    OfficeQuery* offices = nullptr;
    const config::ConfigStore* config = nullptr;
    DaemonLog* log = nullptr;
    NodeDrain* drain = nullptr;
    uint32_t shards = 0;
  };
  explicit NodeControl(Parts parts);

  void Get(Done<control::NodeInfo> done) override;
  void Drain(control::DrainOptions options, Done<control::DrainForecast> done) override;
  void Undrain(Done<control::NodeInfo> done) override;
  bool SetLogLevel(const std::string& component, const std::string& level, int64_t ttl_ms) override;
  std::vector<control::LogLevel> LogLevels() override;
  std::vector<std::string> Components() override { return DaemonLog::Components(); }

 private:
  control::NodeInfo Describe(const ProcessStatus& process, const Counts& counts);

  const Parts parts_;
  const std::string node_id_;
  const int64_t started_ms_;
  const int64_t started_steady_ms_;
};

}  // namespace smcp
