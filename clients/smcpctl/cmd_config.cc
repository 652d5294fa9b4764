#include <algorithm>
#include <memory>

#include "clients/smcpctl/cli.h"
#include "clients/smcpctl/human.h"
#include "clients/smcpctl/list.h"
#include "clients/smcpctl/secret_ref.h"
#include "clients/smcpctl/text.h"
#include "clients/smcpctl/views.h"
#include "smcp/control/v1/config_service.pb.h"

namespace smcpctl {
namespace {

namespace v1 = smcp::control::v1;

struct GetArgs {
  std::vector<std::string> keys{};
  bool changed = false;
};

absl::Status GetThem(Invocation& run, const GetArgs& args) {
  v1::GetConfigRequest request;
  for (const std::string& key : args.keys) request.add_keys(key);
  v1::Config config;
  if (auto s = run.Call("ConfigService/GetConfig", request, &config); !s.ok()) return s;
  for (const std::string& key : args.keys) {
    const bool found = std::any_of(
        config.values().begin(), config.values().end(), [&key](const v1::ConfigValue& value) {
          return value.key() == key || value.key().starts_with(key + ".");
        });
    if (!found) {
      return Fail(Exit::kNotFound,
                  "no key '" + Printable(key) + "'; 'smcpctl config get' shows all");
    }
  }
  if (args.changed) {
    std::vector<size_t> kept;
    for (int i = 0; i < config.values_size(); ++i) {
      if (config.values(i).origin() != v1::ORIGIN_DEFAULT) kept.push_back(static_cast<size_t>(i));
    }
    Reorder(kept, config.mutable_values());
  }
  if (auto s = SortBy(run, ConfigView(), config.mutable_values()); !s.ok()) return s;
  ShowRows(run, ConfigView(), config.values(), config);
  return absl::OkStatus();
}

absl::Status Validate(Invocation& run, const std::string& path) {
  auto text = ReadFile(path);
  if (!text.ok()) return text.status();
  v1::ValidateConfigRequest request;
  request.mutable_document()->set_yaml(*std::move(text));
  v1::ValidateConfigResponse response;
  if (auto s = run.Call("ConfigService/ValidateConfig", request, &response); !s.ok()) return s;
  if (!run.out().IsTable() || !response.findings().empty()) {
    ShowRows(run, FindingView(), response.findings(), response);
  } else {
    run.out().Print("valid\n");
  }
  if (response.valid()) return absl::OkStatus();
  return Fail(Exit::kInvalidConfig, path + ": not valid, see the findings");
}

absl::Status History(Invocation& run) {
  v1::ListConfigGenerationsRequest request;
  return List<v1::ListConfigGenerationsResponse>(run, "ConfigService/ListConfigGenerations",
                                                 request, GenerationView(),
                                                 [](auto* r) { return r->mutable_generations(); });
}

// One line per change; config changes are rare, so nothing is redrawn.
std::string ChangeLine(const v1::ConfigChange& change, const Clock& clock) {
  if (change.has_rejected()) return "rejected: " + Printable(change.rejected()) + "\n";
  const auto& g = change.has_current() ? change.current() : change.applied();
  std::string keys = Join({g.changed_keys().begin(), g.changed_keys().end()}, ", ");
  std::string line = g.has_time() ? Rfc3339(Nanoseconds(g.time()), clock.utc) + "  " : "";
  line += change.has_current() ? "current generation " : "applied generation ";
  line += std::to_string(g.generation());
  if (!g.author().empty()) line += " by " + g.author();
  if (!keys.empty()) line += ": " + keys;
  return Printable(line) + "\n";
}

absl::Status WatchThem(Invocation& run) {
  v1::WatchConfigRequest request;
  v1::ConfigChange change;
  int64_t count = 0;
  const bool lines = run.out().options().tty && run.out().IsTable();
  const auto each = [&] {
    if (!lines) run.out().Piece(change);
    if (change.has_bookmark()) return true;
    if (lines) run.out().Print(ChangeLine(change, run.out().Now()));
    ++count;
    return run.flags().limit == 0 || count < run.flags().limit;
  };
  return run.Stream("ConfigService/WatchConfig", request, &change, each, {});
}

}  // namespace

void AddConfigCommands(Cli* cli) {
  CLI::App* config = cli->Group("config", "The gateway's configuration: see, check, push, undo.");
  auto get = std::make_shared<GetArgs>();
  auto* command = cli->Add(config,
                           {"get", "Show what is in force, and where each value comes from.",
                            "smcpctl config get\nsmcpctl config get calls limits.connections\n"
                            "smcpctl config get --changed -o wide",
                            kTakesSort},
                           [get](Invocation& run) { return GetThem(run, *get); });
  command->add_option("keys", get->keys, "keys or sections; none: all");
  command->add_flag("--changed", get->changed, "only what is not the default");

  auto file = std::make_shared<std::string>();
  cli->Add(config,
           {"validate", "Check a configuration file against the running gateway.",
            "smcpctl config validate -f gateway.yaml", 0},
           [file](Invocation& run) { return Validate(run, *file); })
      ->add_option("-f,--file", *file, "YAML or JSON; - is stdin")
      ->required();

  cli->Add(config,
           {"history", "List what has been pushed, newest first.",
            "smcpctl config history --limit 5", kTakesSort | kTakesLimit},
           [](Invocation& run) { return History(run); });
  cli->Add(config,
           {"watch", "Show each configuration as it is applied or rejected.",
            "smcpctl config watch", kTakesCount},
           [](Invocation& run) { return WatchThem(run); });
  AddConfigChangeCommands(cli, config);
}

}  // namespace smcpctl
