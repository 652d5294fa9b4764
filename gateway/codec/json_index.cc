#include "gateway/codec/json_index.h"

#include <simdjson.h>

#include <cstring>
#include <limits>
#include <string>

namespace smcp::json {
namespace {

// Positions are 32 bits wide.
constexpr size_t kTextBytesMax = std::numeric_limits<int32_t>::max();

// What follows is for texts that are known to be valid. Between two tokens of such a text nothing
// but blanks is as low as a blank, and inside of a container there is always another token.
uint32_t SkipBlanks(const char* text, uint32_t at) {
  while (static_cast<uint8_t>(text[at]) <= ' ') ++at;
  return at;
}

// The last one of a scalar's characters is followed by one of these, or by the end.
bool EndsScalar(char c) {
  return static_cast<uint8_t>(c) <= ' ' || c == ',' || c == ']' || c == '}';
}

Kind KindOf(char first) {
  if (first == '"') return Kind::kString;
  if (first == '{') return Kind::kObject;
  if (first == '[') return Kind::kArray;
  if (first == 't' || first == 'f') return Kind::kBool;
  return first == 'n' ? Kind::kNull : Kind::kNumber;
}

// Behind the closing quote of the string that starts at `at`.
[[gnu::always_inline]] inline uint32_t StringEnd(std::string_view text, uint32_t at) {
  const char* const data = text.data();
  for (const char* from = data + at + 1;;) {
    const size_t rest = text.size() - static_cast<size_t>(from - data);
    const char* const quote = static_cast<const char*>(std::memchr(from, '"', rest));
    const char* before = quote - 1;
    while (*before == '\\') --before;
    if ((quote - before) % 2 == 1) return static_cast<uint32_t>(quote - data) + 1;
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

// Inlined, as StringEnd is: a packet is read field by field.
[[gnu::always_inline]] inline void Index::Take(uint32_t at, Cursor* cursor, Value* value) const {
  const Kind kind = KindOf(text_[at]);
  const uint32_t bracket = cursor->bracket;
  uint32_t end = at;
  switch (kind) {
    case Kind::kString:
      end = StringEnd(text_, at);
      break;
    case Kind::kArray:
    case Kind::kObject:
      end = brackets_.data[bracket].close + 1;
      cursor->bracket = brackets_.data[bracket].after;
      break;
    default:
      while (end < text_.size() && !EndsScalar(text_[end])) ++end;
  }
  *value = {kind, {text_.data() + at, end - at}, at, bracket};
  cursor->next = end;
}

Value Index::root() const {
  Value value;
  Cursor cursor;
  if (!text_.empty()) Take(SkipBlanks(text_.data(), 0), &cursor, &value);
  return value;
}

Index::Cursor Index::Enter(const Value& container) const {
  const bool can = container.kind == Kind::kArray || container.kind == Kind::kObject;
  if (!can || text_.empty()) return {};
  return {container.at + 1, container.bracket + 1, container.kind};
}

bool Index::NextElement(Cursor* cursor, Value* element) const {
  if (cursor->within != Kind::kArray) return false;
  const char* const text = text_.data();
  uint32_t at = SkipBlanks(text, cursor->next);
  if (text[at] == ',') at = SkipBlanks(text, at + 1);
  if (text[at] == ']') return false;
  Take(at, cursor, element);
  return true;
}

bool Index::NextField(Cursor* cursor, std::string_view* key, Value* value) const {
  if (cursor->within != Kind::kObject) return false;
  const char* const text = text_.data();
  uint32_t at = SkipBlanks(text, cursor->next);
  if (text[at] == ',') at = SkipBlanks(text, at + 1);
  if (text[at] == '}') return false;
  const uint32_t key_end = StringEnd(text_, at);
  *key = {text + at + 1, key_end - at - 2};
  at = SkipBlanks(text, SkipBlanks(text, key_end) + 1);
  Take(at, cursor, value);
  return true;
}

}  // namespace smcp::json
