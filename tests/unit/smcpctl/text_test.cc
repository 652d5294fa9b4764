#include "clients/smcpctl/text.h"

#include <gtest/gtest.h>

namespace smcpctl {
namespace {

TEST(Text, WhatMovesACursorIsEscaped) {
  EXPECT_EQ(Printable("a\nb\tc\rd"), "a\\nb\\tc\\rd");
  EXPECT_EQ(Printable("\x1b[31mred"), "\\x1b[31mred");
  EXPECT_EQ(Printable("\xc2\x9b"), "\\x9b");  // C1: a control sequence in one character
  EXPECT_EQ(Printable("\xe2\x80\xae"
                      "abc"),
            "\\u202eabc");  // right-to-left override
  EXPECT_EQ(Printable("\xf3\xa0\x80\x81"), "\\U000e0001");
  EXPECT_EQ(Printable(std::string_view("a\0b", 3)), "a\\x00b");
}

TEST(Text, BytesThatAreNoUtf8AreEscapedOneByOne) {
  EXPECT_EQ(Printable("a\xff"
                      "b"),
            "a\\xffb");
  EXPECT_EQ(Printable("\xc3"), "\\xc3");                    // ends too soon
  EXPECT_EQ(Printable("\xc0\xaf"), "\\xc0\\xaf");           // overlong
  EXPECT_EQ(Printable("\xed\xa0\x80"), "\\xed\\xa0\\x80");  // surrogate
}

TEST(Text, OrdinaryTextStays) {
  EXPECT_EQ(Printable("Büro \\ 研究室 🖥"), "Büro \\ 研究室 🖥");
}

TEST(Text, WidthCountsColumns) {
  EXPECT_EQ(Width("abc"), 3U);
  EXPECT_EQ(Width("Büro"), 4U);
  EXPECT_EQ(Width("研究室"), 6U);
  EXPECT_EQ(Width("e\xcc\x81"), 1U);  // e and a combining accent
  EXPECT_EQ(Width("🖥"), 2U);
}

TEST(Text, CutsKeepToTheWidth) {
  EXPECT_EQ(CutEnd("abcdef", 6), "abcdef");
  EXPECT_EQ(CutEnd("abcdef", 4), "abc…");
  EXPECT_EQ(CutMiddle("abcdefghij", 7), "abc…hij");
  EXPECT_EQ(CutMiddle("abcdefghij", 6), "abc…ij");
  EXPECT_EQ(CutMiddle("abcdef", 1), "…");
  EXPECT_EQ(CutEnd("研究室", 4), "研…");
  for (size_t width = 1; width < 12; ++width) {
    EXPECT_LE(Width(CutMiddle("a研究室b研究室", width)), width);
    EXPECT_LE(Width(CutEnd("a研究室b研究室", width)), width);
  }
}

TEST(Text, PaddingCountsColumns) {
  EXPECT_EQ(PadRight("研", 4), "研  ");
  EXPECT_EQ(PadLeft("7", 3), "  7");
  EXPECT_EQ(PadLeft("1234", 3), "1234");
}

}  // namespace
}  // namespace smcpctl
