#include "gateway/socketio/reassembly.h"

#include <array>

#include "gateway/codec/json_text.h"
#include "gateway/codec/route_fields.h"

namespace smcp::sio {

bool Reassembly::Add(std::string_view attachment) {
  attachments_.emplace_back(attachment);
  return attachments_.size() == expected_;
}

bool PlaceholdersAreValid(const json::Index& index, const json::Value& value, uint32_t count) {
  json::Value child;
  if (value.kind == json::Kind::kArray) {
    for (auto cursor = index.Enter(value); index.NextElement(&cursor, &child);) {
      if (!PlaceholdersAreValid(index, child, count)) return false;
    }
    return true;
  }
  if (value.kind != json::Kind::kObject) return true;
  static constexpr std::array<std::string_view, 2> kNames = {"_placeholder", "num"};
  std::array<json::Value, 2> found;
  FindFields(index, value, kNames, found);
  if (found[0].kind == json::Kind::kBool && found[0].raw == "true") {
    if (found[1].kind != json::Kind::kNumber) return false;
    const auto num = json::ReadInteger(found[1].raw);
    return num && *num >= 0 && *num < count;
  }
  std::string_view key;
  for (auto cursor = index.Enter(value); index.NextField(&cursor, &key, &child);) {
    if (!PlaceholdersAreValid(index, child, count)) return false;
  }
  return true;
}

}  // namespace smcp::sio
