#include "gateway/daemon/options.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <ostream>

#include "gateway/base/strings.h"
#include "gateway/daemon/config_print.h"
#include "gateway/daemon/config_text.h"
#include "gateway/daemon/secret.h"

namespace smcp::config {
namespace {

constexpr int kExitInvalid = 2;

constexpr std::string_view kFooter = R"(
Precedence: default < file < environment (SMCP_LISTEN__ADDRESS) < --set.

Examples:
  smcp-gateway
  smcp-gateway --config /etc/smcp-gateway/config.yaml
  smcp-gateway --set listen.address=0.0.0.0:8000 --set engineio.ping_interval=10s \
               --set listen.paths=/socket.io,/smcp
  SMCP_LOG__LEVEL=debug smcp-gateway --print-config)";

std::string OneLine(std::string text) {
  std::replace(text.begin(), text.end(), '\n', ' ');
  return text;
}

int Refuse(const absl::Status& status, std::ostream& err) {
  err << "smcp-gateway: " << OneLine(std::string(ToStd(status.message()))) << '\n';
  return kExitInvalid;
}

// A configuration whose secret cannot be read would not start: --check says so too.
int Check(const EffectiveConfig& effective, const FurtherCheck& further_check, std::ostream& out,
          std::ostream& err) {
  const absl::StatusOr<Secret> secret = LoadSecret(effective.config);
  if (!secret.ok()) return Refuse(secret.status(), err);
  std::vector<std::string> warnings = secret->warnings;
  if (further_check) {
    const absl::Status checked = further_check(effective.config, &warnings);
    if (!checked.ok()) return Refuse(checked, err);
  }
  for (const std::string& warning : warnings) err << "warning: " << warning << '\n';
  out << "configuration is valid\n";
  return 0;
}

}  // namespace

absl::StatusOr<Options> ParseOptions(int argc, const char* const* argv) {
  Options options;
  std::string file;
  bool insecure = false;
  bool check = false;
  bool print_config = false;
  bool print_example = false;
  bool version = false;
  CLI::App app("Serves SMCP: Agents and Computers meet in offices over Socket.IO.", "smcp-gateway");
  CLI::Option* config =
      app.add_option("--config", file, "Read this configuration file (YAML or JSON)")
          ->type_name("FILE");
  app.add_option("--set", options.sets, "Set one key; may be repeated, lists take commas")
      ->type_name("KEY=VALUE")
      ->allow_extra_args(false);
  app.add_flag("--insecure", insecure,
               "Serve the control interface without TLS on an address that is not loopback");
  app.add_flag("--check", check, "Say whether the configuration is valid, and exit");
  app.add_flag("--print-config", print_config,
               "Print the configuration in force and the origin of each value, and exit");
  app.add_flag("--print-example-config", print_example)->group("");  // hidden: for the repository
  app.add_flag("--version", version, "Print the version, and exit");
  app.footer(std::string(kFooter));
  // CLI11 reports by throwing, --help included: caught here and nowhere else.
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    options.action = Options::Action::kHelp;
    options.help = app.help();
    return options;
  } catch (const CLI::ParseError& error) {
    return Invalid({OneLine(error.what()), "; --help shows the options"});
  }
  if (config->count() > 0) options.file = file;
  if (insecure) options.sets.push_back("control.insecure=true");
  options.action = version         ? Options::Action::kVersion
                   : print_example ? Options::Action::kPrintExampleConfig
                   : check         ? Options::Action::kCheck
                   : print_config  ? Options::Action::kPrintConfig
                                   : Options::Action::kServe;
  return options;
}

Startup Start(int argc, const char* const* argv, Environment environment, std::string_view version,
              std::ostream& out, std::ostream& err, const FurtherCheck& further_check) {
  Startup startup;
  absl::StatusOr<Options> options = ParseOptions(argc, argv);
  if (!options.ok()) {
    startup.exit_code = Refuse(options.status(), err);
    return startup;
  }
  const auto done = [&](const std::string& text) {
    out << text;
    startup.exit_code = 0;
    return startup;
  };
  switch (options->action) {
    case Options::Action::kHelp:
      return done(options->help);
    case Options::Action::kVersion:
      return done(Concat({"smcp-gateway ", version, "\n"}));
    case Options::Action::kPrintExampleConfig:
      return done(ExampleConfig());
    case Options::Action::kServe:
    case Options::Action::kCheck:
    case Options::Action::kPrintConfig:
      break;
  }
  startup.sources = {std::move(options->file), std::move(environment), std::move(options->sets),
                     ""};
  absl::StatusOr<EffectiveConfig> effective = LoadConfig(startup.sources);
  if (!effective.ok()) {
    startup.exit_code = Refuse(effective.status(), err);
    return startup;
  }
  startup.effective = *std::move(effective);
  if (options->action == Options::Action::kPrintConfig) {
    return done(PrintConfig(startup.effective));
  }
  if (options->action == Options::Action::kCheck) {
    startup.exit_code = Check(startup.effective, further_check, out, err);
  }
  return startup;
}

}  // namespace smcp::config
