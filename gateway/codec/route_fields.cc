#include "gateway/codec/route_fields.h"

#include <algorithm>
#include <cstring>

#include "gateway/base/check.h"
#include "gateway/codec/json_text.h"

namespace smcp {

void FindFields(const json::Index& index, const json::Value& object,
                std::span<const std::string_view> names, std::span<json::Value> values) {
  SMCP_CHECK(names.size() == values.size());
  std::fill(values.begin(), values.end(), json::Value{});
  json::Index::Cursor cursor = index.Enter(object);
  std::string_view key;
  json::Value value;
  while (index.NextField(&cursor, &key, &value)) {
    const bool plain = std::memchr(key.data(), '\\', key.size()) == nullptr;
    for (size_t i = 0; plain && i < names.size(); ++i) {
      if (key.size() != names[i].size()) continue;
      if (std::memcmp(key.data(), names[i].data(), key.size()) == 0) values[i] = value;
    }
    for (size_t i = 0; !plain && i < names.size(); ++i) {
      if (json::Spells(key, names[i])) values[i] = value;
    }
  }
}

}  // namespace smcp
