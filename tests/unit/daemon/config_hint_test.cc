#include "gateway/daemon/config_hint.h"

#include <gtest/gtest.h>

namespace smcp::config {
namespace {

TEST(EditDistance, CountsInsertionsDeletionsReplacementsAndSwaps) {
  EXPECT_EQ(EditDistance("", ""), 0U);
  EXPECT_EQ(EditDistance("", "abc"), 3U);
  EXPECT_EQ(EditDistance("abc", "abc"), 0U);
  EXPECT_EQ(EditDistance("abc", "abd"), 1U);
  EXPECT_EQ(EditDistance("abc", "ac"), 1U);
  EXPECT_EQ(EditDistance("abc", "acb"), 1U);
  EXPECT_EQ(EditDistance("kitten", "sitting"), 3U);
}

TEST(NearestPath, MendsLettersCaseSectionAndSeparator) {
  const Schema schema;
  EXPECT_EQ(NearestPath(schema, "listen.adress"), "listen.address");
  EXPECT_EQ(NearestPath(schema, "lisetn.address"), "listen.address");
  EXPECT_EQ(NearestPath(schema, "Listen.Address"), "listen.address");
  EXPECT_EQ(NearestPath(schema, "listen_address"), "listen.address");
  EXPECT_EQ(NearestPath(schema, "engineio.pingInterval"), "engineio.ping_interval");
  EXPECT_EQ(NearestPath(schema, "ping_timeout"), "engineio.ping_timeout");
  EXPECT_EQ(NearestPath(schema, "auth.admin_secret"), "auth.api_key.admin_secret");
  EXPECT_EQ(NearestPath(schema, "limit"), "limits");
  EXPECT_EQ(NearestPath(schema, "auth.apikey"), "auth.api_key");
}

TEST(NearestPath, GuessesNothingForAStranger) {
  const Schema schema;
  EXPECT_EQ(NearestPath(schema, ""), "");
  EXPECT_EQ(NearestPath(schema, "zebra"), "");
  EXPECT_EQ(NearestPath(schema, std::string(10'000, 'l')), "");
}

TEST(NearestWord, IsOfferedForLongWordsOnly) {
  google::protobuf::RepeatedPtrField<std::string> words;
  *words.Add() = "forbid";
  *words.Add() = "0.1";
  EXPECT_EQ(NearestWord(words, "Forbit"), "forbid");
  EXPECT_EQ(NearestWord(words, "0.2"), "");
  EXPECT_EQ(NearestWord(words, "something"), "");
}

}  // namespace
}  // namespace smcp::config
