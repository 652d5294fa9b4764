#include "clients/smcpctl/filter.h"

#include <algorithm>
#include <cctype>

namespace smcpctl {

std::string Quoted(std::string_view value) {
  std::string out = "\"";
  for (const char c : value) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + '"';
}

bool IsPrefixGlob(std::string_view value) {
  return value.size() > 1 && value.find_first_of("*?") == value.size() - 1 && value.back() == '*';
}

std::string ShellWord(std::string_view text) {
  const bool plain = !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 ||
           std::string_view("_-./:@%+=,").find(c) != std::string_view::npos;
  });
  if (plain) return std::string(text);
  std::string out = "'";
  for (const char c : text) {
    if (c == '\'') {
      out += "'\\''";
    } else {
      out += c;
    }
  }
  return out + "'";
}

void Filter::Add(std::string term) {
  if (count_++ > 0) terms_ += " AND ";
  terms_ += term;
}

Filter& Filter::Match(std::string_view field, std::string_view value) {
  // In quotes a * would be a * like any other, and a bare word has none of these.
  const bool bare = value.find_first_of(" \t\r\n()\"") == std::string_view::npos;
  if (!bare || !IsPrefixGlob(value)) return Equals(field, value);
  Add(std::string(field) + ":" + std::string(value));
  return *this;
}

Filter& Filter::Equals(std::string_view field, std::string_view value) {
  if (!value.empty()) Add(std::string(field) + "=" + Quoted(value));
  return *this;
}

Filter& Filter::Raw(std::string_view expression) {
  if (!expression.empty()) Add("(" + std::string(expression) + ")");
  return *this;
}

std::string Filter::Text() const { return terms_; }

}  // namespace smcpctl
