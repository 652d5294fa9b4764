#include "gateway/daemon/config_overlay.h"

#include <algorithm>

#include "gateway/daemon/config_text.h"
#include "gateway/daemon/config_yaml.h"

namespace smcp::config {
namespace {

const Assignment* Find(const std::vector<Assignment>& assignments, const Key& key) {
  const auto at = std::find_if(assignments.begin(), assignments.end(),
                               [&](const Assignment& item) { return item.key->path == key.path; });
  return at == assignments.end() ? nullptr : &*at;
}

bool IsMask(const Assignment& assignment) {
  return assignment.key->rule->secret() && assignment.items.size() == 1 &&
         assignment.items.front().text == kSecretMask;
}

std::string Scalar(const Key& key, const std::string& text) {
  return key.type == ValueType::kText ? YamlText(text) : text;
}

std::string ValueOf(const Assignment& assignment, bool mask_secrets) {
  const Key& key = *assignment.key;
  if (!key.is_list) {
    const std::string& text = assignment.items.front().text;
    const bool hide = mask_secrets && key.rule->secret() && !text.empty();
    return hide ? YamlText(kSecretMask) : Scalar(key, text);
  }
  std::string joined;
  for (const RawValue& item : assignment.items) {
    const std::string text = mask_secrets ? Shown(key, item.text) : item.text;
    joined += (joined.empty() ? "" : ", ") + Scalar(key, text);
  }
  return "[" + joined + "]";
}

}  // namespace

Document ReadDocument(const std::string& yaml, const std::vector<Assignment>& previous,
                      const Schema& schema) {
  YamlReading reading = ReadAllOfYaml(yaml, "document", schema);
  Document document{{}, std::move(reading.errors)};
  EffectiveConfig scratch;
  for (Assignment& assignment : reading.assignments) {
    if (IsMask(assignment)) {
      if (const Assignment* before = Find(previous, *assignment.key); before != nullptr) {
        document.assignments.push_back(*before);
      }
      continue;
    }
    absl::Status applied = Apply(assignment, &scratch);
    if (applied.ok()) {
      document.assignments.push_back(std::move(assignment));
    } else {
      document.errors.push_back(std::move(applied));
    }
  }
  return document;
}

absl::StatusOr<std::vector<const Key*>> KeysOfMask(const std::vector<std::string>& mask,
                                                   const Schema& schema) {
  std::vector<const Key*> keys;
  for (const std::string& path : mask) {
    const size_t before = keys.size();
    for (const Key& key : schema.keys()) {
      if (key.path == path || key.path.starts_with(path + ".")) keys.push_back(&key);
    }
    if (keys.size() == before) return absl::InvalidArgumentError(path);
  }
  return keys;
}

std::vector<Assignment> Merge(std::vector<Assignment> previous, std::vector<Assignment> document,
                              const std::vector<const Key*>& keys) {
  const auto named = [&](const Assignment& assignment) {
    return std::any_of(keys.begin(), keys.end(),
                       [&](const Key* key) { return key->path == assignment.key->path; });
  };
  std::erase_if(previous, named);
  for (Assignment& assignment : document) {
    if (named(assignment)) previous.push_back(std::move(assignment));
  }
  return previous;
}

std::string OverlayText(const std::vector<Assignment>& assignments, const Schema& schema,
                        bool mask_secrets) {
  std::string text;
  std::vector<std::string> open;
  for (const Key& key : schema.keys()) {
    const Assignment* assignment = Find(assignments, key);
    if (assignment == nullptr) continue;
    std::vector<std::string> sections;
    for (const auto* step : key.steps) sections.push_back(step->name());
    sections.pop_back();
    const size_t same = static_cast<size_t>(
        std::mismatch(sections.begin(), sections.end(), open.begin(), open.end()).first -
        sections.begin());
    for (size_t depth = same; depth < sections.size(); ++depth) {
      text += std::string(2 * depth, ' ') + sections[depth] + ":\n";
    }
    text += std::string(2 * sections.size(), ' ') + key.leaf()->name() + ": " +
            ValueOf(*assignment, mask_secrets) + "\n";
    open = std::move(sections);
  }
  return text;
}

}  // namespace smcp::config
