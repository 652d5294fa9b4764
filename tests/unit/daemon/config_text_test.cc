#include "gateway/daemon/config_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gateway/base/strings.h"

namespace smcp::config {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(Duration, ReadsOneNumberAndOneUnit) {
  const std::pair<const char*, int64_t> cases[] = {{"25s", 25'000},
                                                   {"0.3s", 300},
                                                   {"300ms", 300},
                                                   {"1m", 60'000},
                                                   {"1.5m", 90'000},
                                                   {"2h", 7'200'000},
                                                   {"0s", 0},
                                                   {"0ms", 0},
                                                   {"0.001s", 1},
                                                   {"1.000s", 1'000},
                                                   {"3600s", 3'600'000},
                                                   {"0.25h", 900'000},
                                                   {"1.0000000000s", 1'000}};
  for (const auto& [text, ms] : cases) {
    const auto parsed = ParseDuration(text);
    ASSERT_TRUE(parsed.ok()) << text;
    EXPECT_EQ(*parsed, Millis(ms)) << text;
  }
}

TEST(Duration, RefusesEverythingElse) {
  for (const char* text : {"",
                           "s",
                           "ms",
                           ".",
                           "1",
                           "1.5",
                           ".5s",
                           "5.s",
                           "1..5s",
                           "1.2.3s",
                           "-1s",
                           "+1s",
                           "1 s",
                           " 1s",
                           "1s ",
                           "1S",
                           "1d",
                           "1us",
                           "1m30s",
                           "1e3s",
                           "0.0001s",
                           "0.5ms",
                           "1234567890123s",
                           "infs"}) {
    EXPECT_FALSE(ParseDuration(text).ok()) << text;
  }
}

TEST(Duration, PrintsSecondsWithoutTrailingZeros) {
  const std::pair<int64_t, const char*> cases[] = {
      {0, "0s"}, {1, "0.001s"}, {300, "0.3s"}, {25'000, "25s"}, {1'050, "1.05s"}, {60'000, "60s"}};
  for (const auto& [ms, text] : cases) {
    EXPECT_EQ(FormatDuration(Millis(ms)), text);
    EXPECT_EQ(*ParseDuration(text), Millis(ms));
  }
}

TEST(Address, IsHostAndPort) {
  const auto v4 = ParseAddress("127.0.0.1:8000");
  ASSERT_TRUE(v4.ok());
  EXPECT_EQ(v4->host, "127.0.0.1");
  EXPECT_EQ(v4->port, 8000);
  const auto v6 = ParseAddress("[::1]:0");
  ASSERT_TRUE(v6.ok());
  EXPECT_EQ(v6->host, "::1");
  EXPECT_EQ(v6->port, 0);
  const auto name = ParseAddress("localhost:65535");
  ASSERT_TRUE(name.ok());
  EXPECT_EQ(name->host, "localhost");
  EXPECT_EQ(name->port, 65535);
}

TEST(Address, RefusesWhatNobodyCouldListenOn) {
  for (const char* text : {"",
                           "8000",
                           "localhost",
                           ":8000",
                           "127.0.0.1:",
                           "127.0.0.1:x",
                           "127.0.0.1:-1",
                           "127.0.0.1:65536",
                           "127.0.0.1:80x",
                           "256.0.0.1:80",
                           "1.2.3:80",
                           "::1:80",
                           "[::1]",
                           "[::1:80",
                           "[x]:80",
                           "[]:80",
                           "a b:80",
                           "http://a:80",
                           "a/b:80",
                           "127.0.0.1: 80"}) {
    EXPECT_FALSE(ParseAddress(text).ok()) << text;
  }
}

TEST(Format, ChecksPathsHeadersOriginsAndEvents) {
  const auto accepted = [](v1::TextFormat format, const char* text) {
    return CheckFormat(format, text).ok();
  };
  for (const char* path : {"/smcp", "/socket.io", "/a/b-c_d~e"}) {
    EXPECT_TRUE(accepted(v1::TEXT_FORMAT_URL_PATH, path)) << path;
  }
  for (const char* path : {"", "/", "smcp", "/smcp/", "/a//b", "/a?b", "/a#b", "/a b", "/%41"}) {
    EXPECT_FALSE(accepted(v1::TEXT_FORMAT_URL_PATH, path)) << path;
  }
  for (const char* name : {"x-api-key", "access_token", "Authorization"}) {
    EXPECT_TRUE(accepted(v1::TEXT_FORMAT_HEADER_NAME, name)) << name;
  }
  for (const char* name : {"", "x api", "x:y", "x\r\n", "\xc3\xa9"}) {
    EXPECT_FALSE(accepted(v1::TEXT_FORMAT_HEADER_NAME, name)) << name;
  }
  for (const char* origin : {"*", "https://a.example", "http://localhost:3000", "http://[::1]:1"}) {
    EXPECT_TRUE(accepted(v1::TEXT_FORMAT_ORIGIN, origin)) << origin;
  }
  for (const char* origin : {"", "a.example", "https://", "https://a/", "https://a/b", "://a",
                             "https://*.a", "https://a,b"}) {
    EXPECT_FALSE(accepted(v1::TEXT_FORMAT_ORIGIN, origin)) << origin;
  }
  for (const char* event : {"client:x", "client:my_event", "client:my-app/Event.2"}) {
    EXPECT_TRUE(accepted(v1::TEXT_FORMAT_CLIENT_EVENT, event)) << event;
  }
  for (const char* event :
       {"", "client:", "client", "server:x", "Client:x", "client:a b", "x", "client:*"}) {
    EXPECT_FALSE(accepted(v1::TEXT_FORMAT_CLIENT_EVENT, event)) << event;
  }
}

TEST(Format, RefusesControlCharactersAndBrokenUtf8InAnyText) {
  for (const char* text : {"plain", "", "\xc3\xa9", "\xe4\xb8\xad", "\xf0\x9f\x98\x80"}) {
    EXPECT_TRUE(CheckFormat(v1::TEXT_FORMAT_UNSPECIFIED, text).ok()) << text;
  }
  for (const char* text : {"a\nb", "\t", "\x7f", "\xff", "\xc3", "\xc0\x80", "\xe0\x80\x80",
                           "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xf0\x80\x80\x80", "\xc3("}) {
    EXPECT_FALSE(CheckFormat(v1::TEXT_FORMAT_UNSPECIFIED, text).ok()) << text;
  }
}

TEST(SplitList, CutsAtCommasAndTrimsSpaces) {
  EXPECT_THAT(SplitList("a"), ElementsAre("a"));
  EXPECT_THAT(SplitList(" a , b c,d "), ElementsAre("a", "b c", "d"));
  EXPECT_THAT(SplitList(","), ElementsAre("", ""));
  EXPECT_THAT(SplitList("a,"), ElementsAre("a", ""));
  EXPECT_THAT(SplitList(""), IsEmpty());
  EXPECT_THAT(SplitList("  "), IsEmpty());
}

TEST(Quoted, StaysOnOneBoundedLine) {
  EXPECT_EQ(Quoted("a b"), "\"a b\"");
  EXPECT_EQ(Quoted("a\"\\\n\xff"), "\"a\\\"\\\\\\x0a\\xff\"");
  EXPECT_EQ(Quoted("\xc3\xa9"), "\"\xc3\xa9\"");
  EXPECT_LT(Quoted(std::string(10'000, 'x')).size(), 100U);
  EXPECT_EQ(Printable("listen.address"), "listen.address");
  EXPECT_EQ(Printable("a\nb"), "\"a\\x0ab\"");
}

TEST(YamlText, QuotesWhatAReaderCouldTakeForSomethingElse) {
  for (const char* plain : {"api_key", "/socket.io", "127.0.0.1:8000", "x-api-key"}) {
    EXPECT_EQ(YamlText(plain), plain);
  }
  for (const char* text : {"", "*", "0.1", "12", "1e5", "12:30", "true", "No", "null", "a b",
                           "a:", "[::1]:80", "-a", "#a", "{}", "a, b", "caf\xc3\xa9"}) {
    EXPECT_EQ(YamlText(text), "\"" + std::string(text) + "\"");
  }
  EXPECT_EQ(YamlText("a\"b\\"), "\"a\\\"b\\\\\"");
}

}  // namespace
}  // namespace smcp::config
