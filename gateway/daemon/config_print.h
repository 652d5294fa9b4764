// The configuration as YAML: the effective one (--print-config) and the documented example
// (deploy/config.example.yaml), both made from the schema.
// Thread rule: pure functions.
#pragma once

#include <string>

#include "gateway/daemon/config.h"

namespace smcp::config {

// Reads back as the same configuration, but for secrets, which are masked. A line whose value is
// not the default ends with a comment that says where it comes from.
std::string PrintConfig(const EffectiveConfig& effective);

// Every key with meaning, default, range, unit and whether it reloads.
std::string ExampleConfig();

}  // namespace smcp::config
