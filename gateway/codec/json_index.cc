#include "gateway/codec/json_index.h"

#include <simdjson.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <limits>

#include "gateway/base/check.h"
#include "gateway/codec/chars.h"

namespace smcp::json {
namespace {

constexpr size_t kCapacityMin = 4096;
// Positions are 32 bits wide.
constexpr size_t kTextBytesMax = std::numeric_limits<int32_t>::max();
constexpr uint32_t kNone = std::numeric_limits<uint32_t>::max();

bool IsBlank(char c) { return c == ' ' || c == '\n' || c == '\t' || c == '\r'; }

// '{' to '}' and '[' to ']'.
constexpr char CloserOf(char opener) { return static_cast<char>(opener + 2); }

const char* SkipDigits(const char* p, const char* end) {
  while (p != end && chars::IsDigit(*p)) ++p;
  return p;
}

// The end of the number (RFC 8259 section 6) that starts at `p`; null if there is none.
const char* SkipNumber(const char* p, const char* end) {
  if (p != end && *p == '-') ++p;
  if (p == end || !chars::IsDigit(*p)) return nullptr;
  p = *p == '0' ? p + 1 : SkipDigits(p, end);
  if (p != end && *p == '.') {
    const char* digits = ++p;
    p = SkipDigits(digits, end);
    if (p == digits) return nullptr;
  }
  if (p != end && (*p | 0x20) == 'e') {
    ++p;
    if (p != end && (*p == '+' || *p == '-')) ++p;
    const char* digits = p;
    p = SkipDigits(digits, end);
    if (p == digits) return nullptr;
  }
  return p;
}

const char* SkipWord(const char* p, const char* end, std::string_view word) {
  const std::string_view rest(p, static_cast<size_t>(end - p));
  return rest.starts_with(word) ? p + word.size() : nullptr;
}

// The end of the escape at `p`, which must not lie behind `end`; null if it is not one. A lone
// surrogate is legal JSON text (SOCKETIO-COMPAT.md 6.6).
const char* SkipEscape(const char* p, const char* end) {
  if (end - p < 2) return nullptr;
  if (p[1] != 'u') return std::strchr("\"\\/bfnrt", p[1]) && p[1] != '\0' ? p + 2 : nullptr;
  if (end - p < 6) return nullptr;
  for (int i = 2; i < 6; ++i) {
    if (chars::HexDigit(p[i]) < 0) return nullptr;
  }
  return p + 6;
}

// Checks the grammar over the positions of one text and links brackets.
//
// Stage 1 gives the first character of every token. It has already refused bad UTF-8, strings
// without an end and control characters inside strings, so a string needs a look only if it holds a
// backslash. Of a scalar it knows the beginning only: where it ends is checked here.
class Grammar {
 public:
  // `at` holds `count` positions and one more for the end of the text. For the position of an
  // opening bracket `link` gets the position of its closing one; until that is found it holds the
  // enclosing container's, so that no stack is needed however deep the text is.
  Grammar(std::string_view text, const uint32_t* at, uint32_t count, uint32_t* link)
      : text_(text.data()),
        end_(text.data() + text.size()),
        at_(at),
        count_(count),
        link_(link),
        backslash_(FindBackslash(text_)) {}

  Error Check(int depth_max) {
    uint32_t i = 0;
    uint32_t open = kNone;
    char opener = '\0';  // of the container at `open`
    int depth = 0;
    for (;;) {
      const char c = First(i);
      if (c == '[' || c == '{') {
        if (depth >= depth_max) return Error::kDepth;
        ++depth;
        link_[i] = open;
        open = i++;
        opener = c;
        if (First(i) != CloserOf(c)) {
          if (c == '{' && !Key(&i)) return Error::kSyntax;
          continue;
        }
      } else if (!Scalar(i++, c)) {
        return Error::kSyntax;
      }
      // Behind a value, or at the closing bracket of an empty container.
      for (;;) {
        if (open == kNone) return i == count_ ? Error::kNone : Error::kSyntax;
        const char after = First(i);
        if (after == ',') {
          ++i;
          if (opener == '{' && !Key(&i)) return Error::kSyntax;
          break;
        }
        if (after != CloserOf(opener)) return Error::kSyntax;
        const uint32_t outer = link_[open];
        link_[open] = i++;
        open = outer;
        opener = open == kNone ? '\0' : text_[at_[open]];
        --depth;
      }
    }
  }

 private:
  // NUL behind the last position: no token starts with it.
  char First(uint32_t i) const { return i < count_ ? text_[at_[i]] : '\0'; }
  const char* Start(uint32_t i) const { return text_ + at_[i]; }

  const char* FindBackslash(const char* from) const {
    const void* found =
        from == end_ ? nullptr : std::memchr(from, '\\', static_cast<size_t>(end_ - from));
    return found == nullptr ? end_ : static_cast<const char*>(found);
  }

  // A key and its colon.
  bool Key(uint32_t* i) {
    if (First(*i) != '"' || First(*i + 1) != ':' || !String(*i)) return false;
    *i += 2;
    return true;
  }

  bool Scalar(uint32_t i, char first) {
    if (first == '"') return String(i);
    if (i >= count_) return false;
    const char* start = Start(i);
    const char* next = Start(i + 1);
    const char* end = nullptr;
    switch (first) {
      case 't':
        end = SkipWord(start, next, "true");
        break;
      case 'f':
        end = SkipWord(start, next, "false");
        break;
      case 'n':
        end = SkipWord(start, next, "null");
        break;
      default:
        end = SkipNumber(start, next);
    }
    // What follows directly is the next token or a blank: "1a" and "1\"a\"" are one position each.
    return end != nullptr && (end == next || IsBlank(*end));
  }

  // The escapes of the string at i. Positions only go up, and with them backslash_, so that the
  // text is searched for backslashes once whatever it looks like.
  bool String(uint32_t i) {
    const char* close = Start(i + 1);
    if (backslash_ >= close) return true;
    // Behind the closing quote there are blanks only, or it would be a token.
    while (*--close != '"') continue;
    while (backslash_ < close) {
      const char* after = SkipEscape(backslash_, close);
      if (after == nullptr) return false;
      backslash_ = *after == '\\' ? after : FindBackslash(after);
    }
    return true;
  }

  const char* const text_;
  const char* const end_;
  const uint32_t* const at_;
  const uint32_t count_;
  uint32_t* const link_;
  const char* backslash_;  // the first one not yet checked, or end_
};

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

}  // namespace

struct Index::Scratch {
  std::unique_ptr<simdjson::internal::dom_parser_implementation> stage1;
  std::unique_ptr<uint32_t[]> link;
  size_t link_capacity = 0;
  uint32_t count = 0;  // positions of the text; 0 without one

  const uint32_t* at() const { return stage1->structural_indexes.get(); }

  // Grows in powers of two, so that a shard stops allocating after its largest packet.
  void ReserveText(size_t bytes) {
    if (stage1 != nullptr && stage1->capacity() >= bytes) return;
    const size_t capacity = std::max(kCapacityMin, std::bit_ceil(bytes));
    // Depth counts in stage 2 only, which is not used.
    const simdjson::error_code error =
        stage1 == nullptr ? simdjson::get_active_implementation()->create_dom_parser_implementation(
                                capacity, 1, stage1)
                          : stage1->allocate(capacity, 1);
    SMCP_CHECK(error == simdjson::SUCCESS);  // out of memory is all that can go wrong
  }

  void ReserveLinks(size_t positions) {
    if (link_capacity >= positions) return;
    link_capacity = std::max(kCapacityMin / 4, std::bit_ceil(positions));
    link = std::make_unique_for_overwrite<uint32_t[]>(link_capacity);
  }

  // What the value at `i` takes up: positions [i, After(i)).
  uint32_t After(uint32_t i, char first) const {
    return first == '[' || first == '{' ? link[i] + 1 : i + 1;
  }

  Value Make(std::string_view text, uint32_t i) const {
    const uint32_t start = at()[i];
    const char first = text[start];
    const Kind kind = KindOf(first);
    size_t end = 0;
    if (kind == Kind::kArray || kind == Kind::kObject) {
      end = at()[link[i]] + 1;
    } else {
      end = at()[i + 1];
      while (IsBlank(text[end - 1])) --end;
    }
    return {kind, text.substr(start, end - start), i};
  }
};

Index::Index() : scratch_(std::make_unique<Scratch>()) {}
Index::~Index() = default;

Error Index::Build(std::string_view text, int depth_max) {
  Scratch& s = *scratch_;
  s.count = 0;
  text_ = {};
  if (text.empty()) return Error::kEmpty;
  if (text.size() > kTextBytesMax) return Error::kSyntax;
  s.ReserveText(text.size());
  const simdjson::error_code error = s.stage1->stage1(reinterpret_cast<const uint8_t*>(text.data()),
                                                      text.size(), simdjson::stage1_mode::regular);
  if (error == simdjson::EMPTY) return Error::kEmpty;
  Error result = Error::kSyntax;
  const uint32_t count = s.stage1->n_structural_indexes;
  if (error == simdjson::SUCCESS) {
    s.ReserveLinks(count);
    // There is room: stage 1 reserves a few entries more than the text has bytes.
    s.stage1->structural_indexes[count] = static_cast<uint32_t>(text.size());
    result = Grammar(text, s.at(), count, s.link.get()).Check(depth_max);
  }
  if (result == Error::kNone) {
    s.count = count;
    text_ = text;
  } else if (result == Error::kSyntax && !simdjson::validate_utf8(text.data(), text.size())) {
    // Which of two faults stage 1 names depends on the CPU it was written for; this does not.
    return Error::kUtf8;
  }
  return result;
}

Value Index::root() const { return scratch_->count == 0 ? Value{} : scratch_->Make(text_, 0); }

Index::Cursor Index::Enter(const Value& container) const {
  const bool can = container.kind == Kind::kArray || container.kind == Kind::kObject;
  return {can ? container.at + 1 : kNone};
}

// A cursor stands at the first token of its container or behind a value, that is at a comma or at
// the closing bracket. The token before tells a first element from a container of the other kind.
bool Index::NextElement(Cursor* cursor, Value* element) const {
  const Scratch& s = *scratch_;
  uint32_t i = cursor->next;
  if (i >= s.count) return false;
  char first = text_[s.at()[i]];
  if (first == ',') {
    first = text_[s.at()[++i]];
  } else if (first == ']' || text_[s.at()[i - 1]] != '[') {
    return false;
  }
  *element = s.Make(text_, i);
  cursor->next = s.After(i, first);
  return true;
}

bool Index::NextField(Cursor* cursor, std::string_view* key, Value* value) const {
  const Scratch& s = *scratch_;
  uint32_t i = cursor->next;
  if (i >= s.count) return false;
  char first = text_[s.at()[i]];
  if (first == ',') {
    first = text_[s.at()[++i]];
  }
  // In an array no string is followed by a colon.
  if (first != '"' || text_[s.at()[i + 1]] != ':') return false;
  *key = s.Make(text_, i).inner();
  i += 2;
  *value = s.Make(text_, i);
  cursor->next = s.After(i, text_[s.at()[i]]);
  return true;
}

}  // namespace smcp::json
