#include "gateway/codec/json_text.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>

#include "gateway/codec/json_index.h"

namespace smcp::json {
namespace {

struct Spelling {
  std::string_view inner;
  std::string_view plain;
};

constexpr Spelling kSpellings[] = {
    {"", ""},
    {"abc", "abc"},
    {R"(\"\\\/)", "\"\\/"},
    {R"(\b\f\n\r\t)", "\b\f\n\r\t"},
    {R"(\u0041)", "A"},
    {R"(a\u0041b)", "aAb"},
    {R"(\u007f)", "\x7f"},
    {R"(\u0080)", "\xc2\x80"},
    {R"(\u00e9)", "\xc3\xa9"},
    {R"(\u00E9)", "\xc3\xa9"},
    {R"(\u07ff)", "\xdf\xbf"},
    {R"(\u0800)", "\xe0\xa0\x80"},
    {R"(\ud7ff)", "\xed\x9f\xbf"},
    {R"(\ue000)", "\xee\x80\x80"},
    {R"(\uffff)", "\xef\xbf\xbf"},
    {R"(\ud800\udc00)", "\xf0\x90\x80\x80"},
    {R"(\ud83d\ude00!)", "\xf0\x9f\x98\x80!"},
    {R"(\uDBFF\uDFFF)", "\xf4\x8f\xbf\xbf"},
    {R"(\\u0041)", "\\u0041"},
    {R"(\\n)", "\\n"},
    {"caf\xc3\xa9", "caf\xc3\xa9"},
};

TEST(JsonText, ReadsEveryEscape) {
  for (const Spelling& row : kSpellings) {
    std::string out = "old";
    EXPECT_TRUE(Unescape(row.inner, &out)) << row.inner;
    EXPECT_EQ(out, row.plain) << row.inner;
    EXPECT_TRUE(Spells(row.inner, row.plain)) << row.inner;
  }
}

TEST(JsonText, KeepsZero) {
  std::string out;
  EXPECT_TRUE(Unescape(R"(a\u0000b)", &out));
  EXPECT_EQ(out, std::string("a\0b", 3));
  EXPECT_TRUE(Spells(R"(a\u0000b)", std::string_view("a\0b", 3)));
  EXPECT_FALSE(Spells(R"(a\u0000b)", "a"));
}

TEST(JsonText, HasNoUtf8ForALoneSurrogate) {
  for (const std::string_view inner :
       {R"(\ud800)", R"(\udfff)", R"(\ud800x)", R"(\ud800\n)", R"(\ud800\u0041)", R"(\ud800\ud800)",
        R"(\udc00\ud800)", R"(a\udbff)", R"(\ud83d\ude0)"}) {
    std::string out;
    EXPECT_FALSE(Unescape(inner, &out)) << inner;
    EXPECT_FALSE(Spells(inner, "\xed\xa0\x80")) << inner;
    EXPECT_FALSE(Spells(inner, "")) << inner;
  }
}

TEST(JsonText, StandsATextThatIsCutInAnEscape) {
  for (const std::string_view inner : {"\\", "a\\", "\\u", "\\u1", "\\u123", "\\u123g", "\\x"}) {
    std::string out;
    EXPECT_FALSE(Unescape(inner, &out)) << inner;
  }
}

TEST(JsonText, TellsApartWhatOnlyLooksEqual) {
  const struct {
    std::string_view inner;
    std::string_view plain;
  } rows[] = {
      {"agent", "agen"},
      {"agen", "agent"},
      {"agent", "Agent"},
      {R"(\n)", "\\n"},
      {R"(\n)", "n"},
      {"n", "\n"},
      {R"(\u0041)", "\\u0041"},
      {R"(\u0041)", "a"},
      {R"(a\u0062)", "a"},
      {R"(\u0061)", "ab"},
      {"ab", "a"},
      {"", "a"},
      {"a", ""},
      {R"(\u00e9)", "\xc3"},
      {R"(\ud83d\ude00)", "\xf0"},
  };
  for (const auto& row : rows) EXPECT_FALSE(Spells(row.inner, row.plain)) << row.inner;
}

TEST(JsonText, SpellsNoKeyWithAnyOtherKeyOfTheTable) {
  for (const Spelling& a : kSpellings) {
    for (const Spelling& b : kSpellings) {
      EXPECT_EQ(Spells(a.inner, b.plain), a.plain == b.plain) << a.inner << " " << b.plain;
    }
  }
}

TEST(JsonText, QuotesWhatMustBeQuotedAndNothingElse) {
  const struct {
    std::string_view plain;
    std::string_view text;
  } rows[] = {
      {"", R"("")"},
      {"abc", R"("abc")"},
      {"a\"b\\c/d", R"("a\"b\\c/d")"},
      {"\b\f\n\r\t", R"("\b\f\n\r\t")"},
      {"\x01\x1f\x7f", "\"\\u0001\\u001f\x7f\""},
      {"caf\xc3\xa9 \xf0\x9f\x98\x80", "\"caf\xc3\xa9 \xf0\x9f\x98\x80\""},
      {"\x1e", R"("\u001e")"},
  };
  for (const auto& row : rows) EXPECT_EQ(Quoted(row.plain), row.text);
  EXPECT_EQ(Quoted(std::string_view("a\0b", 3)), R"("a\u0000b")");
}

TEST(JsonText, QuotesBehindWhatIsThere) {
  std::string out = "{";
  AppendQuoted(&out, "k");
  EXPECT_EQ(out, R"({"k")");
}

TEST(JsonText, ReadsBackEveryAsciiCharacterItQuoted) {
  Index index;
  for (int byte = 0; byte < 128; ++byte) {
    const std::string plain = std::string("x") + static_cast<char>(byte) + "y";
    const std::string text = Quoted(plain);
    ASSERT_EQ(index.Build(text, 1), Error::kNone) << byte;
    std::string out;
    ASSERT_TRUE(Unescape(index.root().inner(), &out)) << byte;
    EXPECT_EQ(out, plain);
  }
}

TEST(JsonText, ReadsIntegersHoweverTheyAreWritten) {
  constexpr int64_t kMax = std::numeric_limits<int64_t>::max();
  constexpr int64_t kMin = std::numeric_limits<int64_t>::min();
  const struct {
    std::string_view number;
    std::optional<int64_t> value;
  } rows[] = {
      {"0", 0},
      {"-0", 0},
      {"0.0", 0},
      {"0e5", 0},
      {"0.000e-99999999999999999999", 0},
      {"3", 3},
      {"-3", -3},
      {"3.0", 3},
      {"3.000", 3},
      {"3e0", 3},
      {"3E+0", 3},
      {"30e-1", 3},
      {"300.0e-2", 3},
      {"0.3e1", 3},
      {"0.03e2", 3},
      {"1.5e1", 15},
      {"12.50e1", 125},
      {"1e3", 1000},
      {"1e18", 1'000'000'000'000'000'000},
      {"60", 60},
      {"10.0", 10},
      {"9223372036854775807", kMax},
      {"9223372036854775807.0", kMax},
      {"922337203685477580.7e1", kMax},
      {"-9223372036854775807", -kMax},
      {"-9223372036854775808", kMin},
      {"0.000000000000000000000000000001e30", 1},
      {"1000000000000000000000000000000e-30", 1},
      {"9223372036854775808", std::nullopt},
      {"-9223372036854775809", std::nullopt},
      {"18446744073709551616", std::nullopt},
      {"1e19", std::nullopt},
      {"1e400", std::nullopt},
      {"1e99999999999999999999999", std::nullopt},
      {"1e-99999999999999999999999", std::nullopt},
      {"0.5", std::nullopt},
      {"3.1", std::nullopt},
      {"-3.0001", std::nullopt},
      {"1e-1", std::nullopt},
      {"15e-1", std::nullopt},
      {"1.5", std::nullopt},
      {"0.1e0", std::nullopt},
  };
  for (const auto& row : rows) EXPECT_EQ(ReadInteger(row.number), row.value) << row.number;
}

}  // namespace
}  // namespace smcp::json
