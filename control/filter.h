// The filter language of lists and watches.
//
//   expression := term {OR term}      term := factor {AND factor}      factor := [NOT] primary
//   primary := ( expression ) | field OP value      OP is = != < > <= >= :
//
// A value is a word or a "quoted string" (\" and \\ inside). `:` means: contains; begins with,
// where the value ends in *; has any value, where it is * alone; for a map: has the key. Times are
// RFC 3339 ("2026-01-31T08:00:00Z"), durations "90s", "1h30m", "250ms" or a number of seconds.
// What has no value (a time that has not come, a label that is not set) matches != only. The words
// AND, OR and NOT are upper case.
//
// Compiled once against the fields of a type of row; evaluation allocates nothing and is pure, so a
// filter may run on a shard. Bounded: length, terms, depth. Thread rule: immutable; any thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace smcp::control {

inline constexpr size_t kFilterBytesMax = 4'096;
inline constexpr size_t kFilterTermsMax = 64;
inline constexpr int kFilterDepthMax = 32;

enum class FieldType : uint8_t { kText, kNumber, kBool, kTime, kDuration, kChoice, kMap };

// What a row has in a field. Numbers, bools (0, 1), times (Unix ms) and durations (ms) are numbers.
struct FieldValue {
  std::string_view text{};
  int64_t number = 0;
  bool present = true;
};
inline FieldValue TextValue(std::string_view text) { return {text, 0, !text.empty()}; }
inline FieldValue NumberValue(int64_t number) { return {{}, number, true}; }
inline FieldValue TimeValue(int64_t unix_ms) { return {{}, unix_ms, unix_ms != 0}; }

// What the parser needs to know of a field.
struct FieldSpec {
  std::string_view name{};
  FieldType type = FieldType::kText;
  std::vector<std::string_view> choices{};  // of kChoice; compared without regard to case
};

namespace filter_internal {

enum class Op : uint8_t { kEqual, kNotEqual, kLess, kGreater, kLessEqual, kGreaterEqual, kHas };
enum class Kind : uint8_t { kAnd, kOr, kNot, kCompare };
struct Node {
  Kind kind = Kind::kCompare;
  uint32_t left = 0;  // nodes; of kNot the only one
  uint32_t right = 0;
  Op op = Op::kEqual;
  uint32_t field = 0;
  bool prefix = false;  // of kHas: text without its *
  std::string key{};    // of a map
  std::string text{};
  int64_t number = 0;
};
struct Program {
  std::vector<Node> nodes{};
  uint32_t root = 0;
};

absl::StatusOr<Program> Parse(std::string_view text, const std::vector<FieldSpec>& fields);
bool Compare(const Node& node, FieldType type, const FieldValue& value);

}  // namespace filter_internal

// A type of row and its fields. `now_ms` is for fields such as an age.
template <class Row>
struct Field {
  FieldSpec spec{};
  FieldValue (*get)(const Row& row, int64_t now_ms) = nullptr;
  // Of a map: the value of a key.
  FieldValue (*get_key)(const Row& row, std::string_view key) = nullptr;
};
template <class Row>
using Schema = std::vector<Field<Row>>;

template <class Row>
class Filter {
 public:
  Filter() = default;  // matches everything

  // INVALID_ARGUMENT FILTER_INVALID says where and, of an unknown field, which there are. The
  // schema is kept by address: it is a constant of the program.
  static absl::StatusOr<Filter> Compile(std::string_view text, const Schema<Row>& schema) {
    Filter filter;
    if (text.find_first_not_of(" \t\r\n") == std::string_view::npos) return filter;
    std::vector<FieldSpec> specs;
    for (const Field<Row>& field : schema) specs.push_back(field.spec);
    auto program = filter_internal::Parse(text, specs);
    if (!program.ok()) return program.status();
    filter.schema_ = &schema;
    filter.program_ = std::make_shared<const filter_internal::Program>(*std::move(program));
    return filter;
  }

  bool empty() const { return program_ == nullptr; }
  bool Matches(const Row& row, int64_t now_ms) const {
    return program_ == nullptr || Evaluate(row, now_ms, program_->root);
  }

 private:
  bool Evaluate(const Row& row, int64_t now_ms, uint32_t at) const {
    const filter_internal::Node& node = program_->nodes[at];
    switch (node.kind) {
      case filter_internal::Kind::kAnd:
        return Evaluate(row, now_ms, node.left) && Evaluate(row, now_ms, node.right);
      case filter_internal::Kind::kOr:
        return Evaluate(row, now_ms, node.left) || Evaluate(row, now_ms, node.right);
      case filter_internal::Kind::kNot:
        return !Evaluate(row, now_ms, node.left);
      case filter_internal::Kind::kCompare:
        break;
    }
    const Field<Row>& field = (*schema_)[node.field];
    const FieldValue value =
        field.spec.type == FieldType::kMap ? field.get_key(row, node.key) : field.get(row, now_ms);
    return filter_internal::Compare(node, field.spec.type, value);
  }

  const Schema<Row>* schema_ = nullptr;
  std::shared_ptr<const filter_internal::Program> program_{};
};

}  // namespace smcp::control
