#include "gateway/codec/route_fields.h"

#include <gtest/gtest.h>

#include <array>
#include <string>
#include <string_view>

namespace smcp {
namespace {

constexpr std::array<std::string_view, 3> kNames = {"agent", "computer", "timeout"};

class RouteFields : public testing::Test {
 protected:
  std::array<json::Value, 3> Find(std::string_view text) {
    EXPECT_EQ(index_.Build(text, 64), json::Error::kNone) << text;
    // Not empty, so that a field that is not set shows.
    std::array<json::Value, 3> values;
    values.fill(index_.root());
    FindFields(index_, index_.root(), kNames, values);
    return values;
  }
  json::Index index_;
};

TEST_F(RouteFields, FindsTheFieldsOfACall) {
  const auto values = Find(
      R"({"agent":"a1","req_id":"r1","computer" : "c1","tool_name":"t","params":{},"timeout":30})");
  EXPECT_EQ(values[0].raw, "\"a1\"");
  EXPECT_EQ(values[1].raw, "\"c1\"");
  EXPECT_EQ(values[1].kind, json::Kind::kString);
  EXPECT_EQ(values[2].raw, "30");
  EXPECT_EQ(values[2].kind, json::Kind::kNumber);
}

TEST_F(RouteFields, SaysWhatIsMissing) {
  const auto values = Find(R"({"computer":"c1"})");
  EXPECT_EQ(values[0].kind, json::Kind::kMissing);
  EXPECT_EQ(values[1].raw, "\"c1\"");
  EXPECT_EQ(values[2].kind, json::Kind::kMissing);
  for (const json::Value& value : Find("{}")) EXPECT_EQ(value.kind, json::Kind::kMissing);
}

TEST_F(RouteFields, TakesTheLastOfDuplicates) {
  EXPECT_EQ(Find(R"({"computer":"mine","computer":"other"})")[1].raw, "\"other\"");
  EXPECT_EQ(Find(R"({"computer":"mine","computer":null})")[1].kind, json::Kind::kNull);
}

TEST_F(RouteFields, SeesThroughEscapedKeys) {
  EXPECT_EQ(Find(R"({"computer":"mine","\u0063omputer":"other"})")[1].raw, "\"other\"");
  EXPECT_EQ(Find(R"({"\u0063\u006f\u006D\u0070\u0075\u0074\u0065\u0072":"c"})")[1].raw, "\"c\"");
}

TEST_F(RouteFields, LooksAtTheTopLevelOnly) {
  const auto values =
      Find(R"({"params":{"agent":"deep","computer":"deep"},"list":[{"timeout":1}],"agent":"top"})");
  EXPECT_EQ(values[0].raw, "\"top\"");
  EXPECT_EQ(values[1].kind, json::Kind::kMissing);
  EXPECT_EQ(values[2].kind, json::Kind::kMissing);
}

TEST_F(RouteFields, DoesNotTakeAValueOrANearlyEqualKeyForAKey) {
  const auto values =
      Find(R"({"x":"agent","agents":1,"agen":2,"Agent":3,"agent ":4,"":"computer","y":"timeout"})");
  for (const json::Value& value : values) EXPECT_EQ(value.kind, json::Kind::kMissing);
}

TEST_F(RouteFields, FindsNothingInWhatIsNoObject) {
  for (const std::string_view text : {"[]", R"(["agent","a1"])", "1", "\"agent\"", "null"}) {
    for (const json::Value& value : Find(text)) EXPECT_EQ(value.kind, json::Kind::kMissing) << text;
  }
}

TEST_F(RouteFields, PassesLargeNestedValuesByWhole) {
  std::string text = R"({"params":[)";
  for (int i = 0; i < 5000; ++i) text += i == 0 ? R"({"computer":"no"})" : R"(,{"computer":"no"})";
  text += R"(],"computer":"yes"})";
  EXPECT_EQ(Find(text)[1].raw, "\"yes\"");
}

}  // namespace
}  // namespace smcp
