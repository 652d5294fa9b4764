// Times, spans and sizes as people read and write them.
//
// Units: nanoseconds and bytes; points in time are nanoseconds since 1970.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace smcpctl {

inline constexpr int64_t kMicrosecond = 1'000;
inline constexpr int64_t kMillisecond = 1'000'000;
inline constexpr int64_t kSecond = 1'000'000'000;

// "850us", "1.2ms", "3.4s", "2m10s", "5h3m", "3d4h".
std::string Span(int64_t nanoseconds);

// "now", "12s ago", "3m ago", "5h ago", "3d ago"; "in 12s" for what is yet to come.
std::string Ago(int64_t then, int64_t now);

// RFC 3339 to the millisecond: "2026-01-31T09:30:00.250Z", or with the local offset.
std::string Rfc3339(int64_t time, bool utc);

// "512 B", "1.2 KiB", "34 MiB".
std::string Bytes(uint64_t bytes);

// "5s", "300ms", "1m30s", "1.5h", "2d"; a bare number is seconds. Nothing if it is none of these,
// negative, or too long to count.
std::optional<int64_t> ParseSpan(std::string_view text);

}  // namespace smcpctl
