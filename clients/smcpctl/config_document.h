// A configuration document from flags: a file, or single keys.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "smcp/control/v1/config_service.pb.h"

namespace smcpctl {

struct DocumentFlags {
  std::string file{};                // "-": stdin
  std::vector<std::string> set{};    // "calls.default_timeout=30s"; the value is YAML
  std::vector<std::string> unset{};  // keys
  std::vector<std::string> mask{};   // with a file: only these keys of it
};

// Document and mask. With a file and no mask the document is the whole of what is pushed.
absl::Status FillDocument(const DocumentFlags& flags, smcp::control::v1::ApplyConfigRequest* out);

// "key: text" of each leaf; lists joined by commas, as ConfigValue.value has them. Nothing for text
// that is no YAML map.
std::vector<std::pair<std::string, std::string>> Leaves(const std::string& yaml);

}  // namespace smcpctl
