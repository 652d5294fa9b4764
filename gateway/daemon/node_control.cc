#include "gateway/daemon/node_control.h"

#include <algorithm>
#include <chrono>
#include <utility>

namespace smcp {

int64_t UnixNowMs() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
}

int64_t SteadyNowMs() {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
}

NodeControl::NodeControl(Parts parts)
    : parts_(parts),
      node_id_(NodeName()),
      started_ms_(UnixNowMs()),
      started_steady_ms_(SteadyNowMs()) {}

control::NodeInfo NodeControl::Describe(const ProcessStatus& process, const Counts& counts) {
  control::NodeInfo node;
  node.node_id = node_id_;
  node.version = SMCP_VERSION;
  node.build = SMCP_BUILD;
  node.started_ms = started_ms_;
  node.uptime_ms = SteadyNowMs() - started_steady_ms_;
  node.sessions = counts.connections;
  node.members = counts.members;
  node.offices = counts.offices;
  node.calls_in_flight = counts.calls_in_flight;
  node.cpu_us = process.cpu_us;
  node.rss_bytes = process.rss_bytes;
  node.fds_open = process.fds_open;
  node.fds_max = process.fds_max;
  node.shards = parts_.shards;
  node.config_generation = parts_.config->generation();
  node.drain_state = parts_.drain->state();
  if (const int64_t deadline = parts_.drain->deadline_ms(); deadline != 0) {
    node.drain_deadline_ms = UnixNowMs() + deadline - SteadyNowMs();
  }
  node.log_levels = LogLevels();
  return node;
}

void NodeControl::Get(Done<control::NodeInfo> done) {
  // Reads files, so here and not on the shard that answers.
  const ProcessStatus process = ReadProcessStatus();
  parts_.offices->CountAll([this, process, done = std::move(done)](Counts counts) mutable {
    std::move(done)(Describe(process, counts));
  });
}

void NodeControl::Drain(control::DrainOptions options, Done<control::DrainForecast> done) {
  if (options.deadline_ms == 0) {
    options.deadline_ms =
        config::ToMillis(parts_.config->current()->config.drain().timeout()).count();
  }
  if (!options.validate_only) {
    const int64_t now = SteadyNowMs();
    parts_.drain->Begin(options.pace_per_second, now + options.deadline_ms, options.wait_for_calls,
                        now);
  }
  Get([options, done = std::move(done)](control::NodeInfo node) mutable {
    control::DrainForecast forecast;
    forecast.sessions_to_close = node.sessions;
    forecast.calls_to_wait_for = options.wait_for_calls ? node.calls_in_flight : 0;
    const double paced = static_cast<double>(node.sessions) * 1000 / options.pace_per_second;
    forecast.expected_ms =
        std::min(static_cast<int64_t>(std::min(paced, 1e15)), options.deadline_ms);
    forecast.node = std::move(node);
    std::move(done)(std::move(forecast));
  });
}

void NodeControl::Undrain(Done<control::NodeInfo> done) {
  parts_.drain->End();
  Get(std::move(done));
}

bool NodeControl::SetLogLevel(const std::string& component, const std::string& level,
                              int64_t ttl_ms) {
  return parts_.log->SetLevel(component, level, ttl_ms == 0 ? 0 : UnixNowMs() + ttl_ms);
}

std::vector<control::LogLevel> NodeControl::LogLevels() {
  std::vector<control::LogLevel> levels;
  for (DaemonLog::LevelOf& level : parts_.log->Levels()) {
    levels.push_back({std::move(level.component), std::move(level.level), level.expires_ms});
  }
  return levels;
}

}  // namespace smcp
