// The scan works in blocks of 64 bytes: every token is tried at every place of a block, so that
// each rule is seen to hold over the border between two, on every kind of CPU that this one can
// play.

#include "gateway/codec/json_scan.h"

#include <gtest/gtest.h>
#include <simdjson.h>

#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/codec/json_index.h"
#include "tests/unit/codec/json_reference.h"

namespace smcp::json {
namespace {

constexpr int kDepthMax = 5;
constexpr size_t kBlockBytes = 64;

struct Cpu {
  std::string name;
  Scan scan;
};
void PrintTo(const Cpu& cpu, std::ostream* out) { *out << cpu.name; }

std::vector<Cpu> Cpus() {
  std::vector<Cpu> cpus;
  for (const auto* one : simdjson::get_available_implementations()) {
    if (one->supported_by_runtime_system()) {
      cpus.push_back({one->name(), ChooseScan(one->name().c_str())});
    }
  }
  return cpus;
}

class JsonScan : public testing::TestWithParam<Cpu> {
 protected:
  Error Run(std::string_view text) {
    return GetParam().scan(text.data(), text.size(), kDepthMax, &brackets_, &ascii_);
  }

  Brackets brackets_;
  bool ascii_ = false;
};

INSTANTIATE_TEST_SUITE_P(EveryCpu, JsonScan, testing::ValuesIn(Cpus()),
                         [](const auto& param) { return param.param.name; });

constexpr std::string_view kTexts[] = {
    // Good ones.
    "[true,false,null]", "[0,-1,12,-0.5,1e5,1.25E-10,2e+7]", R"({"key":"value","other":[{}]})",
    R"(["a\n\\\"b\u00e4","\\"])", "[ 1 , 2 , [ ] , { } ]", "[[[[[]]]]]", "123456", "\"text\"",
    // One fault each.
    "[truex]", "[tru]", "[nul,1]", "[fals]", "[01]", "[-01]", "[1.]", "[.5]", "[1.2.3]", "[1e]",
    "[1e5e5]", "[1e5.0]", "[--1]", "[+1]", "[1-2]", "[1e+-5]", "[-]", "[1a]", "[1 2]", "[1,]",
    "[,1]", "[1,,2]", "[1", "1]", "[1}", "{1:2}", R"({"a"})", R"({"a":})", R"({"a":1,})",
    R"({"a":1 "b":2})", R"({"a":1,"b"})", R"({"a":1,2})", R"({"a":"b":"c"})", R"(["a":1])",
    R"({"a","b"})", R"({"a":1,[]})", R"(["a)", R"(["a\"])", R"(["\x"])", R"(["\u12g4"])",
    R"(["\u12"])", "[\"a\nb\"]", "[\"a\"1]", "[1\"a\"]", "[]]", "[][]", "{},", "1,2",
    "[[[[[[]]]]]]", "[1 true]", "[true 1]", "[\\\"a\"]", "", ":", "[\x01]"};

TEST_P(JsonScan, JudgesEveryTextAtEveryPlaceOfABlock) {
  for (const std::string_view text : kTexts) {
    const Error expected = Reference(text, kDepthMax).Check();
    for (size_t before = 0; before < 2 * kBlockBytes; ++before) {
      const std::string moved = std::string(before, ' ') + std::string(text);
      ASSERT_EQ(Run(moved), expected) << before << " blanks before " << text;
    }
  }
}

// The same behind other members, so that no blanks help.
TEST_P(JsonScan, JudgesItBehindAStringOfAnyLength) {
  for (const std::string_view text : kTexts) {
    const std::string tail = ",[" + std::string(text) + "]]";
    const Error expected = Reference("[\"\"" + tail, kDepthMax).Check();
    for (size_t size = 0; size < 2 * kBlockBytes; ++size) {
      const std::string whole = "[\"" + std::string(size, 'x') + "\"" + tail;
      const Error error = Run(whole);
      if (expected == Error::kDepth) {
        // It may be broken behind where it gets too deep.
        ASSERT_TRUE(error == Error::kDepth || error == Error::kSyntax) << whole;
      } else {
        ASSERT_EQ(error, expected) << whole;
      }
    }
  }
}

TEST_P(JsonScan, NotesWhereEachBracketClosesAndWhichOpensNext) {
  const std::string text = R"([{"a":[]},[[1]]])";
  ASSERT_EQ(Run(text), Error::kNone);
  const std::vector<std::pair<uint32_t, uint32_t>> expected = {
      {15, 5}, {8, 3}, {7, 3}, {14, 5}, {13, 5}};
  for (size_t i = 0; i < expected.size(); ++i) {
    EXPECT_EQ(brackets_.data[i].close, expected[i].first) << i;
    EXPECT_EQ(brackets_.data[i].after, expected[i].second) << i;
  }
}

TEST_P(JsonScan, SaysWhetherTheTextIsAscii) {
  for (size_t size = 0; size < 2 * kBlockBytes; ++size) {
    ASSERT_EQ(Run("\"" + std::string(size, 'x') + "\""), Error::kNone);
    EXPECT_TRUE(ascii_) << size;
    ASSERT_EQ(Run("\"" + std::string(size, 'x') + "\xc3\xa4\""), Error::kNone);
    EXPECT_FALSE(ascii_) << size;
  }
}

}  // namespace
}  // namespace smcp::json
