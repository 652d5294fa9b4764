#include "gateway/daemon/config_schema.h"

#include <algorithm>

#include "gateway/base/check.h"
#include "gateway/daemon/config_text.h"

namespace smcp::config {
namespace {

using google::protobuf::FieldDescriptor;

bool IsDuration(const FieldDescriptor* field) {
  return field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE &&
         field->message_type() == google::protobuf::Duration::descriptor();
}

ValueType TypeOf(const FieldDescriptor* field) {
  if (IsDuration(field)) return ValueType::kDuration;
  switch (field->cpp_type()) {
    case FieldDescriptor::CPPTYPE_STRING:
      return ValueType::kText;
    case FieldDescriptor::CPPTYPE_BOOL:
      return ValueType::kBool;
    case FieldDescriptor::CPPTYPE_UINT32:
    case FieldDescriptor::CPPTYPE_UINT64:
      return ValueType::kCount;
    default:
      // A key of another type cannot be loaded: the schema itself is wrong.
      SMCP_CHECK(field->cpp_type() == FieldDescriptor::CPPTYPE_STRING);
      return ValueType::kText;
  }
}

std::string EnvironmentName(std::string_view path) {
  std::string name = "SMCP_";
  for (const char c : Upper(path)) {
    if (c == '.') {
      name += "__";
    } else {
      name += c;
    }
  }
  return name;
}

}  // namespace

const v1::KeyRule& RuleOf(const FieldDescriptor* field) {
  return field->options().GetExtension(v1::key);
}

bool IsSection(const FieldDescriptor* field) {
  return field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE && !IsDuration(field);
}

Schema::Schema() { Add(v1::GatewayConfig::descriptor(), Key{}); }

void Schema::Add(const google::protobuf::Descriptor* section, const Key& parent) {
  for (int i = 0; i < section->field_count(); ++i) {
    const FieldDescriptor* field = section->field(i);
    Key key = parent;
    key.path += (parent.path.empty() ? "" : ".") + field->name();
    key.steps.push_back(field);
    if (IsSection(field)) {
      sections_.push_back(key.path);
      Add(field->message_type(), key);
      continue;
    }
    key.environment = EnvironmentName(key.path);
    key.rule = &RuleOf(field);
    key.type = TypeOf(field);
    key.is_list = field->is_repeated();
    keys_.push_back(std::move(key));
  }
}

const Key* Schema::Find(std::string_view path) const {
  const auto at =
      std::find_if(keys_.begin(), keys_.end(), [&](const Key& key) { return key.path == path; });
  return at == keys_.end() ? nullptr : &*at;
}

const Key* Schema::FindEnvironment(std::string_view variable) const {
  const auto at = std::find_if(keys_.begin(), keys_.end(),
                               [&](const Key& key) { return key.environment == variable; });
  return at == keys_.end() ? nullptr : &*at;
}

bool Schema::HasSection(std::string_view path) const {
  return std::find(sections_.begin(), sections_.end(), path) != sections_.end();
}

}  // namespace smcp::config
