#include <google/protobuf/util/time_util.h>
#include <time.h>

#include <memory>

#include "clients/smcpctl/cli.h"
#include "clients/smcpctl/human.h"
#include "clients/smcpctl/list.h"
#include "clients/smcpctl/views.h"
#include "smcp/control/v1/node_service.pb.h"

namespace smcpctl {
namespace {

namespace v1 = smcp::control::v1;
using google::protobuf::util::TimeUtil;

struct DrainArgs {
  double pace = 0;
  std::string deadline{};
  bool no_calls = false;
  bool wait = false;
};

void ShowNode(const Invocation& run, const v1::Node& node) {
  run.out().One(node, NodeFields(node, run.out().Now()), node.node_id());
}

absl::Status GetOne(Invocation& run) {
  v1::Node node;
  if (auto s = run.Call("NodeService/GetNode", v1::GetNodeRequest(), &node); !s.ok()) return s;
  ShowNode(run, node);
  return absl::OkStatus();
}

// Asks twice a second; the node may go away meanwhile, and then it has drained, too.
absl::Status AwaitDrained(Invocation& run) {
  for (v1::Node node;;) {
    const absl::Status s = run.Call("NodeService/GetNode", v1::GetNodeRequest(), &node);
    if (ExitOf(s) == Exit::kCannotConnect) {
      run.out().Note("the gateway is gone");
      return absl::OkStatus();
    }
    if (!s.ok()) return s;
    if (node.drain_state() == v1::DRAINED) {
      run.out().Note("drained");
      return absl::OkStatus();
    }
    if (node.drain_state() == v1::SERVING) {
      return Fail(Exit::kPrecondition, "somebody has ended the drain");
    }
    const timespec pause{0, 500'000'000};
    nanosleep(&pause, nullptr);
  }
}

absl::Status Drain(Invocation& run, const DrainArgs& args) {
  v1::DrainNodeRequest request;
  const auto deadline = SpanFlag("--deadline", args.deadline);
  if (!deadline.ok()) return deadline.status();
  if (*deadline > 0) {
    *request.mutable_deadline() = TimeUtil::NanosecondsToDuration(*deadline);
  }
  request.set_pace_per_second(args.pace);
  request.set_wait_for_calls(!args.no_calls);
  run.FillChange(&request);
  v1::DrainNodeResponse response;
  if (!run.flags().yes && !run.flags().dry_run) {
    v1::DrainNodeRequest forecast = request;
    forecast.set_validate_only(true);
    forecast.clear_request_id();
    if (auto s = run.Call("NodeService/DrainNode", forecast, &response); !s.ok()) return s;
    const std::string question =
        "Drain the node: close " + std::to_string(response.sessions_to_close()) +
        " sessions, wait for " + std::to_string(response.calls_to_wait_for()) +
        " calls, in about " + Span(Nanoseconds(response.expected_duration())) + "?";
    if (auto s = run.Confirm(question); !s.ok()) return s;
  }
  if (auto s = run.Call("NodeService/DrainNode", request, &response); !s.ok()) return s;
  run.out().One(response,
                {{"State", EnumCell(DrainState_Name(response.node().drain_state()))},
                 {"Sessions to close", CountCell(response.sessions_to_close())},
                 {"Calls to wait for", CountCell(response.calls_to_wait_for())},
                 {"Expected to take",
                  SpanCellOf(response.has_expected_duration(), response.expected_duration())}},
                response.node().node_id());
  return args.wait && !run.flags().dry_run ? AwaitDrained(run) : absl::OkStatus();
}

absl::Status Undrain(Invocation& run) {
  v1::UndrainNodeRequest request;
  run.FillChange(&request);
  v1::Node node;
  if (auto s = run.Call("NodeService/UndrainNode", request, &node); !s.ok()) return s;
  ShowNode(run, node);
  return absl::OkStatus();
}

struct LevelArgs {
  std::string level{};
  std::string component{};
  std::string ttl{};
  bool reset = false;
};

absl::Status LogLevelOf(Invocation& run, const LevelArgs& args) {
  if (args.level.empty() && !args.reset) {
    v1::Node node;
    if (auto s = run.Call("NodeService/GetNode", v1::GetNodeRequest(), &node); !s.ok()) return s;
    ShowRows(run, LogLevelView(), node.log_levels(), node);
    return absl::OkStatus();
  }
  if (!args.level.empty() && args.reset) return UsageError("either a level or --reset");
  v1::SetLogLevelRequest request;
  request.set_component(args.component);
  request.set_level(args.level);
  const auto ttl = SpanFlag("--for", args.ttl);
  if (!ttl.ok()) return ttl.status();
  if (*ttl > 0) *request.mutable_ttl() = TimeUtil::NanosecondsToDuration(*ttl);
  run.FillChange(&request);
  v1::SetLogLevelResponse response;
  if (auto s = run.Call("NodeService/SetLogLevel", request, &response); !s.ok()) return s;
  ShowRows(run, LogLevelView(), response.log_levels(), response);
  return absl::OkStatus();
}

void AddDrain(Cli* cli, CLI::App* node) {
  auto args = std::make_shared<DrainArgs>();
  auto* drain = cli->Add(node,
                         {"drain", "Take no new clients, and close the sessions there are.",
                          "smcpctl node drain --dry-run\n"
                          "smcpctl node drain --pace 50 --deadline 2m --wait --yes",
                          kTakesChange | kTakesYes},
                         [args](Invocation& run) { return Drain(run, *args); });
  drain->add_option("--pace", args->pace, "sessions per second; default 100")
      ->check(CLI::NonNegativeNumber);
  drain->add_option("--deadline", args->deadline, "when the rest is closed; default drain.timeout");
  drain->add_flag("--no-wait-for-calls", args->no_calls,
                  "close sessions with calls in flight, too");
  drain->add_flag("--wait", args->wait, "stay until the node has drained");
  cli->Add(node, {"undrain", "Take clients again.", "smcpctl node undrain", kTakesReason},
           [](Invocation& run) { return Undrain(run); });
}

}  // namespace

void AddNodeCommands(Cli* cli) {
  CLI::App* node = cli->Group("node", "The gateway process: see, drain, log level.");
  cli->Add(node, {"get", "Show version, load, memory, drain state.", "smcpctl node get -o json", 0},
           [](Invocation& run) { return GetOne(run); });
  AddDrain(cli, node);
  auto args = std::make_shared<LevelArgs>();
  auto* level = cli->Add(node,
                         {"loglevel", "Show or set log levels.",
                          "smcpctl node loglevel\n"
                          "smcpctl node loglevel debug --component auth --for 10m\n"
                          "smcpctl node loglevel --reset",
                          kTakesReason},
                         [args](Invocation& run) { return LogLevelOf(run, *args); });
  level->add_option("level", args->level, "trace, debug, info, warn, error or off")
      ->check(CLI::IsMember({"trace", "debug", "info", "warn", "error", "off"}));
  level->add_option("--component", args->component, "of this part only");
  level->add_option("--for", args->ttl, "ends by itself, such as 10m");
  level->add_flag("--reset", args->reset, "back to what the configuration says");
}

}  // namespace smcpctl
