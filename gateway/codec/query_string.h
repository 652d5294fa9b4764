// The query of a request target. The first of repeated keys wins (DECISIONS 16); keys and values
// are percent-decoded, '+' is a blank.
// Sans-IO, never throws; any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace smcp {

struct Target {
  std::string_view path;   // raw, without the query; scheme and authority of an absolute form cut
  std::string_view query;  // raw, without '?'
};
Target SplitTarget(std::string_view target);

// Nothing if the key does not occur. A bad percent escape stays as it is.
std::optional<std::string> QueryValue(std::string_view query, std::string_view key);

}  // namespace smcp
