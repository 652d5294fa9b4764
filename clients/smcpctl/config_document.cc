#include "clients/smcpctl/config_document.h"

#include <yaml-cpp/yaml.h>

#include <exception>
#include <utility>

#include "clients/smcpctl/failure.h"
#include "clients/smcpctl/secret_ref.h"
#include "clients/smcpctl/text.h"

namespace smcpctl {
namespace {

// Puts `value` where the dots of `key` lead to. A key must not be another one's section.
absl::Status Put(YAML::Node root, const std::string& key, const YAML::Node& value) {
  YAML::Node at = std::move(root);
  for (size_t start = 0;;) {
    const size_t dot = key.find('.', start);
    const std::string word = key.substr(start, dot == std::string::npos ? dot : dot - start);
    if (word.empty()) return UsageError("'" + key + "' is no key such as calls.default_timeout");
    if (dot == std::string::npos) {
      at[word] = value;
      return absl::OkStatus();
    }
    if (!at[word] || !at[word].IsMap()) at[word] = YAML::Node(YAML::NodeType::Map);
    at.reset(at[word]);
    start = dot + 1;
  }
}

absl::StatusOr<std::string> FromSet(const DocumentFlags& flags, google::protobuf::FieldMask* mask) {
  YAML::Node root(YAML::NodeType::Map);
  for (const std::string& item : flags.set) {
    const size_t equals = item.find('=');
    if (equals == std::string::npos || equals == 0) {
      return UsageError("--set '" + item + "': expected KEY=VALUE");
    }
    const std::string key = item.substr(0, equals);
    YAML::Node value;
    try {
      value = YAML::Load(item.substr(equals + 1));
    } catch (const std::exception&) {
      return UsageError("--set " + key + ": the value is no YAML; put it in double quotes");
    }
    if (!value.IsDefined() || value.IsNull()) value = YAML::Node("");
    if (auto s = Put(root, key, value); !s.ok()) return s;
    mask->add_paths(key);
  }
  for (const std::string& key : flags.unset) mask->add_paths(key);
  YAML::Emitter out;
  out << root;
  return std::string(out.c_str()) + "\n";
}

void Walk(const YAML::Node& node, const std::string& path,
          std::vector<std::pair<std::string, std::string>>* out) {
  if (node.IsMap()) {
    for (const auto& entry : node) {
      Walk(entry.second, path.empty() ? entry.first.Scalar() : path + "." + entry.first.Scalar(),
           out);
    }
  } else if (node.IsSequence()) {
    std::vector<std::string> items;
    for (const YAML::Node& item : node) items.push_back(item.Scalar());
    out->emplace_back(path, Join(items, ","));
  } else if (!path.empty()) {
    out->emplace_back(path, node.Scalar());
  }
}

}  // namespace

absl::Status FillDocument(const DocumentFlags& flags, smcp::control::v1::ApplyConfigRequest* out) {
  const bool single = !flags.set.empty() || !flags.unset.empty();
  if (flags.file.empty() == !single) {
    return UsageError("give either -f FILE, or --set and --unset");
  }
  if (single && !flags.mask.empty()) return UsageError("--mask goes with -f");
  if (single) {
    auto yaml = FromSet(flags, out->mutable_update_mask());
    if (!yaml.ok()) return yaml.status();
    out->mutable_document()->set_yaml(*std::move(yaml));
    return absl::OkStatus();
  }
  auto yaml = ReadFile(flags.file);
  if (!yaml.ok()) return yaml.status();
  out->mutable_document()->set_yaml(*std::move(yaml));
  for (const std::string& key : flags.mask) out->mutable_update_mask()->add_paths(key);
  return absl::OkStatus();
}

// yaml-cpp reports by throwing: caught here, at the seam.
std::vector<std::pair<std::string, std::string>> Leaves(const std::string& yaml) {
  std::vector<std::pair<std::string, std::string>> out;
  try {
    Walk(YAML::Load(yaml), "", &out);
  } catch (const std::exception&) {
    out.clear();
  }
  return out;
}

}  // namespace smcpctl
