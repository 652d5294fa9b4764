// Reads a YAML or JSON text (every JSON text is YAML) into assignments, each with its line.
//
// Only what a configuration needs is read: maps down to the keys of the schema, scalars, lists of
// scalars. A section without content is an empty section: all its keys may be commented out.
// Thread rule: pure function. Errors: one line, "<name>:<line>: <key>: <fault and remedy>".
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "gateway/daemon/config_schema.h"
#include "gateway/daemon/config_value.h"

namespace smcp::config {

// All faults of the text, and the assignments that have none.
struct YamlReading {
  std::vector<Assignment> assignments{};
  std::vector<absl::Status> errors{};
};
YamlReading ReadAllOfYaml(const std::string& text, std::string_view name, const Schema& schema);

// The same where one fault is enough. `name` is what the text is called in errors and origins, as a
// rule the file's name.
absl::StatusOr<std::vector<Assignment>> ReadYaml(const std::string& text, std::string_view name,
                                                 const Schema& schema);

// The fault of a key that does not exist, with the nearest one that does.
std::string UnknownKey(const Schema& schema, std::string_view path);

}  // namespace smcp::config
