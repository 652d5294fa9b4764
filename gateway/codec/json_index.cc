#include "gateway/codec/json_index.h"

#include <simdjson.h>

#include <cstring>
#include <limits>
#include <string>

namespace smcp::json {
namespace {

// Positions are 32 bits wide.
constexpr size_t kTextBytesMax = std::numeric_limits<int32_t>::max();

bool IsBlank(char c) { return c == ' ' || c == '\n' || c == '\t' || c == '\r'; }

// The last one of the scalar's characters is followed by one of these, or by the end.
bool EndsScalar(char c) { return c == ',' || c == ']' || c == '}' || IsBlank(c); }

Kind KindOf(char first) {
  switch (first) {
    case '{':
      return Kind::kObject;
    case '[':
      return Kind::kArray;
    case '"':
      return Kind::kString;
    case 't':
    case 'f':
      return Kind::kBool;
    case 'n':
      return Kind::kNull;
    default:
      return Kind::kNumber;
  }
}

// Behind the closing quote of the string that starts at `at`, in a text that is known to be valid.
size_t StringEnd(std::string_view text, size_t at) {
  for (size_t from = at + 1;;) {
    const size_t quote = text.find('"', from);
    size_t backslashes = 0;
    while (text[quote - 1 - backslashes] == '\\') ++backslashes;
    if (backslashes % 2 == 0) return quote + 1;
    from = quote + 1;
  }
}

}  // namespace

Error Index::Build(std::string_view text, int depth_max) {
  text_ = {};
  if (text.size() > kTextBytesMax) return Error::kSyntax;
  const simdjson::implementation* cpu = simdjson::get_active_implementation();
  if (cpu != chosen_for_) {
    scan_ = ChooseScan(cpu->name().c_str());
    // Before its first use simdjson's choice is a stand-in of another address: once more, then.
    chosen_for_ = cpu;
  }
  bool ascii = false;
  const Error error = scan_(text.data(), text.size(), depth_max, &brackets_, &ascii);
  // Whatever else is wrong, bad UTF-8 is what it is called.
  if (!ascii && !simdjson::validate_utf8(text.data(), text.size())) return Error::kUtf8;
  if (error == Error::kNone) text_ = text;
  return error;
}

uint32_t Index::SkipBlanks(uint32_t at) const {
  while (at < text_.size() && IsBlank(text_[at])) ++at;
  return at;
}

void Index::Take(uint32_t at, Cursor* cursor, Value* value) const {
  const Kind kind = KindOf(text_[at]);
  const uint32_t bracket = cursor->bracket;
  size_t end = at;
  switch (kind) {
    case Kind::kArray:
    case Kind::kObject:
      end = brackets_.data[bracket].close + size_t{1};
      cursor->bracket = brackets_.data[bracket].after;
      break;
    case Kind::kString:
      end = StringEnd(text_, at);
      break;
    default:
      while (end < text_.size() && !EndsScalar(text_[end])) ++end;
  }
  *value = {kind, text_.substr(at, end - at), at, bracket};
  cursor->next = static_cast<uint32_t>(end);
}

Value Index::root() const {
  Value value;
  Cursor cursor;
  if (!text_.empty()) Take(SkipBlanks(0), &cursor, &value);
  return value;
}

Index::Cursor Index::Enter(const Value& container) const {
  const bool can = container.kind == Kind::kArray || container.kind == Kind::kObject;
  if (!can || text_.empty()) return {};
  return {container.at + 1, container.bracket + 1, container.kind};
}

bool Index::NextElement(Cursor* cursor, Value* element) const {
  if (cursor->within != Kind::kArray) return false;
  uint32_t at = SkipBlanks(cursor->next);
  if (text_[at] == ',') at = SkipBlanks(at + 1);
  if (text_[at] == ']') return false;
  Take(at, cursor, element);
  return true;
}

bool Index::NextField(Cursor* cursor, std::string_view* key, Value* value) const {
  if (cursor->within != Kind::kObject) return false;
  uint32_t at = SkipBlanks(cursor->next);
  if (text_[at] == ',') at = SkipBlanks(at + 1);
  if (text_[at] == '}') return false;
  const size_t key_end = StringEnd(text_, at);
  *key = text_.substr(at + 1, key_end - at - 2);
  at = SkipBlanks(SkipBlanks(static_cast<uint32_t>(key_end)) + 1);
  Take(at, cursor, value);
  return true;
}

}  // namespace smcp::json
