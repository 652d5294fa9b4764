#include "gateway/codec/json_index.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace smcp::json {
namespace {

class JsonIndex : public testing::Test {
 protected:
  Value Root(std::string_view text) {
    EXPECT_EQ(index_.Build(text, 64), Error::kNone) << text;
    return index_.root();
  }
  std::vector<std::string> Elements(const Value& array) {
    std::vector<std::string> out;
    Index::Cursor cursor = index_.Enter(array);
    Value element;
    while (index_.NextElement(&cursor, &element)) out.emplace_back(element.raw);
    return out;
  }
  std::vector<std::pair<std::string, std::string>> Fields(const Value& object) {
    std::vector<std::pair<std::string, std::string>> out;
    Index::Cursor cursor = index_.Enter(object);
    std::string_view key;
    Value value;
    while (index_.NextField(&cursor, &key, &value)) out.emplace_back(key, value.raw);
    return out;
  }

  Index index_;
};

using Texts = std::vector<std::string>;
using Pairs = std::vector<std::pair<std::string, std::string>>;

TEST_F(JsonIndex, GivesTheRootWithItsKindAndWithoutTheBlanksAround) {
  const struct {
    std::string_view text;
    Kind kind;
    std::string_view raw;
  } rows[] = {
      {" null\n", Kind::kNull, "null"},   {"true", Kind::kBool, "true"},
      {"\tfalse ", Kind::kBool, "false"}, {" -1.5e3 ", Kind::kNumber, "-1.5e3"},
      {"0", Kind::kNumber, "0"},          {" \"a \\\" b \" ", Kind::kString, "\"a \\\" b \""},
      {"\"\"", Kind::kString, "\"\""},    {" [ 1 , 2 ] ", Kind::kArray, "[ 1 , 2 ]"},
      {"[]", Kind::kArray, "[]"},         {" { } ", Kind::kObject, "{ }"},
  };
  for (const auto& row : rows) {
    const Value root = Root(row.text);
    EXPECT_EQ(root.kind, row.kind) << row.text;
    EXPECT_EQ(root.raw, row.raw) << row.text;
    EXPECT_GE(root.raw.data(), row.text.data());
    EXPECT_LE(root.raw.data() + root.raw.size(), row.text.data() + row.text.size());
  }
}

TEST_F(JsonIndex, HasNoRootBeforeASuccessfulBuildOrAfterAFailedOne) {
  EXPECT_EQ(index_.root().kind, Kind::kMissing);
  Root("[1]");
  EXPECT_EQ(index_.Build("[1", 64), Error::kSyntax);
  EXPECT_EQ(index_.root().kind, Kind::kMissing);
  Root("[1]");
  EXPECT_EQ(index_.Build("", 64), Error::kEmpty);
  EXPECT_EQ(index_.root().kind, Kind::kMissing);
}

TEST_F(JsonIndex, StepsThroughAnArray) {
  EXPECT_EQ(Elements(Root(R"( [ "ev" , {"a":[1,{"b":2}]} ,[[ ]], null,true , -1.5 , "x"] )")),
            (Texts{"\"ev\"", R"({"a":[1,{"b":2}]})", "[[ ]]", "null", "true", "-1.5", "\"x\""}));
  EXPECT_EQ(Elements(Root("[]")), Texts{});
  EXPECT_EQ(Elements(Root("[ [] ]")), Texts{"[]"});
  EXPECT_EQ(Elements(Root("[{},{}]")), (Texts{"{}", "{}"}));
}

TEST_F(JsonIndex, StepsThroughAnObjectInItsOrderWithDuplicates) {
  EXPECT_EQ(Fields(Root(R"( { "b" : 1 , "a":{"b":[]}, "\u0062" :"x\"" ,"b":[2 ,3] , "":null} )")),
            (Pairs{{"b", "1"},
                   {"a", R"({"b":[]})"},
                   {"\\u0062", R"("x\"")"},
                   {"b", "[2 ,3]"},
                   {"", "null"}}));
  EXPECT_EQ(Fields(Root("{}")), Pairs{});
}

TEST_F(JsonIndex, GivesTheTextBetweenTheQuotes) {
  EXPECT_EQ(Root(R"( "a\"\\b" )").inner(), R"(a\"\\b)");
  EXPECT_EQ(Root(R"("")").inner(), "");
}

TEST_F(JsonIndex, EntersNestedContainers) {
  const Value root = Root(R"(["ev",{"p":{"q":[10,[20,21],30]},"r":1},"end"])");
  Index::Cursor args = index_.Enter(root);
  Value value;
  ASSERT_TRUE(index_.NextElement(&args, &value));
  ASSERT_TRUE(index_.NextElement(&args, &value));
  EXPECT_EQ(Fields(value), (Pairs{{"p", R"({"q":[10,[20,21],30]})"}, {"r", "1"}}));
  Index::Cursor fields = index_.Enter(value);
  std::string_view key;
  Value p;
  ASSERT_TRUE(index_.NextField(&fields, &key, &p));
  Index::Cursor inner = index_.Enter(p);
  Value q;
  ASSERT_TRUE(index_.NextField(&inner, &key, &q));
  EXPECT_EQ(Elements(q), (Texts{"10", "[20,21]", "30"}));
  // The outer cursor did not move meanwhile.
  ASSERT_TRUE(index_.NextElement(&args, &value));
  EXPECT_EQ(value.raw, "\"end\"");
  EXPECT_FALSE(index_.NextElement(&args, &value));
}

TEST_F(JsonIndex, StaysAtTheEndOnceThere) {
  const Value root = Root("[1]");
  Index::Cursor cursor = index_.Enter(root);
  Value value;
  EXPECT_TRUE(index_.NextElement(&cursor, &value));
  for (int i = 0; i < 3; ++i) EXPECT_FALSE(index_.NextElement(&cursor, &value));
}

TEST_F(JsonIndex, HasNothingInsideScalars) {
  for (const std::string_view text : {"1", "\"ab\"", "null", "true"}) {
    const Value root = Root(text);
    EXPECT_EQ(Elements(root), Texts{}) << text;
    EXPECT_EQ(Fields(root), Pairs{}) << text;
  }
  EXPECT_EQ(Elements(Value{}), Texts{});
}

TEST_F(JsonIndex, HasNoElementsInObjectsAndNoFieldsInArrays) {
  for (const std::string_view text : {"{}", R"({"a":1})", R"({"a":{"b":1},"c":[1]})"}) {
    EXPECT_EQ(Elements(Root(text)), Texts{}) << text;
  }
  for (const std::string_view text : {"[]", R"(["a"])", R"(["a","b"])", "[[]]", R"([{"a":1}])"}) {
    EXPECT_EQ(Fields(Root(text)), Pairs{}) << text;
  }
}

TEST_F(JsonIndex, IsReusedForTextsOfAnySizeInAnyOrder) {
  for (const size_t size : {10u, 100'000u, 5u, 4096u, 4097u, 1'000'000u, 1u}) {
    std::string text = "[";
    for (size_t i = 0; i < size; ++i) text += i == 0 ? "[1]" : ",{}";
    text += "]";
    const Value root = Root(text);
    const Texts elements = Elements(root);
    ASSERT_EQ(elements.size(), size);
    EXPECT_EQ(elements.front(), "[1]");
    EXPECT_EQ(elements.back(), size == 1 ? "[1]" : "{}");
  }
}

}  // namespace
}  // namespace smcp::json
