#include "clients/smcpctl/human.h"

#include <array>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <ctime>

namespace smcpctl {
namespace {

struct Unit {
  std::string_view name;
  int64_t nanoseconds;
};
constexpr int64_t kMinute = 60 * kSecond;
constexpr int64_t kHour = 60 * kMinute;
constexpr int64_t kDay = 24 * kHour;
constexpr std::array kUnits{Unit{"ns", 1},      Unit{"us", kMicrosecond}, Unit{"ms", kMillisecond},
                            Unit{"s", kSecond}, Unit{"m", kMinute},       Unit{"h", kHour},
                            Unit{"d", kDay}};

// Three digits at most: "1.2", "12", "850".
std::string Short(double value) {
  char out[32];
  std::snprintf(out, sizeof out, value < 9.95 ? "%.1f" : "%.0f", value);
  std::string text = out;
  if (text.ends_with(".0")) text.resize(text.size() - 2);
  return text;
}

std::string TwoUnits(int64_t value, int64_t large, const char* large_name, int64_t small,
                     const char* small_name) {
  std::string text = std::to_string(value / large) + large_name;
  const int64_t rest = value % large / small;
  return rest == 0 ? text : text + std::to_string(rest) + small_name;
}

}  // namespace

std::string Span(int64_t nanoseconds) {
  if (nanoseconds < 0) return "-" + Span(-nanoseconds);
  const auto value = static_cast<double>(nanoseconds);
  if (nanoseconds == 0) return "0s";
  if (nanoseconds < kMicrosecond) return std::to_string(nanoseconds) + "ns";
  // The limits lie where rounding would give four digits.
  if (value < 999.5e3) return Short(value / 1e3) + "us";
  if (value < 999.5e6) return Short(value / 1e6) + "ms";
  if (value < 59.5e9) return Short(value / 1e9) + "s";
  const int64_t rounded = (nanoseconds + kSecond / 2) / kSecond * kSecond;
  if (rounded < kHour) return TwoUnits(rounded, kMinute, "m", kSecond, "s");
  if (rounded < kDay) return TwoUnits(rounded, kHour, "h", kMinute, "m");
  return TwoUnits(rounded, kDay, "d", kHour, "h");
}

std::string Ago(int64_t then, int64_t now) {
  const int64_t away = now >= then ? now - then : then - now;
  if (away < kSecond) return "now";
  std::string text;
  if (away < kMinute) {
    text = std::to_string(away / kSecond) + "s";
  } else if (away < kHour) {
    text = std::to_string(away / kMinute) + "m";
  } else if (away < 2 * kDay) {
    text = std::to_string(away / kHour) + "h";
  } else {
    text = std::to_string(away / kDay) + "d";
  }
  return now >= then ? text + " ago" : "in " + text;
}

std::string Rfc3339(int64_t time, bool utc) {
  const auto seconds = static_cast<std::time_t>(time / kSecond);
  std::tm parts{};
  if (utc) {
    gmtime_r(&seconds, &parts);
  } else {
    localtime_r(&seconds, &parts);
  }
  char date[48];
  std::strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%S", &parts);
  char fraction[32];
  std::snprintf(fraction, sizeof fraction, ".%03d",
                static_cast<int>(time % kSecond / kMillisecond));
  std::string text = std::string(date) + fraction;
  if (utc) return text + "Z";
  const long minutes = parts.tm_gmtoff / 60;
  char offset[32];
  std::snprintf(offset, sizeof offset, "%c%02ld:%02ld", minutes < 0 ? '-' : '+',
                std::labs(minutes) / 60, std::labs(minutes) % 60);
  return text + offset;
}

std::string Bytes(uint64_t bytes) {
  constexpr std::array<const char*, 7> kNames{"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
  auto value = static_cast<double>(bytes);
  size_t unit = 0;
  while (value >= 1023.5 && unit + 1 < kNames.size()) {
    value /= 1024;
    ++unit;
  }
  return (unit == 0 ? std::to_string(bytes) : Short(value)) + " " + kNames[unit];
}

std::optional<int64_t> ParseSpan(std::string_view text) {
  if (text.empty()) return std::nullopt;
  double total = 0;
  bool first = true;
  while (!text.empty()) {
    double number = 0;
    const auto [end, error] =
        std::from_chars(text.data(), text.data() + text.size(), number, std::chars_format::fixed);
    if (error != std::errc() || std::signbit(number)) return std::nullopt;
    text.remove_prefix(static_cast<size_t>(end - text.data()));
    size_t letters = 0;
    while (letters < text.size() && text[letters] >= 'a' && text[letters] <= 'z') ++letters;
    const std::string_view name = text.substr(0, letters);
    text.remove_prefix(letters);
    // A number without a unit stands alone.
    const bool bare = name.empty() && first && text.empty();
    first = false;
    int64_t unit = bare ? kSecond : 0;
    for (const Unit& known : kUnits) {
      if (known.name == name) unit = known.nanoseconds;
    }
    if (unit == 0) return std::nullopt;
    total += number * static_cast<double>(unit);
  }
  if (!(total < 9.2e18)) return std::nullopt;
  return static_cast<int64_t>(std::llround(total));
}

}  // namespace smcpctl
