#include "gateway/socketio/reassembly.h"

#include <array>
#include <vector>

#include "gateway/codec/json_text.h"
#include "gateway/codec/route_fields.h"

namespace smcp::sio {

bool Reassembly::Add(std::string_view attachment) {
  attachments_.emplace_back(attachment);
  return attachments_.size() == expected_;
}

namespace {

enum class Verdict { kNoPlaceholder, kValid, kInvalid };

Verdict JudgeObject(const json::Index& index, const json::Value& object, uint32_t count) {
  static constexpr std::array<std::string_view, 2> kNames = {"_placeholder", "num"};
  std::array<json::Value, 2> found;
  FindFields(index, object, kNames, found);
  if (found[0].kind != json::Kind::kBool || found[0].raw != "true") return Verdict::kNoPlaceholder;
  if (found[1].kind != json::Kind::kNumber) return Verdict::kInvalid;
  const auto num = json::ReadInteger(found[1].raw);
  return num && *num >= 0 && *num < count ? Verdict::kValid : Verdict::kInvalid;
}

}  // namespace

bool PlaceholdersAreValid(const json::Index& index, const json::Value& value, uint32_t count) {
  // A stack of its own: with the depth limit off a client chooses how deep this goes.
  struct Level {
    bool object;
    json::Index::Cursor cursor;
  };
  std::vector<Level> levels;
  json::Value child = value;
  while (true) {
    const bool object = child.kind == json::Kind::kObject;
    const Verdict verdict = object ? JudgeObject(index, child, count) : Verdict::kNoPlaceholder;
    if (verdict == Verdict::kInvalid) return false;
    const bool enter =
        verdict == Verdict::kNoPlaceholder && (object || child.kind == json::Kind::kArray);
    if (enter) levels.push_back({object, index.Enter(child)});
    std::string_view key;
    while (!levels.empty()) {
      Level& level = levels.back();
      if (level.object ? index.NextField(&level.cursor, &key, &child)
                       : index.NextElement(&level.cursor, &child)) {
        break;
      }
      levels.pop_back();
    }
    if (levels.empty()) return true;
  }
}

}  // namespace smcp::sio
