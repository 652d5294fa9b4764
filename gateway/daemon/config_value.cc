#include "gateway/daemon/config_value.h"

#include <algorithm>
#include <limits>
#include <variant>

#include "gateway/base/check.h"
#include "gateway/base/strings.h"
#include "gateway/daemon/config_hint.h"
#include "gateway/daemon/config_text.h"

namespace smcp::config {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
// What ErrorAt attaches, for those who show faults one by one.
constexpr absl::string_view kPlacePayload = "smcp.place";
constexpr absl::string_view kKeyPayload = "smcp.key";
constexpr absl::string_view kProblemPayload = "smcp.problem";
using Value = std::variant<std::string, bool, uint64_t, Millis>;

std::string List(const google::protobuf::RepeatedPtrField<std::string>& words) {
  std::string joined;
  for (const std::string& word : words) joined += (joined.empty() ? "" : ", ") + word;
  return joined;
}

absl::Status CheckAllowed(const v1::KeyRule& rule, std::string_view text) {
  const auto& allowed = rule.allowed();
  if (allowed.empty() || std::find(allowed.begin(), allowed.end(), text) != allowed.end()) {
    return absl::OkStatus();
  }
  const std::string nearest = NearestWord(allowed, text);
  return Invalid({"expected one of ", List(allowed), ", found ", Quoted(text),
                  nearest.empty() ? "" : "; did you mean ", nearest, nearest.empty() ? "" : "?"});
}

absl::StatusOr<Value> ParseText(const Key& key, std::string_view text) {
  if (text.empty()) {
    if (key.rule->may_be_empty() && !key.is_list) return std::string();
    return Invalid({key.is_list ? "a list item is empty" : "must not be empty"});
  }
  if (key.rule->secret()) {
    if (text == kSecretMask) {
      return Invalid({"is the mask of a printed configuration, not a secret; write the secret"});
    }
  } else if (absl::Status allowed = CheckAllowed(*key.rule, text); !allowed.ok()) {
    return allowed;
  }
  if (absl::Status format = CheckFormat(key.rule->format(), text); !format.ok()) return format;
  return std::string(text);
}

// Parses with `parse` and compares with the bounds of the rule, which are written in the same form.
template <class T>
absl::StatusOr<Value> ParseBounded(const Key& key, std::string_view text, T least, T greatest,
                                   absl::StatusOr<T> (*parse)(std::string_view)) {
  const absl::StatusOr<T> value = parse(text);
  if (!value.ok()) return value.status();
  if (!key.rule->min().empty()) least = *parse(key.rule->min());
  if (!key.rule->max().empty()) greatest = *parse(key.rule->max());
  if (*value >= least && *value <= greatest) return Value(*value);
  return Invalid({Quoted(text), " is out of range; allowed is ", RangeText(key)});
}

absl::StatusOr<Value> ParseBool(std::string_view text) {
  if (text == "true") return true;
  if (text == "false") return false;
  return Invalid({"expected true or false, found ", Quoted(text)});
}

absl::StatusOr<Value> ParseValue(const Key& key, const RawValue& raw) {
  if (raw.is_quoted && (key.type == ValueType::kBool || key.type == ValueType::kCount)) {
    return Invalid({key.type == ValueType::kBool ? "expected true or false" : "expected a number",
                    ", found the text ", Quoted(raw.text), "; write it without quotes"});
  }
  switch (key.type) {
    case ValueType::kText:
      return ParseText(key, raw.text);
    case ValueType::kBool:
      return ParseBool(raw.text);
    case ValueType::kCount: {
      const bool narrow = key.leaf()->cpp_type() == FieldDescriptor::CPPTYPE_UINT32;
      const uint64_t greatest =
          narrow ? std::numeric_limits<uint32_t>::max() : std::numeric_limits<uint64_t>::max();
      return ParseBounded<uint64_t>(key, raw.text, 0, greatest, ParseCount);
    }
    case ValueType::kDuration:
      return ParseBounded<Millis>(key, raw.text, Millis(0), Millis::max(), ParseDuration);
  }
  return absl::InternalError("unknown type of key");
}

Message* MutableParent(const Key& key, GatewayConfig* config) {
  Message* message = config;
  for (size_t i = 0; i + 1 < key.steps.size(); ++i) {
    message = message->GetReflection()->MutableMessage(message, key.steps[i]);
  }
  return message;
}

const Message& Parent(const Key& key, const GatewayConfig& config) {
  const Message* message = &config;
  for (size_t i = 0; i + 1 < key.steps.size(); ++i) {
    message = &message->GetReflection()->GetMessage(*message, key.steps[i]);
  }
  return *message;
}

void Store(const Key& key, Value value, Message* parent) {
  const google::protobuf::Reflection* reflection = parent->GetReflection();
  const FieldDescriptor* leaf = key.leaf();
  switch (key.type) {
    case ValueType::kText:
      if (key.is_list) {
        reflection->AddString(parent, leaf, std::get<std::string>(std::move(value)));
      } else {
        reflection->SetString(parent, leaf, std::get<std::string>(std::move(value)));
      }
      return;
    case ValueType::kBool:
      return reflection->SetBool(parent, leaf, std::get<bool>(value));
    case ValueType::kCount: {
      const uint64_t count = std::get<uint64_t>(value);
      if (leaf->cpp_type() == FieldDescriptor::CPPTYPE_UINT32) {
        return reflection->SetUInt32(parent, leaf, static_cast<uint32_t>(count));
      }
      return reflection->SetUInt64(parent, leaf, count);
    }
    case ValueType::kDuration: {
      const int64_t ms = std::get<Millis>(value).count();
      auto* duration = google::protobuf::DynamicCastToGenerated<google::protobuf::Duration>(
          reflection->MutableMessage(parent, leaf));
      duration->set_seconds(ms / 1000);
      duration->set_nanos(static_cast<int32_t>(ms % 1000) * 1'000'000);
      return;
    }
  }
}

std::string ScalarText(const Key& key, const Message& parent) {
  const google::protobuf::Reflection* reflection = parent.GetReflection();
  switch (key.type) {
    case ValueType::kText:
      return reflection->GetString(parent, key.leaf());
    case ValueType::kBool:
      return reflection->GetBool(parent, key.leaf()) ? "true" : "false";
    case ValueType::kCount:
      return std::to_string(key.leaf()->cpp_type() == FieldDescriptor::CPPTYPE_UINT32
                                ? reflection->GetUInt32(parent, key.leaf())
                                : reflection->GetUInt64(parent, key.leaf()));
    case ValueType::kDuration:
      return FormatDuration(
          ToMillis(*google::protobuf::DynamicCastToGenerated<google::protobuf::Duration>(
              &reflection->GetMessage(parent, key.leaf()))));
  }
  return "";
}

}  // namespace

absl::Status ErrorAt(std::string_view place, std::string_view path, std::string_view problem) {
  absl::Status error = Invalid({place, ": ", path, path.empty() ? "" : ": ", problem});
  error.SetPayload(kPlacePayload, absl::Cord(ToAbsl(place)));
  error.SetPayload(kKeyPayload, absl::Cord(ToAbsl(path)));
  error.SetPayload(kProblemPayload, absl::Cord(ToAbsl(problem)));
  return error;
}

Fault FaultOf(const absl::Status& error) {
  const auto part = [&](absl::string_view name) {
    return std::string(error.GetPayload(name).value_or(absl::Cord()));
  };
  Fault fault{part(kKeyPayload), part(kPlacePayload), 0, part(kProblemPayload)};
  if (fault.problem.empty()) fault.problem = ToStd(error.message());
  if (const size_t colon = fault.place.rfind(':'); colon != std::string::npos) {
    const absl::StatusOr<uint64_t> line = ParseCount(fault.place.substr(colon + 1));
    if (line.ok()) fault.line = static_cast<uint32_t>(*line);
  }
  return fault;
}

Assignment FromText(const Key& key, std::string_view text, Origin origin) {
  Assignment assignment{&key, std::move(origin), {}};
  if (key.is_list) {
    for (std::string& item : SplitList(text)) {
      assignment.items.push_back({std::move(item), false, assignment.origin.place});
    }
  } else {
    assignment.items.push_back({std::string(text), false, assignment.origin.place});
  }
  return assignment;
}

absl::Status Apply(const Assignment& assignment, EffectiveConfig* effective) {
  const Key& key = *assignment.key;
  SMCP_CHECK(key.is_list || assignment.items.size() == 1);
  Message* parent = MutableParent(key, &effective->config);
  if (key.is_list) {
    if (assignment.items.empty() && !key.rule->may_be_empty()) {
      return ErrorAt(assignment.origin.place, key.path, "needs at least one item");
    }
    parent->GetReflection()->ClearField(parent, key.leaf());
  }
  for (auto item = assignment.items.begin(); item != assignment.items.end(); ++item) {
    absl::StatusOr<Value> value = ParseValue(key, *item);
    if (!value.ok()) return ErrorAt(item->place, key.path, ToStd(value.status().message()));
    const bool again = std::any_of(assignment.items.begin(), item, [&](const RawValue& before) {
      return before.text == item->text;
    });
    if (again) {
      return ErrorAt(item->place, key.path,
                     Concat({Quoted(item->text), " is in the list twice; remove one"}));
    }
    Store(key, *std::move(value), parent);
  }
  effective->origins[key.path] = assignment.origin;
  return absl::OkStatus();
}

Assignment FromConfig(const Key& key, const EffectiveConfig& effective) {
  Assignment assignment{&key, effective.origins.at(key.path), {}};
  for (std::string& text : PlainTexts(key, effective.config)) {
    assignment.items.push_back({std::move(text), false, assignment.origin.place});
  }
  return assignment;
}

std::string ValueText(const Key& key, const GatewayConfig& config) {
  std::string joined;
  for (const std::string& text : ValueTexts(key, config)) {
    joined += (joined.empty() ? "" : ",") + text;
  }
  return joined;
}

std::vector<std::string> ValueTexts(const Key& key, const GatewayConfig& config) {
  std::vector<std::string> texts = PlainTexts(key, config);
  for (std::string& text : texts) text = Shown(key, text);
  return texts;
}

std::string Shown(const Key& key, const std::string& text) {
  if (key.rule->secret() && !text.empty()) return std::string(kSecretMask);
  // Of a control token the hash: a short token can be found from it.
  constexpr std::string_view kHash = ":sha256=";
  const size_t at =
      key.rule->format() == v1::TEXT_FORMAT_CONTROL_TOKEN ? text.find(kHash) : std::string::npos;
  if (at == std::string::npos) return text;
  const size_t begin = at + kHash.size();
  const size_t end = std::min(text.find(':', begin), text.size());
  return Concat(
      {std::string_view(text).substr(0, begin), kSecretMask, std::string_view(text).substr(end)});
}

std::vector<std::string> PlainTexts(const Key& key, const GatewayConfig& config) {
  const Message& parent = Parent(key, config);
  if (key.is_list) {
    const google::protobuf::Reflection* reflection = parent.GetReflection();
    const int size = reflection->FieldSize(parent, key.leaf());
    std::vector<std::string> items;
    items.reserve(static_cast<size_t>(size));
    for (int i = 0; i < size; ++i) {
      items.push_back(reflection->GetRepeatedString(parent, key.leaf(), i));
    }
    return items;
  }
  return {ScalarText(key, parent)};
}

std::string YamlValue(const Key& key, const GatewayConfig& config) {
  const std::vector<std::string> texts = ValueTexts(key, config);
  const bool plain = key.type == ValueType::kBool || key.type == ValueType::kCount ||
                     key.type == ValueType::kDuration;
  if (!key.is_list) return plain ? texts.front() : YamlText(texts.front());
  std::string joined;
  for (const std::string& text : texts) {
    joined += (joined.empty() ? "" : ", ") + (plain ? text : YamlText(text));
  }
  return "[" + joined + "]";
}

std::string RangeText(const Key& key) {
  const v1::KeyRule& rule = *key.rule;
  if (!rule.allowed().empty()) {
    return Concat({key.is_list ? "any of " : "one of ", List(rule.allowed())});
  }
  if (key.type != ValueType::kCount && key.type != ValueType::kDuration) return "";
  const std::string_view least = rule.min().empty() ? "0" : std::string_view(rule.min());
  if (rule.max().empty()) return Concat({least, " or more"});
  return Concat({least, " to ", rule.max()});
}

}  // namespace smcp::config
