#include "gateway/socketio/reassembly.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace smcp::sio {
namespace {

using ::testing::ElementsAre;

bool Valid(std::string_view payload, uint32_t count, int depth_max = 64) {
  json::Index index;
  EXPECT_EQ(index.Build(payload, depth_max), json::Error::kNone) << payload.substr(0, 200);
  return PlaceholdersAreValid(index, index.root(), count);
}

TEST(Reassembly, IsCompleteWithExactlyTheAnnouncedNumber) {
  for (uint32_t expected = 1; expected <= 10; ++expected) {
    Reassembly reassembly("5-header", expected);
    for (uint32_t i = 1; i < expected; ++i) EXPECT_FALSE(reassembly.Add("x")) << expected;
    EXPECT_TRUE(reassembly.Add("x")) << expected;
    EXPECT_EQ(reassembly.attachments().size(), expected);
  }
}

TEST(Reassembly, KeepsItsOwnCopyOfHeaderAndAttachmentsInOrder) {
  std::string header = "52-[\"a\"]";
  std::string bytes("\0\x1e", 2);
  Reassembly reassembly(header, 2);
  reassembly.Add(bytes);
  header.assign(header.size(), '?');
  bytes.assign(bytes.size(), '?');
  reassembly.Add("");
  EXPECT_EQ(reassembly.header(), "52-[\"a\"]");
  EXPECT_THAT(reassembly.attachments(), ElementsAre(std::string("\0\x1e", 2), ""));
}

TEST(Placeholders, NameAnAttachmentThatIsThere) {
  EXPECT_TRUE(Valid(R"(["a",{"_placeholder":true,"num":0}])", 1));
  EXPECT_TRUE(Valid(R"(["a",{"num":1,"_placeholder":true}])", 2));
  EXPECT_FALSE(Valid(R"(["a",{"_placeholder":true,"num":1}])", 1));
  EXPECT_FALSE(Valid(R"(["a",{"_placeholder":true,"num":2}])", 2));
  EXPECT_FALSE(Valid(R"(["a",{"_placeholder":true,"num":4294967296}])", 1));
  EXPECT_FALSE(Valid(R"(["a",{"_placeholder":true,"num":1e400}])", 1));
}

TEST(Placeholders, HaveANumberThatIsANonNegativeInteger) {
  EXPECT_FALSE(Valid(R"(["a",{"_placeholder":true,"num":-1}])", 1));
  EXPECT_FALSE(Valid(R"(["a",{"_placeholder":true,"num":1.5}])", 10));
  EXPECT_FALSE(Valid(R"(["a",{"_placeholder":true,"num":0.5}])", 10));
  EXPECT_FALSE(Valid(R"(["a",{"_placeholder":true,"num":"0"}])", 1));
  EXPECT_FALSE(Valid(R"(["a",{"_placeholder":true,"num":null}])", 1));
  EXPECT_FALSE(Valid(R"(["a",{"_placeholder":true,"num":[0]}])", 1));
  EXPECT_FALSE(Valid(R"(["a",{"_placeholder":true}])", 1));
}

TEST(Placeholders, MayBeUsedTwiceOrNotAtAll) {
  EXPECT_TRUE(Valid(R"(["a",{"_placeholder":true,"num":0},{"_placeholder":true,"num":0}])", 1));
  EXPECT_TRUE(Valid(R"(["a"])", 2));
}

TEST(Placeholders, AreLookedForAtEveryDepth) {
  EXPECT_TRUE(Valid(R"(["a",{"deep":[1,{"x":{"_placeholder":true,"num":1}}]}])", 2));
  EXPECT_FALSE(Valid(R"(["a",{"deep":[1,{"x":{"_placeholder":true,"num":2}}]}])", 2));
  EXPECT_FALSE(Valid(R"(["a",[[[{"_placeholder":true,"num":-1}]]]])", 2));
  EXPECT_FALSE(
      Valid(R"(["a",{"_placeholder":true,"num":0},{"b":{"_placeholder":true,"num":9}}])", 1));
}

TEST(Placeholders, AreFoundHoweverDeepWithoutUsingUpTheStack) {
  constexpr size_t kDepth = 300'000;
  const auto nested = [](std::string_view inner) {
    return "[\"a\"," + std::string(kDepth, '[') + std::string(inner) + std::string(kDepth, ']') +
           "]";
  };
  EXPECT_TRUE(Valid(nested(R"({"_placeholder":true,"num":0})"), 1, 1 << 20));
  EXPECT_FALSE(Valid(nested(R"({"_placeholder":true,"num":1})"), 1, 1 << 20));
}

TEST(Placeholders, AreOnlyWhatSaysLiterallyTrue) {
  for (const std::string_view not_true : {"false", "1", "\"true\"", "null", "[]"}) {
    std::string payload = R"(["a",{"_placeholder":)";
    payload.append(not_true).append(R"(,"num":99}])");
    EXPECT_TRUE(Valid(payload, 1)) << payload;
  }
  EXPECT_TRUE(Valid(R"(["a",{"num":99}])", 1));
}

TEST(Placeholders, InsideWhatIsNoneAreStillChecked) {
  EXPECT_FALSE(
      Valid(R"(["a",{"_placeholder":false,"num":0,"in":{"_placeholder":true,"num":5}}])", 1));
}

}  // namespace
}  // namespace smcp::sio
