#include "control/node_service.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "control/convert_time.h"
#include "control/errors.h"
#include "smcp/control/v1/node_service.pb.h"

namespace smcp::control {
namespace {

using DrainCall = Unary<v1::DrainNodeRequest, v1::DrainNodeResponse>;
using LevelCall = Unary<v1::SetLogLevelRequest, v1::SetLogLevelResponse>;

constexpr double kPaceDefault = 100;
constexpr double kPaceMax = 1e6;
constexpr int64_t kDayMs = 24 * 3600 * 1000;

v1::DrainState StateOf(DrainState state) {
  switch (state) {
    case DrainState::kServing:
      return v1::SERVING;
    case DrainState::kDraining:
      return v1::DRAINING;
    case DrainState::kDrained:
      return v1::DRAINED;
  }
  return v1::DRAIN_STATE_UNSPECIFIED;
}

v1::LogLevel ToProto(const LogLevel& level) {
  v1::LogLevel out;
  out.set_component(level.component);
  out.set_level(level.level);
  if (level.expires_ms != 0) *out.mutable_expire_time() = TimestampOf(level.expires_ms);
  return out;
}

v1::Node ToProto(const NodeInfo& node, size_t watchers) {
  v1::Node out;
  out.set_node_id(node.node_id);
  out.set_version(node.version);
  out.set_build(node.build);
  *out.mutable_start_time() = TimestampOf(node.started_ms);
  *out.mutable_uptime() = DurationOfMillis(node.uptime_ms);
  out.set_sessions(node.sessions);
  out.set_members(node.members);
  out.set_offices(node.offices);
  out.set_calls_in_flight(node.calls_in_flight);
  *out.mutable_cpu_time() = DurationOfMicros(node.cpu_us);
  out.set_rss_bytes(node.rss_bytes);
  out.set_fds_open(node.fds_open);
  out.set_fds_max(node.fds_max);
  out.set_shards(node.shards);
  out.set_config_generation(node.config_generation);
  out.set_drain_state(StateOf(node.drain_state));
  if (node.drain_deadline_ms != 0) {
    *out.mutable_drain_deadline() = TimestampOf(node.drain_deadline_ms);
  }
  for (const LogLevel& level : node.log_levels) *out.add_log_levels() = ToProto(level);
  out.set_watchers(watchers);
  return out;
}

void Drain(const NodeService::Parts& parts, const DrainCall& call) {
  const v1::DrainNodeRequest& request = call.request();
  DrainOptions options;
  options.pace_per_second = request.pace_per_second();
  if (options.pace_per_second == 0) options.pace_per_second = kPaceDefault;
  if (!std::isfinite(options.pace_per_second) || options.pace_per_second < 0 ||
      options.pace_per_second > kPaceMax) {
    return call.Fail(RefuseField("pace_per_second", "is sessions per second, more than 0"));
  }
  options.deadline_ms = MillisOf(request.deadline());
  if (options.deadline_ms < 0 || options.deadline_ms > kDayMs) {
    return call.Fail(RefuseField("deadline", "is from now and at most a day"));
  }
  options.wait_for_calls = request.wait_for_calls();
  options.validate_only = call.validate_only();
  call.SetTarget("node");
  const auto begun = [parts, call](DrainForecast forecast) {
    v1::DrainNodeResponse response;
    *response.mutable_node() = ToProto(forecast.node, parts.watchers());
    response.set_sessions_to_close(forecast.sessions_to_close);
    response.set_calls_to_wait_for(forecast.calls_to_wait_for);
    *response.mutable_expected_duration() = DurationOfMillis(forecast.expected_ms);
    call.SetDetail(std::to_string(forecast.sessions_to_close) + " sessions to close");
    if (!call.validate_only()) parts.changed("drain begins");
    call.Answer(response);
  };
  parts.node->Drain(options, OnExecutor<DrainForecast>(parts.executor, begun));
}

void SetLevel(const NodeService::Parts& parts, const LevelCall& call) {
  const v1::SetLogLevelRequest& request = call.request();
  const int64_t ttl_ms = MillisOf(request.ttl());
  if (ttl_ms < 0 || ttl_ms > 366 * kDayMs) {
    return call.Fail(RefuseField("ttl", "is from now and at most a year"));
  }
  call.SetTarget(request.component().empty() ? "log" : "log of " + request.component());
  call.SetDetail(request.level().empty() ? "as configured" : request.level());
  if (!parts.node->SetLogLevel(request.component(), request.level(), ttl_ms)) {
    std::string names;
    for (const std::string& name : parts.node->Components()) {
      names += (names.empty() ? "" : ", ") + name;
    }
    return call.Fail(RefuseField(
        "level", "takes trace, debug, info, warn, error or off; component one of " + names));
  }
  v1::SetLogLevelResponse response;
  for (const LogLevel& level : parts.node->LogLevels()) {
    *response.add_log_levels() = ToProto(level);
  }
  parts.changed("log level");
  call.Answer(response);
}

}  // namespace

void NodeService::AddMethods(MethodTable& table) {
  constexpr std::string_view kService = "smcp.control.v1.NodeService.";
  const auto name = [&](std::string_view method) {
    return std::string(kService) + std::string(method);
  };
  table.AddUnary<v1::GetNodeRequest, v1::Node>(
      name("GetNode"), [parts = parts_](const Unary<v1::GetNodeRequest, v1::Node>& call) {
        const auto got = [parts, call](const NodeInfo& node) {
          call.Answer(ToProto(node, parts.watchers()));
        };
        parts.node->Get(OnExecutor<NodeInfo>(parts.executor, got));
      });
  table.AddUnary<v1::DrainNodeRequest, v1::DrainNodeResponse>(
      name("DrainNode"), [parts = parts_](const DrainCall& call) { Drain(parts, call); });
  table.AddUnary<v1::UndrainNodeRequest, v1::Node>(
      name("UndrainNode"), [parts = parts_](const Unary<v1::UndrainNodeRequest, v1::Node>& call) {
        call.SetTarget("node");
        const auto ended = [parts, call](const NodeInfo& node) {
          parts.changed("drain ended");
          call.Answer(ToProto(node, parts.watchers()));
        };
        parts.node->Undrain(OnExecutor<NodeInfo>(parts.executor, ended));
      });
  table.AddUnary<v1::SetLogLevelRequest, v1::SetLogLevelResponse>(
      name("SetLogLevel"), [parts = parts_](const LevelCall& call) { SetLevel(parts, call); });
}

}  // namespace smcp::control
