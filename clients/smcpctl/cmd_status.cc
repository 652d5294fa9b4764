#include <memory>

#include "clients/smcpctl/cli.h"
#include "clients/smcpctl/health.h"
#include "clients/smcpctl/human.h"
#include "clients/smcpctl/list.h"
#include "clients/smcpctl/text.h"
#include "clients/smcpctl/views.h"
#include "smcp/control/v1/node_service.pb.h"
#include "smcp/control/v1/office_service.pb.h"
#include "smcp/control/v1/tool_call_service.pb.h"

namespace smcpctl {
namespace {

namespace v1 = smcp::control::v1;

constexpr uint64_t kFdsWarnPercent = 80;

// What an operator should look at; each names the command that shows more.
std::vector<std::string> NodeWarnings(const v1::Node& node) {
  std::vector<std::string> out;
  if (node.drain_state() == v1::DRAINING) out.emplace_back("the node is draining");
  if (node.drain_state() == v1::DRAINED) out.emplace_back("the node has drained");
  if (node.fds_max() > 0 && node.fds_open() * 100 > node.fds_max() * kFdsWarnPercent) {
    out.push_back(std::to_string(node.fds_open()) + " of " + std::to_string(node.fds_max()) +
                  " file descriptors are in use");
  }
  return out;
}

std::string Counted(int count, const char* one, const char* many) {
  return std::to_string(count) + " " + (count == 1 ? one : many);
}

absl::Status AddCounts(Invocation& run, std::vector<std::string>* warnings) {
  v1::ListToolCallsRequest calls;
  calls.set_filter("age > 10");
  v1::ListToolCallsResponse old;
  bool complete = true;
  absl::Status s = ReadPages(
      run, "ToolCallService/ListToolCalls", calls, 0, [](auto* r) { return r->mutable_calls(); },
      &old, &complete);
  if (!s.ok()) return s;
  if (!old.calls().empty()) {
    warnings->push_back(Counted(old.calls_size(), "call is", "calls are") +
                        " older than 10 s: smcpctl calls slow");
  }
  v1::ListOfficesRequest offices;
  offices.set_filter("admission != OPEN");
  v1::ListOfficesResponse closed;
  s = ReadPages(
      run, "OfficeService/ListOffices", offices, 0, [](auto* r) { return r->mutable_offices(); },
      &closed, &complete);
  if (!s.ok()) return s;
  if (!closed.offices().empty()) {
    warnings->push_back(Counted(closed.offices_size(), "office is", "offices are") +
                        " locked: smcpctl offices ls --filter 'admission != OPEN'");
  }
  return absl::OkStatus();
}

absl::Status Status(Invocation& run) {
  v1::Node node;
  if (auto s = run.Call("NodeService/GetNode", v1::GetNodeRequest(), &node); !s.ok()) return s;
  const auto health = CheckHealth(run, "");
  if (!health.ok()) return health.status();
  std::vector<std::string> warnings = NodeWarnings(node);
  if (auto s = AddCounts(run, &warnings); !s.ok()) return s;
  const Format format = run.out().format();
  if (run.out().IsTable()) {
    Fields fields{{"Endpoint", TextCell(run.address())},
                  {"Health", EnumCell(*health, *health == "SERVING" ? Tone::kGood : Tone::kBad)}};
    for (auto& field : NodeFields(node, run.out().Now())) fields.push_back(std::move(field));
    for (const std::string& warning : warnings) {
      fields.emplace_back("Warning", TextCell(warning, Tone::kWarn));
    }
    run.out().Print(RenderFields(fields, run.out().Style()));
    return absl::OkStatus();
  }
  if (format == Format::kName) {
    run.out().Print(Printable(node.node_id()) + "\n");
    return absl::OkStatus();
  }
  std::string json = "{\"endpoint\":" + JsonString(run.address()) +
                     ",\"health\":" + JsonString(*health) + ",\"node\":" + ToJson(node, true) +
                     ",\"warnings\":[";
  for (size_t i = 0; i < warnings.size(); ++i) json += (i > 0 ? "," : "") + JsonString(warnings[i]);
  json += "]}";
  run.out().Print(format == Format::kYaml ? JsonToYaml(json) : json + "\n");
  return absl::OkStatus();
}

absl::Status Health(Invocation& run, const std::vector<std::string>& services) {
  std::vector<Cells> rows;
  bool all = true;
  for (const std::string& service : services.empty() ? std::vector<std::string>{""} : services) {
    const auto health = CheckHealth(run, service);
    if (!health.ok()) return health.status();
    const bool serving = *health == "SERVING";
    all = all && serving;
    rows.push_back({TextCell(service.empty() ? "(process)" : service),
                    TextCell(*health, serving ? Tone::kGood : Tone::kBad)});
  }
  run.out().Local({{"SERVICE", Align::kLeft, Cut::kMiddle}, {"STATUS"}}, rows, 1);
  return all ? absl::OkStatus() : Quietly(Exit::kFailed);
}

absl::Status Version(Invocation& run, bool client_only) {
  std::vector<Cells> rows{{TextCell("smcpctl"), TextCell(SMCP_VERSION), TextCell("")}};
  absl::Status status;
  if (!client_only) {
    v1::Node node;
    status = run.Call("NodeService/GetNode", v1::GetNodeRequest(), &node);
    if (status.ok()) {
      rows.push_back({TextCell("smcp-gateway"), TextCell(node.version()), TextCell(node.build())});
    }
  }
  run.out().Local({{"PROGRAM"}, {"VERSION"}, {"BUILD", Align::kLeft, Cut::kEnd}}, rows, 1);
  return status;
}

}  // namespace

void AddStatusCommands(Cli* cli) {
  cli->Add(nullptr,
           {"status", "Show on one screen how the gateway does.",
            "smcpctl status\nsmcpctl status -o json", 0},
           [](Invocation& run) { return Status(run); });

  auto services = std::make_shared<std::vector<std::string>>();
  cli->Add(nullptr,
           {"health", "Ask whether the gateway serves (exit code 0) or not (1).",
            "smcpctl health\nsmcpctl health smcp.control.v1.OfficeService --timeout 1s", 0},
           [services](Invocation& run) { return Health(run, *services); })
      ->add_option("services", *services, "names of gRPC services; none: the process");

  auto client_only = std::make_shared<bool>(false);
  cli->Add(nullptr,
           {"version", "Show the versions of smcpctl and of the gateway.",
            "smcpctl version\nsmcpctl version --client", 0},
           [client_only](Invocation& run) { return Version(run, *client_only); })
      ->add_flag("--client", *client_only, "of smcpctl only; needs no gateway");
}

}  // namespace smcpctl
