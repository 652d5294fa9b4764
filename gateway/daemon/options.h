// The command line of smcp-gateway, and everything it can ask for that ends before serving.
//
//   Startup startup = Start(argc, argv, EnvironmentFrom(environ), version, std::cout, std::cerr);
//   if (startup.exit_code) return *startup.exit_code;
//   Serve(startup.sources);
//
// Thread rule: call it once, before any thread. Errors: one line on `err` and exit code 2.
#pragma once

#include <functional>
#include <iosfwd>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "gateway/daemon/config.h"

namespace smcp::config {

struct Options {
  enum class Action { kServe, kCheck, kPrintConfig, kPrintExampleConfig, kVersion, kHelp };
  Action action = Action::kServe;
  std::optional<std::string> file;
  std::vector<std::string> sets;
  std::string help;  // the text of --help, filled for kHelp
};

// Of several actions the first of: help, version, print-example-config, check, print-config.
absl::StatusOr<Options> ParseOptions(int argc, const char* const* argv);

struct Startup {
  std::optional<int> exit_code;  // set: the process is done
  EffectiveConfig effective;     // loaded if there is no exit code
  ConfigSources sources;         // where it came from
};

// Further checks of --check that are not about single keys; adds warnings.
using FurtherCheck =
    std::function<absl::Status(const GatewayConfig& config, std::vector<std::string>* warnings)>;

Startup Start(int argc, const char* const* argv, Environment environment, std::string_view version,
              std::ostream& out, std::ostream& err, const FurtherCheck& further_check = {});

}  // namespace smcp::config
