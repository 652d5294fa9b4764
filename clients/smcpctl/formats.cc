#include "clients/smcpctl/formats.h"

#include <google/protobuf/struct.pb.h>
#include <google/protobuf/util/json_util.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <exception>
#include <string_view>

#include "clients/smcpctl/failure.h"

namespace smcpctl {
namespace {

// Whether YAML 1.1 and 1.2 both read `text` as the string it is, without quotes.
bool IsPlain(std::string_view text) {
  if (text.empty() || text.size() > 200) return false;
  if (std::isalpha(static_cast<unsigned char>(text[0])) == 0 && text[0] != '/') return false;
  if (text.back() == ':' || text.back() == ' ') return false;
  if (text.find(": ") != std::string_view::npos || text.find(" #") != std::string_view::npos) {
    return false;
  }
  std::string lower(text);
  for (char& c : lower) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  constexpr std::array<std::string_view, 9> kWords{"true", "false", "yes", "no", "on",
                                                   "off",  "null",  "y",   "n"};
  if (std::find(kWords.begin(), kWords.end(), lower) != kWords.end()) return false;
  return std::all_of(text.begin(), text.end(), [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 ||
           std::string_view("_-./@: ()").find(c) != std::string_view::npos;
  });
}

void Emit(const YAML::Node& node, YAML::Emitter* out) {
  switch (node.Type()) {
    case YAML::NodeType::Map:
      if (node.size() == 0) *out << YAML::Flow;
      *out << YAML::BeginMap;
      for (const auto& entry : node) {
        *out << YAML::Key;
        Emit(entry.first, out);
        *out << YAML::Value;
        Emit(entry.second, out);
      }
      *out << YAML::EndMap;
      return;
    case YAML::NodeType::Sequence:
      if (node.size() == 0) *out << YAML::Flow;
      *out << YAML::BeginSeq;
      for (const YAML::Node& item : node) Emit(item, out);
      *out << YAML::EndSeq;
      return;
    case YAML::NodeType::Scalar:
      // yaml-cpp tags what stood in quotes "!".
      if (node.Tag() == "!" && !IsPlain(node.Scalar())) *out << YAML::DoubleQuoted;
      *out << node.Scalar();
      return;
    case YAML::NodeType::Null:
    case YAML::NodeType::Undefined:
      *out << YAML::Null;
      return;
  }
}

}  // namespace

std::optional<Format> ParseFormat(const std::string& name) {
  constexpr std::array<std::pair<std::string_view, Format>, 6> kNames{{{"table", Format::kTable},
                                                                       {"wide", Format::kWide},
                                                                       {"json", Format::kJson},
                                                                       {"jsonl", Format::kJsonl},
                                                                       {"yaml", Format::kYaml},
                                                                       {"name", Format::kName}}};
  for (const auto& [known, format] : kNames) {
    if (known == name) return format;
  }
  return std::nullopt;
}

std::string ToJson(const google::protobuf::Message& message, bool one_line) {
  google::protobuf::util::JsonPrintOptions options;
  options.add_whitespace = !one_line;
  options.always_print_primitive_fields = true;
  std::string json;
  const auto status = google::protobuf::util::MessageToJsonString(message, &json, options);
  // Only a Timestamp or Duration out of range cannot be printed.
  if (!status.ok()) return "{}" + std::string(one_line ? "" : "\n");
  return json;
}

std::string ToYaml(const google::protobuf::Message& message) {
  return JsonToYaml(ToJson(message, true));
}

// yaml-cpp reports by throwing: caught here, at the seam.
std::string JsonToYaml(const std::string& json) {
  try {
    YAML::Emitter out;
    Emit(YAML::Load(json), &out);
    return std::string(out.c_str()) + "\n";
  } catch (const std::exception&) {
    return json + "\n";  // JSON is YAML
  }
}

absl::Status FromJson(const std::string& json, google::protobuf::Message* message) {
  const auto status = google::protobuf::util::JsonStringToMessage(json, message);
  if (status.ok()) return absl::OkStatus();
  return UsageError("not the JSON form of " + message->GetDescriptor()->full_name() + ": " +
                    std::string(status.message().data(), status.message().size()));
}

std::string JsonString(const std::string& text) {
  google::protobuf::Value value;
  value.set_string_value(text);
  return ToJson(value, true);
}

}  // namespace smcpctl
