// A message as text: the proto JSON form (lowerCamelCase names, 64-bit integers as strings,
// durations "1.5s", times RFC 3339), and the same tree as YAML.
//
// Fields that have their default value are printed too, so that a script finds the same keys in
// every answer; message fields that are not set are left out.
#pragma once

#include <google/protobuf/message.h>

#include <optional>
#include <string>

#include "absl/status/status.h"

namespace smcpctl {

enum class Format { kTable, kWide, kJson, kJsonl, kYaml, kName };
std::optional<Format> ParseFormat(const std::string& name);

std::string ToJson(const google::protobuf::Message& message, bool one_line);
std::string ToYaml(const google::protobuf::Message& message);

// Any JSON document as YAML in block style, keys in the same order, ending with a line end.
std::string JsonToYaml(const std::string& json);

// Strict: an unknown field is an error.
absl::Status FromJson(const std::string& json, google::protobuf::Message* message);

// `text` as a JSON string, with its quotes.
std::string JsonString(const std::string& text);

}  // namespace smcpctl
