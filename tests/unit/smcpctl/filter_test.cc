#include "clients/smcpctl/filter.h"

#include <gtest/gtest.h>

namespace smcpctl {
namespace {

TEST(Filter, TermsAreJoinedAndEmptyOnesLeftOut) {
  EXPECT_EQ(Filter().Text(), "");
  EXPECT_EQ(Filter().Match("office_id", "").Equals("role", "AGENT").Text(), "role=\"AGENT\"");
  EXPECT_EQ(Filter().Match("a", "x").Match("b", "y").Raw("c > 1 OR d < 2").Text(),
            "a=\"x\" AND b=\"y\" AND (c > 1 OR d < 2)");
}

TEST(Filter, AStarAtTheEndIsAPrefix) {
  EXPECT_EQ(Filter().Match("name", "pc-*").Text(), "name:pc-*");
  EXPECT_EQ(Filter().Match("name", "my pc*").Text(), "name=\"my pc*\"");
  EXPECT_EQ(Filter().Equals("name", "pc-*").Text(), "name=\"pc-*\"");
  EXPECT_EQ(Filter().Match("name", "p*c").Text(), "name=\"p*c\"");
}

TEST(Filter, PrefixGlobs) {
  EXPECT_TRUE(IsPrefixGlob("a*"));
  for (const char* text : {"", "*", "a", "*a", "a*b*", "a?*"})
    EXPECT_FALSE(IsPrefixGlob(text)) << text;
}

TEST(Filter, AValueCannotEndItsQuotes) {
  EXPECT_EQ(Quoted("a\" OR name!=\"\\"), "\"a\\\" OR name!=\\\"\\\\\"");
}

TEST(Filter, ShellWordsAreOneWord) {
  EXPECT_EQ(ShellWord("pc-1"), "pc-1");
  EXPECT_EQ(ShellWord(""), "''");
  EXPECT_EQ(ShellWord("a b"), "'a b'");
  EXPECT_EQ(ShellWord("it's"), "'it'\\''s'");
  EXPECT_EQ(ShellWord("pc*"), "'pc*'");
}

}  // namespace
}  // namespace smcpctl
