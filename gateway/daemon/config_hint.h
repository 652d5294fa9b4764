// "Did you mean": the known key nearest to one that does not exist.
// Thread rule: pure functions.
#pragma once

#include <string>
#include <string_view>

#include "gateway/daemon/config_schema.h"

namespace smcp::config {

// The number of single-character insertions, deletions, replacements and swaps of neighbours.
size_t EditDistance(std::string_view a, std::string_view b);

// Path of the known key or section nearest to `path`, empty if none is near. Near means that few
// letters differ, or that the last word is that of a key: a key written in the wrong section.
std::string NearestPath(const Schema& schema, std::string_view path);

// Nearest word of a list; empty if none is near.
std::string NearestWord(const google::protobuf::RepeatedPtrField<std::string>& words,
                        std::string_view word);

}  // namespace smcp::config
