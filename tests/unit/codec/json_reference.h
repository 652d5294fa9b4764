// A second, plain JSON checker to hold json::Index against: one character at a time, recursive,
// written from RFC 8259 and RFC 3629 without a look at the fast one.
// For tests only: its stack grows with the depth of the text.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "gateway/codec/json_index.h"

namespace smcp::json {

class Reference {
 public:
  Reference(std::string_view text, int depth_max) : text_(text), depth_max_(depth_max) {}

  Error Check() {
    if (!IsUtf8()) return Error::kUtf8;
    SkipBlanks();
    if (at_ == text_.size()) return Error::kEmpty;
    if (!ParseValue(0)) return too_deep_ ? Error::kDepth : Error::kSyntax;
    SkipBlanks();
    return at_ == text_.size() ? Error::kNone : Error::kSyntax;
  }

  // A valid text without the blanks between its tokens.
  static std::string Minified(std::string_view text) {
    std::string out;
    bool inside = false;
    for (size_t i = 0; i < text.size(); ++i) {
      const char c = text[i];
      if (inside && c == '\\') {
        out += c;
        out += text[++i];
        continue;
      }
      if (c == '"') inside = !inside;
      if (inside || (c != ' ' && c != '\t' && c != '\n' && c != '\r')) out += c;
    }
    return out;
  }

  // What an index says about `value`, spelled from its innermost parts up.
  static std::string Spelled(const Index& index, const Value& value) {
    if (value.kind != Kind::kArray && value.kind != Kind::kObject) return std::string(value.raw);
    const bool array = value.kind == Kind::kArray;
    std::string out(1, array ? '[' : '{');
    Index::Cursor cursor = index.Enter(value);
    std::string_view key;
    Value part;
    while (array ? index.NextElement(&cursor, &part) : index.NextField(&cursor, &key, &part)) {
      if (out.size() > 1) out += ',';
      if (!array) out.append("\"").append(key).append("\":");
      out += Spelled(index, part);
    }
    return out += array ? ']' : '}';
  }

 private:
  bool IsUtf8() const {
    for (size_t i = 0; i < text_.size();) {
      const auto byte = [this](size_t n) {
        return n < text_.size() ? static_cast<uint8_t>(text_[n]) : uint8_t{0};
      };
      const uint32_t lead = byte(i);
      const size_t more = lead < 0x80 ? 0 : lead < 0xc0 ? 9 : lead < 0xe0 ? 1 : lead < 0xf0 ? 2 : 3;
      if (more > 3 || lead > 0xf7) return false;
      uint32_t code_point = more == 0 ? lead : lead & (0x3fu >> more);
      for (size_t n = 1; n <= more; ++n) {
        if ((byte(i + n) & 0xc0) != 0x80) return false;
        code_point = code_point << 6 | (byte(i + n) & 0x3fu);
      }
      static constexpr uint32_t kLeast[] = {0, 0x80, 0x800, 0x10000};
      if (code_point < kLeast[more] || code_point > 0x10ffff) return false;
      if (code_point >= 0xd800 && code_point <= 0xdfff) return false;
      i += more + 1;
    }
    return true;
  }

  char Peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  bool Take(char c) {
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  bool TakeWord(std::string_view word) {
    if (!text_.substr(at_).starts_with(word)) return false;
    at_ += word.size();
    return true;
  }
  void SkipBlanks() {
    while (Take(' ') || Take('\t') || Take('\n') || Take('\r')) continue;
  }
  bool TakeDigit() { return Peek() >= '0' && Peek() <= '9' && Take(Peek()); }
  bool TakeDigits() {
    if (!TakeDigit()) return false;
    while (TakeDigit()) continue;
    return true;
  }
  bool TakeHex() {
    static constexpr std::string_view kHex = "0123456789abcdefABCDEF";
    return at_ < text_.size() && kHex.find(Peek()) != kHex.npos && Take(Peek());
  }

  bool ParseNumber() {
    Take('-');
    if (!Take('0') && !TakeDigits()) return false;
    if (Take('.') && !TakeDigits()) return false;
    if (Take('e') || Take('E')) {
      if (!Take('+')) Take('-');
      return TakeDigits();
    }
    return true;
  }

  bool ParseString() {
    if (!Take('"')) return false;
    while (!Take('"')) {
      if (at_ == text_.size() || static_cast<uint8_t>(Peek()) < 0x20) return false;
      if (!Take('\\')) {
        ++at_;
      } else if (Take('u')) {
        for (int i = 0; i < 4; ++i) {
          if (!TakeHex()) return false;
        }
      } else if (!(Take('"') || Take('\\') || Take('/') || Take('b') || Take('f') || Take('n') ||
                   Take('r') || Take('t'))) {
        return false;
      }
    }
    return true;
  }

  bool ParseMembers(bool object, char closer, int depth) {
    if (depth >= depth_max_) {
      too_deep_ = true;
      return false;
    }
    SkipBlanks();
    if (Take(closer)) return true;
    do {
      SkipBlanks();
      if (object) {
        if (!ParseString()) return false;
        SkipBlanks();
        if (!Take(':')) return false;
        SkipBlanks();
      }
      if (!ParseValue(depth + 1)) return false;
      SkipBlanks();
    } while (Take(','));
    return Take(closer);
  }

  bool ParseValue(int depth) {
    if (Take('[')) return ParseMembers(false, ']', depth);
    if (Take('{')) return ParseMembers(true, '}', depth);
    if (Peek() == '"') return ParseString();
    return TakeWord("true") || TakeWord("false") || TakeWord("null") || ParseNumber();
  }

  std::string_view text_;
  int depth_max_;
  size_t at_ = 0;
  bool too_deep_ = false;
};

}  // namespace smcp::json
