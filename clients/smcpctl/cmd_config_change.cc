#include <algorithm>
#include <map>
#include <memory>

#include "clients/smcpctl/cli.h"
#include "clients/smcpctl/config_document.h"
#include "clients/smcpctl/list.h"
#include "clients/smcpctl/text.h"
#include "clients/smcpctl/views.h"
#include "smcp/control/v1/config_service.pb.h"

namespace smcpctl {
namespace {

namespace v1 = smcp::control::v1;

struct Args {
  DocumentFlags document{};
  uint64_t base = 0;
  bool any_base = false;
};

void AddDocument(CLI::App* command, DocumentFlags* flags) {
  command->add_option("-f,--file", flags->file, "YAML or JSON: the whole of what is pushed");
  command->add_option("--set", flags->set, "KEY=VALUE: only this key; may be repeated")
      ->allow_extra_args(false)
      ->take_all();
  command->add_option("--unset", flags->unset, "KEY: no longer pushed; may be repeated")
      ->allow_extra_args(false)
      ->take_all();
  command->add_option("--mask", flags->mask, "KEY: with -f only these keys of it")
      ->allow_extra_args(false)
      ->take_all();
}

absl::StatusOr<std::map<std::string, v1::ConfigValue>> Present(Invocation& run,
                                                               uint64_t* generation) {
  v1::Config config;
  if (auto s = run.Call("ConfigService/GetConfig", v1::GetConfigRequest(), &config); !s.ok()) {
    return s;
  }
  *generation = config.generation();
  std::map<std::string, v1::ConfigValue> out;
  for (const v1::ConfigValue& value : config.values()) out[value.key()] = value;
  return out;
}

// The keys that would change, as the gateway itself judges it.
absl::Status Diff(Invocation& run, const Args& args) {
  v1::ApplyConfigRequest request;
  if (auto s = FillDocument(args.document, &request); !s.ok()) return s;
  uint64_t generation = 0;
  const auto present = Present(run, &generation);
  if (!present.ok()) return present.status();
  request.set_any_base(true);
  request.set_validate_only(true);
  v1::ApplyConfigResponse response;
  if (auto s = run.Call("ConfigService/ApplyConfig", request, &response); !s.ok()) return s;
  const auto leaves = Leaves(request.document().yaml());
  const std::map<std::string, std::string> pushed(leaves.begin(), leaves.end());
  const std::vector<Column> columns{
      {"KEY"}, {"BEFORE", Align::kLeft, Cut::kEnd}, {"AFTER", Align::kLeft, Cut::kEnd}};
  std::vector<Cells> rows;
  for (const std::string& key : response.changed_keys()) {
    const auto now = present->find(key);
    const auto then = pushed.find(key);
    const bool secret = now != present->end() && now->second.secret();
    rows.push_back({TextCell(key), TextCell(now == present->end() ? "" : now->second.value()),
                    then == pushed.end() ? TextCell("(not pushed)", Tone::kWarn)
                    : secret             ? TextCell("********", Tone::kGood)
                                         : TextCell(then->second, Tone::kGood)});
  }
  run.out().Local(columns, rows, 0);
  if (rows.empty() && run.out().IsTable()) run.out().Note("nothing would change");
  for (const v1::ConfigFinding& finding : response.findings()) {
    run.out().Note(Printable(finding.key() + ": " + finding.message()));
  }
  return absl::OkStatus();
}

void ShowApplied(const Invocation& run, const v1::ApplyConfigResponse& response) {
  const std::string keys =
      Join({response.changed_keys().begin(), response.changed_keys().end()}, ", ");
  const bool dry = run.flags().dry_run;
  Fields fields{{"Generation", CountCell(response.generation())},
                {dry ? "Would change" : "Changed", TextCell(keys)}};
  for (const v1::ConfigFinding& finding : response.findings()) {
    fields.emplace_back("Note", TextCell(finding.key() + ": " + finding.message(), Tone::kWarn));
  }
  run.out().One(response, fields, std::to_string(response.generation()));
}

template <class Request>
absl::Status SetBase(Invocation& run, const Args& args, bool base_given, Request* request) {
  request->set_any_base(args.any_base);
  if (args.any_base) return absl::OkStatus();
  uint64_t generation = args.base;
  if (!base_given) {
    const auto present = Present(run, &generation);
    if (!present.ok()) return present.status();
  }
  request->set_base_generation(generation);
  return absl::OkStatus();
}

absl::Status Apply(Invocation& run, const Args& args, bool base_given) {
  v1::ApplyConfigRequest request;
  if (auto s = FillDocument(args.document, &request); !s.ok()) return s;
  if (auto s = SetBase(run, args, base_given, &request); !s.ok()) return s;
  run.FillChange(&request);
  v1::ApplyConfigResponse response;
  if (auto s = run.Call("ConfigService/ApplyConfig", request, &response); !s.ok()) return s;
  ShowApplied(run, response);
  return absl::OkStatus();
}

absl::Status Rollback(Invocation& run, const Args& args, bool base_given, uint64_t generation) {
  const std::string target = generation == 0 ? "what file, environment and flags say"
                                             : "generation " + std::to_string(generation);
  if (auto s = run.Confirm("Go back to " + target + "?"); !s.ok()) return s;
  v1::RollbackConfigRequest request;
  request.set_generation(generation);
  if (auto s = SetBase(run, args, base_given, &request); !s.ok()) return s;
  run.FillChange(&request);
  v1::ApplyConfigResponse response;
  if (auto s = run.Call("ConfigService/RollbackConfig", request, &response); !s.ok()) return s;
  ShowApplied(run, response);
  return absl::OkStatus();
}

CLI::Option* AddBase(CLI::App* command, Args* args) {
  auto* any = command->add_flag("--any-base", args->any_base, "whatever is in force now");
  return command
      ->add_option("--base", args->base, "the generation this was made for; default: the present")
      ->excludes(any);
}

}  // namespace

void AddConfigChangeCommands(Cli* cli, CLI::App* config) {
  auto diff = std::make_shared<Args>();
  AddDocument(cli->Add(config,
                       {"diff", "Show what apply would change.",
                        "smcpctl config diff -f pushed.yaml\n"
                        "smcpctl config diff --set calls.default_timeout=30s",
                        0},
                       [diff](Invocation& run) { return Diff(run, *diff); }),
              &diff->document);

  struct Given {
    Args args{};
    CLI::Option* base = nullptr;
    uint64_t generation = 0;
  };
  auto apply = std::make_shared<Given>();
  auto* command = cli->Add(
      config,
      {"apply", "Push a configuration: a whole document, or single keys.",
       "smcpctl config apply -f pushed.yaml --base 3\n"
       "smcpctl config apply --set limits.connections=5000 --reason 'load'\n"
       "smcpctl config apply --unset limits.connections --dry-run",
       kTakesChange},
      [apply](Invocation& run) { return Apply(run, apply->args, apply->base->count() > 0); });
  AddDocument(command, &apply->args.document);
  apply->base = AddBase(command, &apply->args);

  auto back = std::make_shared<Given>();
  auto* rollback =
      cli->Add(config,
               {"rollback", "Push an earlier generation again.",
                "smcpctl config rollback 3 --yes\nsmcpctl config rollback 0 --dry-run",
                kTakesChange | kTakesYes},
               [back](Invocation& run) {
                 return Rollback(run, back->args, back->base->count() > 0, back->generation);
               });
  rollback->add_option("generation", back->generation, "0: nothing pushed")->required();
  back->base = AddBase(rollback, &back->args);
}

}  // namespace smcpctl
