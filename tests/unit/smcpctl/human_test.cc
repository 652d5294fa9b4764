#include "clients/smcpctl/human.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <ctime>

namespace smcpctl {
namespace {

constexpr int64_t kMinute = 60 * kSecond;
constexpr int64_t kHour = 60 * kMinute;
constexpr int64_t kNoon = 1'769'860'800 * kSecond;  // 2026-01-31T12:00:00Z

TEST(Human, SpansHaveTwoOrThreeDigits) {
  EXPECT_EQ(Span(0), "0s");
  EXPECT_EQ(Span(999), "999ns");
  EXPECT_EQ(Span(850 * kMicrosecond), "850us");
  EXPECT_EQ(Span(1'234 * kMicrosecond), "1.2ms");
  EXPECT_EQ(Span(999'600 * kMicrosecond), "1s");  // not 1000ms
  EXPECT_EQ(Span(9'960 * kMillisecond), "10s");
  EXPECT_EQ(Span(59'700 * kMillisecond), "1m");
  EXPECT_EQ(Span(130 * kSecond), "2m10s");
  EXPECT_EQ(Span(5 * kHour + 3 * kMinute), "5h3m");
  EXPECT_EQ(Span(76 * kHour), "3d4h");
  EXPECT_EQ(Span(-2 * kSecond), "-2s");
}

TEST(Human, AgesLookBackAndForward) {
  EXPECT_EQ(Ago(kNoon, kNoon + 999 * kMillisecond), "now");
  EXPECT_EQ(Ago(kNoon, kNoon + 59 * kSecond), "59s ago");
  EXPECT_EQ(Ago(kNoon, kNoon + 3 * kMinute), "3m ago");
  EXPECT_EQ(Ago(kNoon, kNoon + 47 * kHour), "47h ago");
  EXPECT_EQ(Ago(kNoon, kNoon + 72 * kHour), "3d ago");
  EXPECT_EQ(Ago(kNoon + 90 * kSecond, kNoon), "in 1m");
}

TEST(Human, MomentsAreRfc3339) {
  EXPECT_EQ(Rfc3339(kNoon + 250 * kMillisecond, true), "2026-01-31T12:00:00.250Z");
  setenv("TZ", "UTC-5:30", 1);
  tzset();
  EXPECT_EQ(Rfc3339(kNoon, false), "2026-01-31T17:30:00.000+05:30");
  setenv("TZ", "UTC+3:30", 1);
  tzset();
  EXPECT_EQ(Rfc3339(kNoon, false), "2026-01-31T08:30:00.000-03:30");
  unsetenv("TZ");
  tzset();
}

TEST(Human, BytesAreBinaryUnits) {
  EXPECT_EQ(Bytes(0), "0 B");
  EXPECT_EQ(Bytes(1023), "1023 B");
  EXPECT_EQ(Bytes(1024), "1 KiB");
  EXPECT_EQ(Bytes(1'234'567), "1.2 MiB");
  EXPECT_EQ(Bytes((1U << 20U) - 1), "1 MiB");  // not 1024 KiB
  EXPECT_EQ(Bytes(~uint64_t{0}), "16 EiB");
}

TEST(Human, SpansAreRead) {
  EXPECT_EQ(ParseSpan("5"), 5 * kSecond);
  EXPECT_EQ(ParseSpan("300ms"), 300 * kMillisecond);
  EXPECT_EQ(ParseSpan("1m30s"), 90 * kSecond);
  EXPECT_EQ(ParseSpan("1.5h"), 90 * kMinute);
  EXPECT_EQ(ParseSpan("2d"), 48 * kHour);
  EXPECT_EQ(ParseSpan("0"), 0);
}

TEST(Human, WhatIsNoSpanIsRefused) {
  for (const char* text :
       {"", "s", "5x", "-1s", "-0", "1m5", "5 s", "1e3s", "nan", "inf", "1S", "99999999999999d"}) {
    EXPECT_EQ(ParseSpan(text), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace smcpctl
