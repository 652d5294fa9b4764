#include <cstdlib>
#include <memory>

#include "clients/smcpctl/cli.h"
#include "clients/smcpctl/contexts.h"
#include "clients/smcpctl/secret_ref.h"
#include "clients/smcpctl/text.h"
#include "clients/smcpctl/view.h"

namespace smcpctl {
namespace {

std::string Path() {
  return ContextPath([](const char* name) { return std::getenv(name); });
}

// A reference is no secret, what it leads to is.
std::string Masked(const SettingKey& key, const std::string& value) {
  return std::string(key.name) == "token" && !IsSecretRef(value) ? "********" : value;
}

absl::Status AddOne(const Invocation& run, const std::string& name, bool use) {
  if (name.empty() || Printable(name) != name) return UsageError("that is no name for a context");
  if (!run.settings().endpoint.has_value()) {
    return UsageError("say where it leads: --endpoint HOST:PORT");
  }
  auto file = LoadContexts(Path());
  if (!file.ok()) return file.status();
  file->contexts[name] = run.settings();
  if (use || file->contexts.size() == 1) file->current = name;
  if (auto s = SaveContexts(Path(), *file); !s.ok()) return s;
  run.out().Note("context '" + name + "' is kept in " + Path());
  return absl::OkStatus();
}

absl::Status ListThem(const Invocation& run) {
  const auto file = LoadContexts(Path());
  if (!file.ok()) return file.status();
  std::vector<Cells> rows;
  for (const auto& [name, settings] : file->contexts) {
    rows.push_back(
        {TextCell(name), TextCell(name == file->current ? "yes" : "no"),
         TextCell(settings.endpoint.value_or("")),
         TextCell(settings.token.has_value() ? Masked(kSettingKeys[1], *settings.token) : "")});
  }
  run.out().Local({{"NAME", Align::kLeft, Cut::kMiddle},
                   {"CURRENT"},
                   {"ENDPOINT", Align::kLeft, Cut::kMiddle},
                   {"TOKEN", Align::kLeft, Cut::kMiddle}},
                  rows, 0);
  return absl::OkStatus();
}

absl::Status Use(const Invocation& run, const std::string& name) {
  auto file = LoadContexts(Path());
  if (!file.ok()) return file.status();
  if (auto found = FindContext(*file, name); !found.ok()) return found.status();
  file->current = name;
  if (auto s = SaveContexts(Path(), *file); !s.ok()) return s;
  run.out().Note("context '" + name + "' is in use");
  return absl::OkStatus();
}

absl::Status Show(const Invocation& run, std::string name) {
  const auto file = LoadContexts(Path());
  if (!file.ok()) return file.status();
  if (name.empty()) name = file->current;
  if (name.empty()) return Fail(Exit::kNotFound, "no context is in use; 'smcpctl context ls'");
  const auto found = FindContext(*file, name);
  if (!found.ok()) return found.status();
  std::vector<Cells> rows{{TextCell("name"), TextCell(name)}};
  for (const SettingKey& key : kSettingKeys) {
    if (const auto& value = (*found).*key.member; value.has_value()) {
      rows.push_back({TextCell(key.name), TextCell(Masked(key, *value))});
    }
  }
  run.out().Local({{"KEY"}, {"VALUE", Align::kLeft, Cut::kMiddle}}, rows, 1);
  return absl::OkStatus();
}

absl::Status Remove(const Invocation& run, const std::string& name) {
  auto file = LoadContexts(Path());
  if (!file.ok()) return file.status();
  if (auto found = FindContext(*file, name); !found.ok()) return found.status();
  file->contexts.erase(name);
  if (file->current == name) file->current.clear();
  if (auto s = SaveContexts(Path(), *file); !s.ok()) return s;
  run.out().Note("context '" + name + "' is gone");
  return absl::OkStatus();
}

}  // namespace

void AddContextCommands(Cli* cli) {
  CLI::App* context = cli->Group("context", "Named profiles: where to connect, and as whom.");
  struct Args {
    std::string name{};
    bool use = false;
  };
  const auto named = [](CLI::App* command, const std::shared_ptr<Args>& args, bool required) {
    command->add_option("name", args->name, "its name")->required(required);
  };
  auto add = std::make_shared<Args>();
  auto* command = cli->Add(context,
                           {"add", "Keep the connection flags given under a name.",
                            "smcpctl context add prod --endpoint gw:50051 --token-file ~/.token\n"
                            "smcpctl context add lab --endpoint gw:50051 --token env://LAB_TOKEN",
                            0},
                           [add](Invocation& run) { return AddOne(run, add->name, add->use); });
  named(command, add, true);
  command->add_flag("--use", add->use, "and use it from now on");
  cli->Add(context, {"ls", "List the contexts.", "smcpctl context ls", 0},
           [](Invocation& run) { return ListThem(run); });
  auto use = std::make_shared<Args>();
  named(cli->Add(context, {"use", "Use a context from now on.", "smcpctl context use prod", 0},
                 [use](Invocation& run) { return Use(run, use->name); }),
        use, true);
  auto show = std::make_shared<Args>();
  named(cli->Add(context,
                 {"show", "Show a context, the one in use if none is named; tokens are masked.",
                  "smcpctl context show prod", 0},
                 [show](Invocation& run) { return Show(run, show->name); }),
        show, false);
  auto remove = std::make_shared<Args>();
  named(cli->Add(context, {"rm", "Forget a context.", "smcpctl context rm lab", 0},
                 [remove](Invocation& run) { return Remove(run, remove->name); }),
        remove, true);
}

}  // namespace smcpctl
