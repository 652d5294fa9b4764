#include <memory>

#include "clients/smcpctl/cli.h"
#include "clients/smcpctl/text.h"
#include "clients/smcpctl/view.h"
#include "smcp/control/v1/config_service.pb.h"

namespace smcpctl {
namespace {

namespace v1 = smcp::control::v1;
using Kind = v1::NotifyConfigUpdateRequest::Kind;

struct Args {
  std::string office{};
  std::string computer{};
};

absl::Status Notify(Invocation& run, const Args& args, Kind kind) {
  v1::NotifyConfigUpdateRequest request;
  request.set_office_id(args.office);
  request.set_computer_name(args.computer);
  request.set_kind(kind);
  run.FillChange(&request);
  v1::NotifyConfigUpdateResponse response;
  if (auto s = run.Call("ConfigService/NotifyConfigUpdate", request, &response); !s.ok()) return s;
  const std::string computers = Join({response.computers().begin(), response.computers().end()},
                                     run.out().IsTable() ? ", " : "\n");
  run.out().One(response,
                {{"Members told", CountCell(static_cast<uint64_t>(response.members_told()))},
                 {"On behalf of", TextCell(computers)}},
                computers);
  return absl::OkStatus();
}

void AddKind(Cli* cli, CLI::App* group, const CommandText& text, Kind kind) {
  auto args = std::make_shared<Args>();
  auto* command =
      cli->Add(group, text, [args, kind](Invocation& run) { return Notify(run, *args, kind); });
  command->add_option("--office", args->office, "the office to tell")->required();
  command->add_option("--computer", args->computer,
                      "the Computer it is about; without, one notice for each of the office");
}

}  // namespace

void AddNotifyCommands(Cli* cli) {
  CLI::App* notify = cli->Group("notify", "Tell an office that something of a Computer changed.");
  AddKind(cli, notify,
          {"config", "Say that the configuration changed.",
           "smcpctl notify config --office lab --computer pc-1", kTakesChange},
          v1::NotifyConfigUpdateRequest::CONFIG);
  AddKind(cli, notify,
          {"tools", "Say that the list of tools changed.", "smcpctl notify tools --office lab",
           kTakesChange},
          v1::NotifyConfigUpdateRequest::TOOL_LIST);
  AddKind(cli, notify,
          {"desktop", "Say that the desktop changed.",
           "smcpctl notify desktop --office lab --computer pc-1", kTakesChange},
          v1::NotifyConfigUpdateRequest::DESKTOP);
  AddKind(cli, notify,
          {"skills", "Say that the skills changed (0.1 members are not told).",
           "smcpctl notify skills --office lab --computer pc-1", kTakesChange},
          v1::NotifyConfigUpdateRequest::SKILLS);
}

}  // namespace smcpctl
