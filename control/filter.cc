#include "control/filter.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "control/errors.h"
#include "control/filter_value.h"

namespace smcp::control::filter_internal {
namespace {

enum class Token : uint8_t { kEnd, kWord, kQuoted, kOperator, kOpen, kClose, kBad };

bool IsSpace(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }
bool EndsWord(char c) {
  return IsSpace(c) || c == '(' || c == ')' || c == '"' || c == '=' || c == '!' || c == '<' ||
         c == '>' || c == ':';
}

bool SameIgnoringCase(std::string_view a, std::string_view b) {
  const auto lower = [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  };
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(), [lower](char x, char y) {
           return lower(x) == lower(y);
         });
}

std::optional<Op> OpOf(std::string_view text) {
  if (text == "=") return Op::kEqual;
  if (text == "!=") return Op::kNotEqual;
  if (text == "<") return Op::kLess;
  if (text == ">") return Op::kGreater;
  if (text == "<=") return Op::kLessEqual;
  if (text == ">=") return Op::kGreaterEqual;
  if (text == ":") return Op::kHas;
  return std::nullopt;
}

class Lexer {
 public:
  explicit Lexer(std::string_view text) : text_(text) { Next(); }

  Token token() const { return token_; }
  const std::string& word() const { return word_; }
  size_t at() const { return start_; }
  bool IsWord(std::string_view word) const { return token_ == Token::kWord && word_ == word; }

  // A value may hold colons and the like where a field may not: times, addresses.
  void Next(bool value = false) {
    while (at_ < text_.size() && IsSpace(text_[at_])) ++at_;
    start_ = at_;
    word_.clear();
    if (at_ == text_.size()) {
      token_ = Token::kEnd;
    } else if (text_[at_] == '"') {
      Quoted();
    } else if (text_[at_] == '(' || text_[at_] == ')') {
      token_ = text_[at_++] == '(' ? Token::kOpen : Token::kClose;
    } else if (EndsWord(text_[at_]) && !value) {
      Operator();
    } else {
      while (at_ < text_.size() && !(value ? EndsValue(text_[at_]) : EndsWord(text_[at_]))) {
        word_.push_back(text_[at_++]);
      }
      token_ = Token::kWord;
    }
  }

 private:
  static bool EndsValue(char c) { return IsSpace(c) || c == '(' || c == ')' || c == '"'; }

  void Quoted() {
    token_ = Token::kBad;
    for (++at_; at_ < text_.size(); ++at_) {
      if (text_[at_] == '"') {
        ++at_;
        token_ = Token::kQuoted;
        return;
      }
      if (text_[at_] == '\\' && ++at_ == text_.size()) return;
      word_.push_back(text_[at_]);
    }
  }

  void Operator() {
    token_ = Token::kOperator;
    word_.push_back(text_[at_++]);
    if (word_ != ":" && word_ != "=" && at_ < text_.size() && text_[at_] == '=') {
      word_.push_back(text_[at_++]);
    }
    if (word_ == "!") token_ = Token::kBad;
  }

  std::string_view text_;
  size_t at_ = 0;
  size_t start_ = 0;
  Token token_ = Token::kEnd;
  std::string word_;
};

class Parser {
 public:
  Parser(std::string_view text, const std::vector<FieldSpec>& fields)
      : fields_(fields), lexer_(text) {}

  absl::StatusOr<Program> Run() {
    Program program;
    program.root = Expression(0);
    if (error_.ok() && lexer_.token() != Token::kEnd) {
      Fail(lexer_.token() == Token::kClose ? "a ) too many" : "AND or OR expected");
    }
    if (!error_.ok()) return error_;
    program.nodes = std::move(nodes_);
    return program;
  }

 private:
  uint32_t Fail(const std::string& what) {
    if (error_.ok()) {
      error_ = RefuseField("filter", "at " + std::to_string(lexer_.at() + 1) + ": " + what,
                           v1::FILTER_INVALID);
    }
    return 0;
  }

  uint32_t Add(Node node) {
    nodes_.push_back(std::move(node));
    return static_cast<uint32_t>(nodes_.size() - 1);
  }

  uint32_t Join(Kind kind, uint32_t left, uint32_t right) {
    Node node;
    node.kind = kind;
    node.left = left;
    node.right = right;
    return Add(std::move(node));
  }

  uint32_t Expression(int depth) {
    uint32_t left = Term(depth);
    while (error_.ok() && lexer_.IsWord("OR")) {
      lexer_.Next();
      const uint32_t right = Term(depth);
      left = Join(Kind::kOr, left, right);
    }
    return left;
  }

  uint32_t Term(int depth) {
    uint32_t left = Factor(depth);
    while (error_.ok() && lexer_.IsWord("AND")) {
      lexer_.Next();
      const uint32_t right = Factor(depth);
      left = Join(Kind::kAnd, left, right);
    }
    return left;
  }

  uint32_t Factor(int depth) {
    if (depth >= kFilterDepthMax) return Fail("nested too deeply");
    if (lexer_.IsWord("NOT")) {
      lexer_.Next();
      return Join(Kind::kNot, Factor(depth + 1), 0);
    }
    if (lexer_.token() != Token::kOpen) return Comparison();
    lexer_.Next();
    const uint32_t inner = Expression(depth + 1);
    if (!error_.ok()) return 0;
    if (lexer_.token() != Token::kClose) return Fail(") expected");
    lexer_.Next();
    return inner;
  }

  uint32_t Comparison() {
    if (++terms_ > kFilterTermsMax) return Fail("too many terms");
    if (lexer_.token() == Token::kBad) return Fail("cannot be read");
    if (lexer_.token() != Token::kWord) return Fail("a field expected");
    Node node;
    if (!FindField(lexer_.word(), node)) return 0;
    lexer_.Next();
    const std::optional<Op> op =
        lexer_.token() == Token::kOperator ? OpOf(lexer_.word()) : std::nullopt;
    if (!op) return Fail("= != < > <= >= or : expected");
    node.op = *op;
    lexer_.Next(true);
    if (lexer_.token() != Token::kWord && lexer_.token() != Token::kQuoted) {
      return Fail("a value expected");
    }
    if (!SetValue(node)) return 0;
    lexer_.Next();
    return Add(std::move(node));
  }

  bool FindField(const std::string& name, Node& node) {
    for (size_t i = 0; i < fields_.size(); ++i) {
      const FieldSpec& field = fields_[i];
      node.field = static_cast<uint32_t>(i);
      if (field.name == name) return true;
      if (field.type == FieldType::kMap && name.size() > field.name.size() + 1 &&
          name.starts_with(field.name) && name[field.name.size()] == '.') {
        node.key = name.substr(field.name.size() + 1);
        return true;
      }
    }
    std::string known;
    for (const FieldSpec& field : fields_) {
      if (!known.empty()) known += ", ";
      known += field.name;
      if (field.type == FieldType::kMap) known += ".<key>";
    }
    Fail("no field \"" + Clipped(name, 64) + "\"; there are " + known);
    return false;
  }

  bool SetValue(Node& node) {
    const FieldSpec& field = fields_[node.field];
    node.text = lexer_.word();
    if (field.type == FieldType::kMap && node.key.empty()) {
      if (node.op != Op::kHas) return Fail("of a map: map:key, or map.key = value") != 0;
      node.key = std::exchange(node.text, "");
      node.prefix = true;  // any value
      return true;
    }
    if (node.op == Op::kHas && lexer_.token() == Token::kWord && node.text.ends_with('*')) {
      node.text.pop_back();
      node.prefix = true;
      if (node.text.empty()) return true;  // any value, of any type
    }
    std::optional<int64_t> number = 0;
    switch (field.type) {
      case FieldType::kText:
      case FieldType::kMap:
        return true;
      case FieldType::kNumber:
        number = ParseNumber(node.text);
        break;
      case FieldType::kBool:
        number = node.text == "true"    ? std::optional<int64_t>(1)
                 : node.text == "false" ? std::optional<int64_t>(0)
                                        : std::nullopt;
        break;
      case FieldType::kTime:
        number = ParseTime(node.text);
        break;
      case FieldType::kDuration:
        number = ParseDuration(node.text);
        break;
      case FieldType::kChoice:
        return SetChoice(field, node);
    }
    if (!number) Fail("not a value of " + std::string(field.name));
    node.number = number.value_or(0);
    return number.has_value();
  }

  bool SetChoice(const FieldSpec& field, Node& node) {
    std::string known;
    for (const std::string_view choice : field.choices) {
      if (SameIgnoringCase(choice, node.text)) {
        node.text = choice;
        return true;
      }
      known.append(known.empty() ? "" : ", ").append(choice);
    }
    Fail("not a value of " + std::string(field.name) + "; there are " + known);
    return false;
  }

  const std::vector<FieldSpec>& fields_;
  Lexer lexer_;
  std::vector<Node> nodes_;
  size_t terms_ = 0;
  absl::Status error_;
};

template <class T>
bool Ordered(Op op, const T& value, const T& wanted) {
  switch (op) {
    case Op::kEqual:
    case Op::kHas:
      return value == wanted;
    case Op::kNotEqual:
      return value != wanted;
    case Op::kLess:
      return value < wanted;
    case Op::kGreater:
      return value > wanted;
    case Op::kLessEqual:
      return value <= wanted;
    case Op::kGreaterEqual:
      return value >= wanted;
  }
  return false;
}

}  // namespace

absl::StatusOr<Program> Parse(std::string_view text, const std::vector<FieldSpec>& fields) {
  if (text.size() > kFilterBytesMax) {
    return RefuseField("filter", "at most 4,096 bytes", v1::FILTER_INVALID);
  }
  return Parser(text, fields).Run();
}

bool Compare(const Node& node, FieldType type, const FieldValue& value) {
  const bool text = type == FieldType::kText || type == FieldType::kMap;
  if (node.op == Op::kHas && node.prefix && node.text.empty()) return value.present;
  if (!value.present) {
    // An empty text equals "", which is how one asks for those that have none.
    if (text && node.text.empty()) return node.op == Op::kEqual;
    return node.op == Op::kNotEqual;
  }
  if (type == FieldType::kChoice) {
    return Ordered<std::string_view>(node.op, value.text, node.text);
  }
  if (!text) return Ordered<int64_t>(node.op, value.number, node.number);
  if (node.op == Op::kHas) {
    return node.prefix ? value.text.starts_with(node.text)
                       : value.text.find(node.text) != std::string_view::npos;
  }
  return Ordered<std::string_view>(node.op, value.text, node.text);
}

}  // namespace smcp::control::filter_internal
