#include "gateway/base/strings.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace smcp {
namespace {

TEST(StringMap, IsSearchedWithAViewWithoutMakingAString) {
  StringMap<int> map;
  map["computer-1"] = 7;
  const std::string_view key = std::string_view("xcomputer-1x").substr(1, 10);
  const auto found = map.find(key);
  ASSERT_NE(found, map.end());
  EXPECT_EQ(found->second, 7);
  EXPECT_FALSE(map.contains(std::string_view("computer")));
}

TEST(StringSet, TellsKeysWithZeroBytesApart) {
  StringSet set;
  set.insert(std::string("a\0b", 3));
  EXPECT_TRUE(set.contains(std::string_view("a\0b", 3)));
  EXPECT_FALSE(set.contains(std::string_view("a")));
}

TEST(Strings, ViewsConvertBothWaysAndPointToTheSameBytes) {
  const std::string text("caf\xc3\xa9\0!", 7);
  const absl::string_view there = ToAbsl(text);
  const std::string_view back = ToStd(there);
  EXPECT_EQ(back, text);
  EXPECT_EQ(back.data(), text.data());
  EXPECT_TRUE(ToStd(ToAbsl({})).empty());
}

}  // namespace
}  // namespace smcp
