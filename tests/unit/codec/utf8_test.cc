#include "gateway/codec/utf8.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace smcp {
namespace {

TEST(Utf8, TakesEveryLengthOfSequence) {
  for (const std::string_view text :
       {"", "a", "\x7f", "\xc2\x80", "\xdf\xbf", "\xe0\xa0\x80", "\xed\x9f\xbf", "\xee\x80\x80",
        "\xef\xbf\xbf", "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf"}) {
    EXPECT_TRUE(IsUtf8(text)) << text;
  }
  EXPECT_TRUE(IsUtf8(std::string_view("\0", 1)));
}

TEST(Utf8, RefusesWhatIsNotUtf8WhereverItStands) {
  for (const std::string_view bad :
       {"\x80", "\xbf", "\xc0\x80", "\xc1\xbf", "\xc3", "\xe0\x9f\xbf", "\xe2\x82", "\xed\xa0\x80",
        "\xed\xbf\xbf", "\xf0\x8f\xbf\xbf", "\xf0\x9f\x98", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80",
        "\xfe", "\xff"}) {
    for (const size_t before : {0u, 1u, 31u, 62u, 63u, 64u, 1000u}) {
      EXPECT_FALSE(IsUtf8(std::string(before, 'a') + std::string(bad)));
      EXPECT_FALSE(IsUtf8(std::string(before, 'a') + std::string(bad) + "tail"));
    }
  }
}

}  // namespace
}  // namespace smcp
