// Validates one JSON text completely and lets the caller step through it without building a DOM.
//
// One pass (json_scan.h, SIMD) checks grammar, depth, literals, numbers and escapes and notes where
// brackets close; simdjson checks UTF-8. What passes here is parsed by every client's JSON library,
// so one client's bad text cannot close another's connection (DECISIONS 18). Texts are never
// re-serialised: values are views of the bytes as they came.
//
// Thread rule: an Index is scratch space, one per shard, reused for every packet; it does not
// own the text, which must outlive the values taken from it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "gateway/codec/json_scan.h"

namespace smcp::json {

enum class Error : uint8_t { kNone, kEmpty, kUtf8, kSyntax, kDepth };
enum class Kind : uint8_t { kMissing, kNull, kBool, kNumber, kString, kArray, kObject };

struct Value {
  Kind kind = Kind::kMissing;
  std::string_view raw;  // the whole text of the value: quotes and brackets included
  uint32_t at = 0;       // where it starts in the text
  uint32_t bracket = 0;  // the number of the first bracket that opens at or behind it
  // What stands between the quotes of a kString, escapes untouched.
  std::string_view inner() const { return raw.substr(1, raw.size() - 2); }
};

class Index {
 public:
  Index() = default;
  Index(const Index&) = delete;
  Index& operator=(const Index&) = delete;

  // The whole text must be one value with at most `depth_max` nested arrays and objects.
  Error Build(std::string_view text, int depth_max);
  // The value found by the last successful Build.
  Value root() const;

  // Steps through an array or an object: at(first call) = cursor made by Enter().
  struct Cursor {
    uint32_t next = 0;             // at or before the next comma, element or closing bracket
    uint32_t bracket = 0;          // the number of the first bracket behind it
    Kind within = Kind::kMissing;  // kArray or kObject, or there is nothing to step through
  };
  Cursor Enter(const Value& container) const;
  // False at the end. Arrays and objects are stepped over without a look inside.
  bool NextElement(Cursor* cursor, Value* element) const;
  // `key` is what stands between the quotes, escapes untouched.
  bool NextField(Cursor* cursor, std::string_view* key, Value* value) const;

 private:
  // The value that starts at `at`, and the cursor behind it.
  void Take(uint32_t at, Cursor* cursor, Value* value) const;

  Brackets brackets_;
  const void* chosen_for_ = nullptr;  // simdjson's implementation, which decides about scan_
  Scan scan_ = nullptr;
  std::string_view text_;  // of the last successful Build; empty: there is none
};

}  // namespace smcp::json
