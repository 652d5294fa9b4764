// Loads the configuration: default < file < environment < --set < pushed, checked as a whole.
//
// The schema is proto/smcp/config/v1/config.proto. A duration reads "25s" or "300ms", a size is a
// number of bytes, a list in the environment or in --set takes commas.
// Thread rule: functions of their arguments only; no globals, no getenv. Call them before threads.
// Errors: InvalidArgument (or NotFound, PermissionDenied for the file) whose message is one line
// that names the place, the key, what is wrong and how to mend it. Secrets are never quoted.
//
//   auto loaded = LoadConfig({.file = "gateway.yaml", .environment = EnvironmentFrom(environ)});
//   if (!loaded.ok()) ...
//   loaded->config.listen().address();
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "gateway/base/clock.h"
#include "smcp/config/v1/config.pb.h"

namespace smcp::config {

using v1::GatewayConfig;

struct Origin {
  enum class Kind { kDefault, kFile, kEnvironment, kFlag, kPushed };
  Kind kind = Kind::kDefault;
  std::string place = "default";  // "gateway.yaml:3", "SMCP_LISTEN__ADDRESS", "--set", "pushed"
};

using Origins = std::map<std::string, Origin, std::less<>>;  // one entry for every key
using Environment = std::vector<std::pair<std::string, std::string>>;

struct ConfigSources {
  std::optional<std::string> file;  // YAML or JSON
  Environment environment;          // only variables that start with SMCP_ are looked at
  std::vector<std::string> sets;    // "listen.address=127.0.0.1:0"; the last of a key wins
  std::string pushed = {};          // YAML: what the control interface lays over all of these
};

struct EffectiveConfig {
  GatewayConfig config;  // every key has a value
  Origins origins;
};

absl::StatusOr<EffectiveConfig> LoadConfig(const ConfigSources& sources);

// `environ` of <unistd.h> as pairs; entries without '=' are skipped.
Environment EnvironmentFrom(const char* const* entries);

// Loaded durations are whole, non-negative milliseconds.
Millis ToMillis(const google::protobuf::Duration& duration);

}  // namespace smcp::config
