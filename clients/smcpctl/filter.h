// Filters for list and watch requests, put together from flags.
//
// Source: the filter syntax in common.proto. Values but prefixes are quoted, so a name with spaces
// or an operator in it stays one value.
#pragma once

#include <string>
#include <string_view>

namespace smcpctl {

class Filter {
 public:
  // field = value; with a closing * everything that begins so (but not where blanks, quotes or
  // parentheses stand in front of it: then only the value itself). An empty value adds nothing.
  Filter& Match(std::string_view field, std::string_view value);
  // As Match, but a * is a * like any other.
  Filter& Equals(std::string_view field, std::string_view value);
  // Already a filter; put in parentheses if it is not alone.
  Filter& Raw(std::string_view expression);

  std::string Text() const;

 private:
  void Add(std::string term);

  std::string terms_{};  // joined by AND
  int count_ = 0;
};

// "a\"b\\c"
std::string Quoted(std::string_view value);

// "*" at the end and nowhere else; no "?".
bool IsPrefixGlob(std::string_view value);

// Text as one word of a shell, in single quotes where it needs them.
std::string ShellWord(std::string_view text);

}  // namespace smcpctl
