// The command line: the tree of commands, the flags they share, and the way from an argument vector
// to an exit code.
//
// All shared flags may stand before or behind the command. A command says which of them it takes;
// one that it does not take is an error, so that no --dry-run is ever overlooked.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "clients/smcpctl/failure.h"
#include "clients/smcpctl/invocation.h"

namespace smcpctl {

enum Takes : unsigned {
  kTakesNothing = 0,
  kTakesFilter = 1U << 0U,
  kTakesSort = 1U << 1U,
  kTakesLimit = 1U << 2U,  // --limit and --all
  kTakesCount = 1U << 3U,  // --limit alone: ends a watch
  kTakesWatch = 1U << 4U,
  kTakesDryRun = 1U << 5U,
  kTakesForce = 1U << 6U,
  kTakesYes = 1U << 7U,
  kTakesReason = 1U << 8U,  // --reason and --request-id
  kTakesList = kTakesFilter | kTakesSort | kTakesLimit,
  kTakesChange = kTakesDryRun | kTakesReason,
};

struct CommandText {
  const char* name;
  const char* help;
  const char* example;  // whole lines, each beginning with "smcpctl"
  unsigned takes;
};

class Cli {
 public:
  using Run = std::function<absl::Status(Invocation&)>;

  Cli();

  CLI::App* Group(const char* name, const char* help);
  // `group` nullptr: a command of its own.
  CLI::App* Add(CLI::App* group, const CommandText& text, Run run);

  const CLI::App& app() const { return app_; }
  const Flags& flags() const { return flags_; }

  Exit Main(int argc, const char* const* argv);

 private:
  struct Command {
    unsigned takes = 0;
    Run run{};
  };

  void AddConnectionFlags();
  void AddOutputFlags();
  void AddListFlags();
  void AddChangeFlags();
  void Shared(CLI::Option* option, unsigned takes);
  absl::Status CheckFlags(const Command& command) const;
  absl::StatusOr<Settings> EffectiveSettings() const;
  absl::StatusOr<OutputOptions> MakeOutput(const Settings& settings) const;
  absl::Status Execute(const CLI::App& command);

  CLI::App app_;
  Flags flags_;
  std::string token_file_{};
  bool tls_ = false;
  bool plaintext_ = false;
  bool skip_verify_ = false;
  std::map<const CLI::App*, Command> commands_;
  std::vector<std::pair<CLI::Option*, unsigned>> shared_;
};

// One for each group of commands.
void AddContextCommands(Cli* cli);
void AddStatusCommands(Cli* cli);
void AddOfficeCommands(Cli* cli);
void AddPolicyCommand(Cli* cli, CLI::App* offices);
void AddSessionCommands(Cli* cli);
void AddKickCommands(Cli* cli, CLI::App* sessions);
void AddCallCommands(Cli* cli);
void AddTopCommands(Cli* cli, CLI::App* calls);
void AddToolCommands(Cli* cli);
void AddNotifyCommands(Cli* cli);
void AddConfigCommands(Cli* cli);
void AddConfigChangeCommands(Cli* cli, CLI::App* config);
void AddNodeCommands(Cli* cli);
void AddEventCommands(Cli* cli);
void AddRawCommand(Cli* cli);
void AddCompletionCommand(Cli* cli);

}  // namespace smcpctl
