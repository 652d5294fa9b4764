// Validates one JSON text completely and lets the caller step through it without building a DOM.
//
// Built on simdjson's stage 1 (UTF-8 and structural positions, SIMD); a second pass over the
// positions checks grammar, depth, literals, numbers and escapes. What passes here is parsed by
// every client's JSON library, so one client's bad text cannot close another's connection
// (DECISIONS 18). Texts are never re-serialised: values are views of the bytes as they came.
//
// Thread rule: an Index is scratch space, one per shard, reused for every packet; it does not
// own the text, which must outlive the values taken from it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

namespace smcp::json {

enum class Error : uint8_t { kNone, kEmpty, kUtf8, kSyntax, kDepth };
enum class Kind : uint8_t { kMissing, kNull, kBool, kNumber, kString, kArray, kObject };

struct Value {
  Kind kind = Kind::kMissing;
  std::string_view raw;  // the whole text of the value: quotes and brackets included
  uint32_t at = 0;       // its first position in the index
  // What stands between the quotes of a kString, escapes untouched.
  std::string_view inner() const { return raw.substr(1, raw.size() - 2); }
};

class Index {
 public:
  Index();
  ~Index();
  Index(const Index&) = delete;
  Index& operator=(const Index&) = delete;

  // The whole text must be one value with at most `depth_max` nested arrays and objects.
  Error Build(std::string_view text, int depth_max);
  // The value found by the last successful Build.
  Value root() const;

  // Steps through an array or an object: at(first call) = cursor made by Enter().
  struct Cursor {
    uint32_t next = 0;
  };
  Cursor Enter(const Value& container) const;
  // False at the end. Cost: the positions of the value stepped over.
  bool NextElement(Cursor* cursor, Value* element) const;
  // `key` is what stands between the quotes, escapes untouched.
  bool NextField(Cursor* cursor, std::string_view* key, Value* value) const;

 private:
  struct Scratch;
  std::unique_ptr<Scratch> scratch_;
  std::string_view text_;
};

}  // namespace smcp::json
