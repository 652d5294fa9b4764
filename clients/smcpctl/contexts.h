// Named profiles in ~/.config/smcpctl/config.yaml:
//
//   current: prod
//   contexts:
//     prod: {endpoint: "gw.example.com:50051", token: "file:///run/secrets/smcpctl"}
//
// The file may hold tokens, so it is refused unless it is its owner's alone (0600), and written so
// that a crash leaves the old or the new one.
#pragma once

#include <map>
#include <string>

#include "absl/status/statusor.h"
#include "clients/smcpctl/settings.h"

namespace smcpctl {

struct ContextFile {
  std::string current{};
  std::map<std::string, Settings> contexts{};
};

// SMCPCTL_CONFIG, or below XDG_CONFIG_HOME or HOME.
std::string ContextPath(const GetEnv& get);

// A file that does not exist is an empty one.
absl::StatusOr<ContextFile> LoadContexts(const std::string& path);
absl::Status SaveContexts(const std::string& path, const ContextFile& file);

// Names the contexts there are if `name` is none.
absl::StatusOr<Settings> FindContext(const ContextFile& file, const std::string& name);

}  // namespace smcpctl
