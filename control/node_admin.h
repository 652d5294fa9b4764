// The node as the control plane sees it: its state, drain and log levels. Implemented by the
// daemon.
//
// Thread rule: any thread; `done` runs exactly once, on any thread, and must not block. Units: Unix
// milliseconds; durations say their unit.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/functional/any_invocable.h"

namespace smcp::control {

enum class DrainState : uint8_t { kServing, kDraining, kDrained };

struct LogLevel {
  std::string component{};  // empty: all that have none of their own
  std::string level{};
  int64_t expires_ms = 0;  // 0: does not
};

struct NodeInfo {
  std::string node_id{};
  std::string version{};
  std::string build{};
  int64_t started_ms = 0;
  int64_t uptime_ms = 0;
  uint64_t sessions = 0;  // of the namespace
  uint64_t members = 0;
  uint64_t offices = 0;
  uint64_t calls_in_flight = 0;
  int64_t cpu_us = 0;  // user and system, since the start
  uint64_t rss_bytes = 0;
  uint64_t fds_open = 0;
  uint64_t fds_max = 0;
  uint32_t shards = 0;
  uint64_t config_generation = 0;
  DrainState drain_state = DrainState::kServing;
  int64_t drain_deadline_ms = 0;
  std::vector<LogLevel> log_levels{};
};

struct DrainOptions {
  double pace_per_second = 100;
  int64_t deadline_ms = 0;  // from now; 0: drain.timeout
  bool wait_for_calls = false;
  bool validate_only = false;  // the forecast only
};
struct DrainForecast {
  NodeInfo node{};
  uint64_t sessions_to_close = 0;
  uint64_t calls_to_wait_for = 0;
  int64_t expected_ms = 0;  // without what calls take
};

class NodeAdmin {
 public:
  template <class T>
  using Done = absl::AnyInvocable<void(T) &&>;
  virtual ~NodeAdmin() = default;

  virtual void Get(Done<NodeInfo> done) = 0;
  // No new sessions; those that there are are closed at the pace, idle ones first. A second drain
  // replaces the pace and the deadline of the first.
  virtual void Drain(DrainOptions options, Done<DrainForecast> done) = 0;
  virtual void Undrain(Done<NodeInfo> done) = 0;
  // An empty level is that of the configuration. False: no such component or level.
  virtual bool SetLogLevel(const std::string& component, const std::string& level,
                           int64_t ttl_ms) = 0;
  virtual std::vector<LogLevel> LogLevels() = 0;
  virtual std::vector<std::string> Components() = 0;
};

}  // namespace smcp::control
