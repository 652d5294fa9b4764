#include "gateway/daemon/config_text.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>

#include "gateway/base/strings.h"
#include "gateway/daemon/config_access.h"

namespace smcp::config {
namespace {

constexpr std::string_view kDurationForm = "expected a duration such as 25s, 0.3s, 300ms or 1m";
// 12 digits keep digits * one hour in milliseconds below 2^63.
constexpr size_t kDurationDigitsMax = 12;
constexpr size_t kQuotedCharsMax = 80;

bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsLetter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool IsControl(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }
bool IsAlnum(char c) { return IsDigit(c) || IsLetter(c); }
bool AllOf(std::string_view text, bool (*test)(char)) {
  return std::all_of(text.begin(), text.end(), test);
}

int64_t UnitMillis(std::string_view unit) {
  if (unit == "ms") return 1;
  if (unit == "s") return 1'000;
  if (unit == "m") return 60'000;
  if (unit == "h") return 3'600'000;
  return 0;
}

// Length of the well-formed UTF-8 sequence at the start of `text`, 0 if there is none.
size_t Utf8Length(std::string_view text) {
  const auto at = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = at(0);
  if (lead < 0x80) return 1;
  const size_t length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (lead < 0xc2 || lead > 0xf4 || text.size() < length) return 0;
  for (size_t i = 1; i < length; ++i) {
    if ((at(i) & 0xc0) != 0x80) return 0;
  }
  const bool overlong = (lead == 0xe0 && at(1) < 0xa0) || (lead == 0xf0 && at(1) < 0x90);
  const bool surrogate = lead == 0xed && at(1) > 0x9f;
  const bool too_large = lead == 0xf4 && at(1) > 0x8f;
  return overlong || surrogate || too_large ? 0 : length;
}

absl::Status CheckPlainText(std::string_view text) {
  for (size_t i = 0; i < text.size();) {
    if (IsControl(text[i])) return Invalid({"contains a control character"});
    const size_t length = Utf8Length(text.substr(i));
    if (length == 0) return Invalid({"is not valid UTF-8"});
    i += length;
  }
  return absl::OkStatus();
}

absl::Status CheckUrlPath(std::string_view text) {
  const auto allowed = [](char c) {
    return IsAlnum(c) || std::string_view("/-._~").find(c) != std::string_view::npos;
  };
  if (text.empty() || text.front() != '/' || text == "/") {
    return Invalid({"expected an HTTP path such as /socket.io, found ", Quoted(text)});
  }
  if (text.back() == '/') {
    return Invalid({"write the path without the slash at its end: ",
                    Quoted(text.substr(0, text.find_last_not_of('/') + 1))});
  }
  if (!AllOf(text, allowed) || text.find("//") != std::string_view::npos) {
    return Invalid({"a path may hold letters, digits and - . _ ~ between single slashes, found ",
                    Quoted(text)});
  }
  return absl::OkStatus();
}

// RFC 9110 5.1: a field name is a token.
absl::Status CheckHeaderName(std::string_view text) {
  const auto token = [](char c) {
    return IsAlnum(c) || std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
  };
  if (!text.empty() && AllOf(text, token)) return absl::OkStatus();
  return Invalid({"expected an HTTP header name such as x-api-key, found ", Quoted(text)});
}

absl::Status CheckClientEvent(std::string_view text) {
  constexpr std::string_view kPrefix = "client:";
  const auto allowed = [](char c) {
    return IsAlnum(c) || std::string_view("-._:/").find(c) != std::string_view::npos;
  };
  if (text.starts_with(kPrefix) && text.size() > kPrefix.size() && AllOf(text, allowed)) {
    return absl::OkStatus();
  }
  return Invalid({"expected the name of an event such as client:my_event, found ", Quoted(text)});
}

absl::Status CheckOrigin(std::string_view text) {
  if (text == "*") return absl::OkStatus();
  const size_t colon = text.find("://");
  if (colon != std::string_view::npos && colon > 0 && AllOf(text.substr(0, colon), IsAlnum)) {
    const std::string_view host = text.substr(colon + 3);
    const auto allowed = [](char c) {
      return IsAlnum(c) || std::string_view("-._:[]").find(c) != std::string_view::npos;
    };
    if (!host.empty() && AllOf(host, allowed)) return absl::OkStatus();
  }
  return Invalid(
      {"expected an origin such as https://app.example.com (no path, no slash at the end) or *, ",
       "found ", Quoted(text)});
}

}  // namespace

std::string Concat(std::initializer_list<std::string_view> parts) {
  std::string joined;
  for (const std::string_view part : parts) joined.append(part);
  return joined;
}

absl::Status Invalid(std::initializer_list<std::string_view> parts) {
  return absl::InvalidArgumentError(Concat(parts));
}

absl::StatusOr<Millis> ParseDuration(std::string_view text) {
  int64_t digits = 0;
  int64_t scale = 1;
  size_t digit_count = 0;
  bool in_fraction = false;
  size_t at = 0;
  for (; at < text.size() && (IsDigit(text[at]) || text[at] == '.'); ++at) {
    if (text[at] == '.') {
      if (in_fraction || at == 0 || at + 1 == text.size() || !IsDigit(text[at + 1])) {
        return Invalid({kDurationForm, ", found ", Quoted(text)});
      }
      in_fraction = true;
      continue;
    }
    if (++digit_count > kDurationDigitsMax) return Invalid({"has too many digits"});
    digits = digits * 10 + (text[at] - '0');
    if (in_fraction) scale *= 10;
  }
  const int64_t unit_ms = UnitMillis(text.substr(at));
  if (digit_count > 0 && at == text.size()) {
    return Invalid({"has no unit; write ", text, "s for seconds or ", text, "ms for milliseconds"});
  }
  if (digit_count == 0 || unit_ms == 0) return Invalid({kDurationForm, ", found ", Quoted(text)});
  const int64_t scaled = digits * unit_ms;
  if (scaled % scale != 0) return Invalid({Quoted(text), " is finer than a millisecond"});
  return Millis(scaled / scale);
}

std::string FormatDuration(Millis duration) {
  const int64_t ms = duration.count();
  std::string text = std::to_string(ms / 1000);
  if (ms % 1000 != 0) {
    std::string fraction = std::to_string(1000 + ms % 1000).substr(1);
    fraction.erase(fraction.find_last_not_of('0') + 1);
    text += "." + fraction;
  }
  return text + "s";
}

absl::StatusOr<uint64_t> ParseCount(std::string_view text) {
  uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error == std::errc::result_out_of_range) return Invalid({Quoted(text), " is too large"});
  if (error != std::errc() || end != text.data() + text.size()) {
    return Invalid({"expected a whole number in digits, found ", Quoted(text)});
  }
  return value;
}

absl::StatusOr<HostPort> ParseAddress(std::string_view text) {
  const auto wrong = [&](std::string_view why) {
    return Invalid({"expected an address such as 127.0.0.1:8000 or [::1]:8000, found ",
                    Quoted(text), " (", why, ")"});
  };
  const size_t colon = text.rfind(':');
  if (colon == std::string_view::npos || text.back() == ']') return wrong("no port");
  std::string_view host = text.substr(0, colon);
  const std::string_view digits = text.substr(colon + 1);
  unsigned port = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  if (error != std::errc() || end != digits.data() + digits.size() || port > 65535) {
    return wrong("the port is a number from 0 to 65535");
  }
  if (host.empty()) return wrong("no host; 0.0.0.0 is every IPv4 address of this machine");
  in6_addr parsed{};
  if (host.front() == '[') {
    if (host.back() != ']') return wrong("the bracket is not closed");
    host = host.substr(1, host.size() - 2);
    if (inet_pton(AF_INET6, std::string(host).c_str(), &parsed) != 1) return wrong("not IPv6");
  } else if (host.find(':') != std::string_view::npos) {
    return wrong("an IPv6 address stands in brackets");
  } else if (AllOf(host, [](char c) { return IsDigit(c) || c == '.'; })) {
    if (inet_pton(AF_INET, std::string(host).c_str(), &parsed) != 1) return wrong("not IPv4");
  } else if (!AllOf(host, [](char c) { return IsAlnum(c) || c == '-' || c == '.'; })) {
    return wrong("not a host name");
  }
  return HostPort{std::string(host), static_cast<uint16_t>(port)};
}

absl::Status CheckFormat(v1::TextFormat format, std::string_view text) {
  if (absl::Status plain = CheckPlainText(text); !plain.ok()) return plain;
  switch (format) {
    case v1::TEXT_FORMAT_ADDRESS:
      return ParseAddress(text).status();
    case v1::TEXT_FORMAT_URL_PATH:
      return CheckUrlPath(text);
    case v1::TEXT_FORMAT_HEADER_NAME:
      return CheckHeaderName(text);
    case v1::TEXT_FORMAT_ORIGIN:
      return CheckOrigin(text);
    case v1::TEXT_FORMAT_CLIENT_EVENT:
      return CheckClientEvent(text);
    case v1::TEXT_FORMAT_CONTROL_TOKEN:
      return ParseControlToken(text).status();
    case v1::TEXT_FORMAT_SAN_ROLE:
      return ParseSanRole(text).status();
    default:
      return absl::OkStatus();
  }
}

std::vector<std::string> SplitList(std::string_view text) {
  std::vector<std::string> items;
  if (text.find_first_not_of(' ') == std::string_view::npos) return items;
  while (true) {
    const size_t comma = text.find(',');
    std::string_view item = text.substr(0, comma);
    item.remove_prefix(std::min(item.find_first_not_of(' '), item.size()));
    item = item.substr(0, item.find_last_not_of(' ') + 1);
    items.emplace_back(item);
    if (comma == std::string_view::npos) return items;
    text.remove_prefix(comma + 1);
  }
}

std::string Quoted(std::string_view text) {
  std::string quoted = "\"";
  for (size_t i = 0; i < text.size();) {
    if (quoted.size() > kQuotedCharsMax) {
      quoted += "...";
      break;
    }
    const char c = text[i];
    const size_t length = Utf8Length(text.substr(i));
    if (c == '"' || c == '\\') {
      quoted += {'\\', c};
    } else if (IsControl(c) || length == 0) {
      std::array<char, 5> escape{};
      (void)std::snprintf(escape.data(), escape.size(), "\\x%02x", static_cast<unsigned char>(c));
      quoted += escape.data();
    } else {
      quoted.append(text, i, length);
    }
    i += std::max<size_t>(length, 1);
  }
  return quoted + "\"";
}

std::string Printable(std::string_view name) {
  std::string quoted = Quoted(name);
  return quoted.size() == name.size() + 2 ? std::string(name) : quoted;
}

std::string YamlText(std::string_view text) {
  constexpr std::array<std::string_view, 9> kWords = {"true", "false", "yes", "no", "on",
                                                      "off",  "null",  "y",   "n"};
  const bool safe_chars = AllOf(text, [](char c) {
    return IsAlnum(c) || std::string_view("_./:-").find(c) != std::string_view::npos;
  });
  // What starts with a digit may be a number to some reader (0.1, 1e5, 12:30), but three dots are
  // more than any number has: an IPv4 address with its port is left as it is.
  const bool safe_start =
      !text.empty() && (IsLetter(text.front()) || text.front() == '/' ||
                        (IsDigit(text.front()) && std::count(text.begin(), text.end(), '.') == 3));
  const bool word = std::find(kWords.begin(), kWords.end(), Lower(text)) != kWords.end();
  if (safe_chars && safe_start && text.back() != ':' && !word) return std::string(text);
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return quoted + "\"";
}

std::string Lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

std::string Upper(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  return out;
}

}  // namespace smcp::config
