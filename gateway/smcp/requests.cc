#include "gateway/smcp/requests.h"

#include <array>
#include <optional>

#include "gateway/codec/json_text.h"
#include "gateway/codec/route_fields.h"

namespace smcp {
namespace {

using json::Kind;
using json::Value;

// The fields `names` of the event's only argument, which must be an object.
template <size_t N>
bool ReadObject(const sio::EventView& event, const std::array<std::string_view, N>& names,
                std::array<Value, N>* values) {
  json::Index::Cursor cursor = event.index.Enter(event.index.root());
  Value name;
  Value object;
  Value surplus;
  if (!event.index.NextElement(&cursor, &name)) return false;
  if (!event.index.NextElement(&cursor, &object) || object.kind != Kind::kObject) return false;
  if (event.index.NextElement(&cursor, &surplus)) return false;
  FindFields(event.index, object, names, *values);
  return true;
}

// Escapes make a text longer, never shorter, so the raw length decides nearly always.
bool Fits(std::string_view inner, size_t bytes_max) {
  if (bytes_max == 0 || inner.size() <= bytes_max) return true;
  std::string text;
  return json::Unescape(inner, &text) && text.size() <= bytes_max;
}

bool ReadText(const Value& value, size_t bytes_max, std::string* out) {
  if (value.kind != Kind::kString) return false;
  out->clear();
  if (!json::Unescape(value.inner(), out)) return false;
  return bytes_max == 0 || out->size() <= bytes_max;
}

bool IsString(const Value& value) { return value.kind == Kind::kString; }

// Pre-releases called the field robot_id (SMCP-PROTOCOL.md 3.4).
bool HasAgent(const Value& agent, const Value& robot_id) {
  return IsString(agent.kind == Kind::kMissing ? robot_id : agent);
}

bool HasReqId(const Value& req_id, size_t bytes_max) {
  return IsString(req_id) && Fits(req_id.inner(), bytes_max);
}

}  // namespace

bool ReadJoin(const sio::EventView& event, size_t name_bytes_max, JoinFields* out) {
  static constexpr std::array<std::string_view, 3> kNames = {"role", "name", "office_id"};
  std::array<Value, 3> values;
  if (!ReadObject(event, kNames, &values) || !IsString(values[0])) return false;
  if (json::Spells(values[0].inner(), "agent")) {
    out->role = Role::kAgent;
  } else if (json::Spells(values[0].inner(), "computer")) {
    out->role = Role::kComputer;
  } else {
    return false;
  }
  return ReadText(values[1], name_bytes_max, &out->name) &&
         ReadText(values[2], name_bytes_max, &out->office_id) && !out->office_id.empty();
}

bool ReadLeave(const sio::EventView& event, size_t name_bytes_max, std::string* office_id) {
  static constexpr std::array<std::string_view, 1> kNames = {"office_id"};
  std::array<Value, 1> values;
  return ReadObject(event, kNames, &values) && ReadText(values[0], name_bytes_max, office_id);
}

bool ReadList(const sio::EventView& event, size_t name_bytes_max, ListFields* out) {
  static constexpr std::array<std::string_view, 4> kNames = {"agent", "robot_id", "req_id",
                                                             "office_id"};
  std::array<Value, 4> values;
  if (!ReadObject(event, kNames, &values) || !HasAgent(values[0], values[1])) return false;
  if (!HasReqId(values[2], name_bytes_max)) return false;
  out->req_id = values[2].raw;
  return ReadText(values[3], name_bytes_max, &out->office_id);
}

bool ReadCall(const sio::EventView& event, bool tool_call, size_t name_bytes_max,
              std::string* scratch, CallFields* out) {
  static constexpr std::array<std::string_view, 7> kNames = {
      "agent", "robot_id", "req_id", "computer", "tool_name", "params", "timeout"};
  std::array<Value, 7> values;
  if (!ReadObject(event, kNames, &values) || !HasAgent(values[0], values[1])) return false;
  if (!HasReqId(values[2], name_bytes_max) || !IsString(values[3])) return false;
  out->req_id = values[2].inner();
  out->computer = values[3].inner();
  if (out->computer.find('\\') != std::string_view::npos) {
    if (!ReadText(values[3], name_bytes_max, scratch)) return false;
    out->computer = *scratch;
  } else if (name_bytes_max != 0 && out->computer.size() > name_bytes_max) {
    return false;
  }
  if (!tool_call) return true;
  if (!IsString(values[4]) || values[5].kind != Kind::kObject) return false;
  if (values[6].kind != Kind::kNumber) return false;
  const std::optional<int64_t> timeout = json::ReadInteger(values[6].raw);
  if (!timeout || *timeout <= 0) return false;
  out->timeout_s = *timeout;
  out->tool = values[4].inner();
  return true;
}

bool SaysIsError(const sio::AckView& ack) {
  json::Index::Cursor cursor = ack.index.Enter(ack.index.root());
  Value result;
  if (!ack.index.NextElement(&cursor, &result) || result.kind != Kind::kObject) return false;
  json::Index::Cursor fields = ack.index.Enter(result);
  std::string_view key;
  Value value;
  bool is_error = false;
  while (ack.index.NextField(&fields, &key, &value)) {
    if (key == "isError") is_error = value.raw == "true";
  }
  return is_error;
}

bool ReadUpdate(const sio::EventView& event, std::string* computer) {
  static constexpr std::array<std::string_view, 1> kNames = {"computer"};
  std::array<Value, 1> values;
  return ReadObject(event, kNames, &values) && ReadText(values[0], 0, computer);
}

bool ReadCancel(const sio::EventView& event, size_t name_bytes_max, std::string_view* req_id) {
  static constexpr std::array<std::string_view, 3> kNames = {"agent", "robot_id", "req_id"};
  std::array<Value, 3> values;
  if (!ReadObject(event, kNames, &values) || !HasAgent(values[0], values[1])) return false;
  if (!HasReqId(values[2], name_bytes_max)) return false;
  *req_id = values[2].raw;
  return true;
}

}  // namespace smcp
