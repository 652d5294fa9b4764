#include "control/order.h"

#include <cstring>

#include "control/errors.h"

namespace smcp::control {
namespace {

constexpr size_t kTermsMax = 8;

std::string_view Trimmed(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  return text;
}

absl::Status Bad(const std::string& what) {
  return RefuseField("order_by", what, v1::ORDER_INVALID);
}

absl::StatusOr<OrderTerm> ParseTerm(std::string_view text, const std::vector<FieldSpec>& fields) {
  const size_t space = text.find(' ');
  const std::string_view name = text.substr(0, space);
  const std::string_view way =
      space == std::string_view::npos ? "asc" : Trimmed(text.substr(space));
  if (way != "asc" && way != "desc") return Bad("asc or desc expected");
  std::string known;
  for (size_t i = 0; i < fields.size(); ++i) {
    if (fields[i].type == FieldType::kMap) continue;
    if (fields[i].name == name) return OrderTerm{static_cast<uint32_t>(i), way == "desc"};
    known.append(known.empty() ? "" : ", ").append(fields[i].name);
  }
  return Bad("no field \"" + Clipped(name, 64) + "\"; there are " + known);
}

void AppendText(std::string& out, std::string_view text) {
  const auto size = static_cast<uint32_t>(text.size());
  out.append(reinterpret_cast<const char*>(&size), sizeof size).append(text);
}

template <class T>
bool TakeRaw(std::string_view& bytes, T& out) {
  if (bytes.size() < sizeof out) return false;
  std::memcpy(&out, bytes.data(), sizeof out);
  bytes.remove_prefix(sizeof out);
  return true;
}

bool TakeText(std::string_view& bytes, std::string& out) {
  uint32_t size = 0;
  if (!TakeRaw(bytes, size) || bytes.size() < size) return false;
  out = bytes.substr(0, size);
  bytes.remove_prefix(size);
  return true;
}

}  // namespace

absl::StatusOr<std::vector<OrderTerm>> ParseOrder(std::string_view text,
                                                  const std::vector<FieldSpec>& fields) {
  std::vector<OrderTerm> terms;
  text = Trimmed(text);
  while (!text.empty()) {
    const size_t comma = text.find(',');
    auto term = ParseTerm(Trimmed(text.substr(0, comma)), fields);
    if (!term.ok()) return term.status();
    terms.push_back(*term);
    if (terms.size() > kTermsMax) return Bad("at most 8 fields");
    if (comma == std::string_view::npos) break;
    text = Trimmed(text.substr(comma + 1));
    if (text.empty()) return Bad("a field expected behind the comma");
  }
  return terms;
}

std::string SerializePosition(const Position& position) {
  std::string out;
  AppendText(out, position.id);
  for (const Position::Key& key : position.keys) {
    AppendText(out, key.text);
    out.append(reinterpret_cast<const char*>(&key.number), sizeof key.number);
  }
  return out;
}

bool ParsePosition(std::string_view bytes, Position& out) {
  out = {};
  if (!TakeText(bytes, out.id)) return false;
  while (!bytes.empty()) {
    Position::Key key;
    if (!TakeText(bytes, key.text) || !TakeRaw(bytes, key.number)) return false;
    out.keys.push_back(std::move(key));
  }
  return true;
}

}  // namespace smcp::control
