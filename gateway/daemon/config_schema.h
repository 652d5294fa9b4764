// The keys of the configuration, read from the descriptor of GatewayConfig and its `key` options.
//
// Everything that knows keys (file, environment, command line, example, printing) goes through this
// table, so that the .proto stays the only place where a key is described.
// Thread rule: immutable after construction; descriptors and rules live as long as the process.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "smcp/config/v1/config.pb.h"

namespace smcp::config {

enum class ValueType { kText, kBool, kCount, kDuration };

struct Key {
  std::string path;                                             // "listen.address"
  std::string environment;                                      // "SMCP_LISTEN__ADDRESS"
  std::vector<const google::protobuf::FieldDescriptor*> steps;  // root to leaf, not empty
  const v1::KeyRule* rule = nullptr;
  ValueType type = ValueType::kText;
  bool is_list = false;

  const google::protobuf::FieldDescriptor* leaf() const { return steps.back(); }
};

const v1::KeyRule& RuleOf(const google::protobuf::FieldDescriptor* field);
bool IsSection(const google::protobuf::FieldDescriptor* field);

class Schema {
 public:
  Schema();

  // In the order of the .proto file, sections before what follows them.
  // Not of a temporary: `for (... : Schema().keys())` would walk over freed memory.
  const std::vector<Key>& keys() const& { return keys_; }
  void keys() && = delete;
  const std::vector<std::string>& sections() const { return sections_; }
  const Key* Find(std::string_view path) const;
  const Key* FindEnvironment(std::string_view variable) const;
  bool HasSection(std::string_view path) const;

 private:
  void Add(const google::protobuf::Descriptor* section, const Key& parent);

  std::vector<Key> keys_;
  std::vector<std::string> sections_;
};

}  // namespace smcp::config
