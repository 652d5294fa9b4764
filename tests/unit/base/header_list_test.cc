#include "gateway/base/header_list.h"

#include <gmock/gmock.h>

#include <string>
#include <vector>

namespace smcp {
namespace {

using testing::ElementsAre;
using testing::Pair;

std::vector<std::pair<std::string, std::string>> Fields(const HeaderList& headers) {
  std::vector<std::pair<std::string, std::string>> fields;
  for (const auto [name, value] : headers) fields.emplace_back(name, value);
  return fields;
}

TEST(HeaderList, KeepsOrderDuplicatesAndCase) {
  HeaderList headers{{"Host", "a"}, {"X-Key", "one"}};
  headers.Add("x-key", "two");
  EXPECT_THAT(Fields(headers),
              ElementsAre(Pair("Host", "a"), Pair("X-Key", "one"), Pair("x-key", "two")));
}

TEST(HeaderList, KeepsEmptyAndBinaryValues) {
  using namespace std::string_literals;
  HeaderList headers;
  EXPECT_TRUE(headers.empty());
  headers.Add("Empty", "");
  headers.Add("Bytes", "\xff\x00z"s);
  EXPECT_THAT(Fields(headers), ElementsAre(Pair("Empty", ""), Pair("Bytes", "\xff\x00z"s)));
}

TEST(HeaderList, SurvivesCopyAndMove) {
  HeaderList headers{{"a", "b"}};
  const HeaderList copy = headers;
  const HeaderList moved = std::move(headers);
  EXPECT_THAT(Fields(copy), ElementsAre(Pair("a", "b")));
  EXPECT_THAT(Fields(moved), ElementsAre(Pair("a", "b")));
}

TEST(HeaderList, AValueOf64KiBIsCutNotMixedUpWithTheNext) {
  HeaderList headers;
  headers.Add("big", std::string(70'000, 'v'));
  headers.Add("next", "n");
  const auto fields = Fields(headers);
  ASSERT_EQ(fields.size(), 2u);
  EXPECT_EQ(fields[0].second.size(), 65'535u);
  EXPECT_EQ(fields[1], std::make_pair(std::string("next"), std::string("n")));
}

}  // namespace
}  // namespace smcp
