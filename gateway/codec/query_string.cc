#include "gateway/codec/query_string.h"

#include "gateway/codec/chars.h"

namespace smcp {
namespace {

std::string PercentDecode(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size()) {
      const int high = chars::HexDigit(text[i + 1]);
      const int low = chars::HexDigit(text[i + 2]);
      if (high >= 0 && low >= 0) {
        out.push_back(static_cast<char>(high * 16 + low));
        i += 2;
        continue;
      }
    }
    out.push_back(text[i] == '+' ? ' ' : text[i]);
  }
  return out;
}

bool KeyIs(std::string_view raw, std::string_view key) {
  if (raw.find_first_of("%+") == std::string_view::npos) return raw == key;
  return PercentDecode(raw) == key;
}

}  // namespace

Target SplitTarget(std::string_view target) {
  // Proxies may send the absolute form: scheme://authority/path (RFC 9112 3.2.2). A path begins
  // with a slash, so "://" inside a path or a query is not mistaken for one.
  const size_t scheme = target.find("://");
  if (scheme != std::string_view::npos && scheme < target.find_first_of("/?")) {
    const size_t path = target.find_first_of("/?", scheme + 3);
    target.remove_prefix(path == std::string_view::npos ? target.size() : path);
    if (target.empty() || target.front() == '?') {
      return {"/", target.empty() ? target : target.substr(1)};
    }
  }
  const size_t mark = target.find('?');
  if (mark == std::string_view::npos) return {target, {}};
  return {target.substr(0, mark), target.substr(mark + 1)};
}

std::optional<std::string> QueryValue(std::string_view query, std::string_view key) {
  while (!query.empty()) {
    const size_t end = query.find('&');
    const std::string_view pair = query.substr(0, end);
    const size_t equals = pair.find('=');
    // "&&" is no empty key.
    if (!pair.empty() && KeyIs(pair.substr(0, equals), key)) {
      if (equals == std::string_view::npos) return std::string();
      return PercentDecode(pair.substr(equals + 1));
    }
    if (end == std::string_view::npos) break;
    query.remove_prefix(end + 1);
  }
  return std::nullopt;
}

}  // namespace smcp
