#include "gateway/codec/query_string.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <string_view>

namespace smcp {
namespace {

TEST(Target, IsSplitAtTheFirstQuestionMark) {
  const struct {
    std::string_view target;
    std::string_view path;
    std::string_view query;
  } rows[] = {
      {"/socket.io/?EIO=4&transport=polling", "/socket.io/", "EIO=4&transport=polling"},
      {"/socket.io/", "/socket.io/", ""},
      {"/socket.io?EIO=4", "/socket.io", "EIO=4"},
      {"/a?b?c", "/a", "b?c"},
      {"/a?", "/a", ""},
      {"?x=1", "", "x=1"},
      {"", "", ""},
      {"*", "*", ""},
      {"/%2e%2e/x", "/%2e%2e/x", ""},
      {"http://127.0.0.1:8000/socket.io/?EIO=4", "/socket.io/", "EIO=4"},
      {"http://host", "/", ""},
      {"http://host?x=1", "/", "x=1"},
      {"http://host/", "/", ""},
      {"/a?next=http://host/b", "/a", "next=http://host/b"},
      {"/a/http://host/b", "/a/http://host/b", ""},
      {"//host/path", "//host/path", ""},
  };
  for (const auto& row : rows) {
    const Target target = SplitTarget(row.target);
    EXPECT_EQ(target.path, row.path) << row.target;
    EXPECT_EQ(target.query, row.query) << row.target;
  }
}

TEST(QueryValue, FindsWhatClientsSend) {
  const std::string_view js = "EIO=4&transport=polling&t=i1uvkbo1&sid=gSQDGiQl-d2KxFh2AAAA";
  EXPECT_EQ(QueryValue(js, "EIO"), "4");
  EXPECT_EQ(QueryValue(js, "transport"), "polling");
  EXPECT_EQ(QueryValue(js, "sid"), "gSQDGiQl-d2KxFh2AAAA");
  EXPECT_EQ(QueryValue(js, "t"), "i1uvkbo1");
  EXPECT_EQ(QueryValue(js, "b64"), std::nullopt);
  const std::string_view python = "a2c_version=0.2.0&transport=polling&EIO=4&t=1763804000.52";
  EXPECT_EQ(QueryValue(python, "EIO"), "4");
  EXPECT_EQ(QueryValue(python, "a2c_version"), "0.2.0");
}

TEST(QueryValue, DecodesAndTakesTheFirst) {
  const struct {
    std::string_view query;
    std::optional<std::string_view> value;
  } rows[] = {
      {"", std::nullopt},
      {"k=1", "1"},
      {"k=1&k=2", "1"},
      {"k=&k=2", ""},
      {"k&k=2", ""},
      {"k", ""},
      {"x=1", std::nullopt},
      {"kk=1", std::nullopt},
      {"K=1", std::nullopt},
      {"=1", std::nullopt},
      {"&&k=1&&", "1"},
      {"x=k=2&k=3", "3"},
      {"k=a=b", "a=b"},
      {"k=a+b", "a b"},
      {"k=a%20b", "a b"},
      {"k=%2B", "+"},
      {"k=%c3%A9", "\xc3\xa9"},
      {"k=%26x%3D1", "&x=1"},
      {"%6b=1", "1"},
      {"%6B=1&k=2", "1"},
      {"k=%", "%"},
      {"k=%4", "%4"},
      {"k=%zz", "%zz"},
      {"k=%4g1", "%4g1"},
      {"k=%%41", "%A"},
      {"k=%2541", "%41"},
      {"k=100%", "100%"},
      {"k=1?x", "1?x"},
  };
  for (const auto& row : rows) {
    EXPECT_EQ(QueryValue(row.query, "k"), row.value) << row.query;
  }
}

TEST(QueryValue, KeepsZeroBytes) { EXPECT_EQ(QueryValue("k=a%00b", "k"), std::string("a\0b", 3)); }

TEST(QueryValue, FindsTheEmptyKeyOnlyWhereOneStands) {
  EXPECT_EQ(QueryValue("=1", ""), "1");
  EXPECT_EQ(QueryValue("&&", ""), std::nullopt);
}

}  // namespace
}  // namespace smcp
