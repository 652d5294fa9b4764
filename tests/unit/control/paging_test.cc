#include <gtest/gtest.h>

#include <set>

#include "control/errors.h"
#include "control/order.h"
#include "control/schemas.h"
#include "control/tokens.h"

namespace smcp::control {
namespace {

TEST(Tokens, OpenWhatTheySealed) {
  const Tokens tokens;
  const std::string token = tokens.Seal("list a", "place 7");
  EXPECT_EQ(tokens.Open("list a", token), "place 7");
  EXPECT_EQ(tokens.Open("list b", token), std::nullopt);
  EXPECT_EQ(Tokens().Open("list a", token), std::nullopt) << "another process";
}

TEST(Tokens, OneBitIsTooMuch) {
  const Tokens tokens;
  const std::string token = tokens.Seal("b", "place");
  for (size_t i = 0; i < token.size(); ++i) {
    std::string changed = token;
    changed[i] = changed[i] == 'A' ? 'B' : 'A';
    EXPECT_EQ(tokens.Open("b", changed), std::nullopt) << i;
  }
  for (const char* text : {"", "!", "AAAA", "not base64 at all"}) {
    EXPECT_EQ(tokens.Open("b", text), std::nullopt);
  }
}

TEST(Tokens, BindingsOfListsAreUnambiguous) {
  EXPECT_NE(BindingOf({"a", "b"}), BindingOf({"ab", ""}));
  EXPECT_NE(BindingOf({"a:1", ""}), BindingOf({"a", ":1"}));
}

OfficeInfo Office(const std::string& id, uint32_t computers) {
  OfficeInfo office;
  office.office_id.value = id;
  office.computers = computers;
  return office;
}

// All pages of two rows, in order.
std::vector<std::string> Pages(const std::vector<OfficeInfo>& rows, const std::string& order_by) {
  const auto order = Order<OfficeInfo>::Parse(order_by, OfficeSchema());
  EXPECT_TRUE(order.ok()) << order.status();
  std::vector<std::string> ids;
  Position last;
  bool more = true;
  for (bool first = true; more; first = false) {
    TopRows<OfficeInfo, OfficeInfo> top(*order, 2, first ? nullptr : &last);
    for (const OfficeInfo& row : rows) top.Offer(row, row.office_id.value, OfficeInfo(row));
    auto page = top.Take();
    for (const OfficeInfo& row : page.rows) ids.push_back(row.office_id.value);
    more = page.more;
    EXPECT_TRUE(ParsePosition(SerializePosition(page.last), last));
  }
  return ids;
}

TEST(Order, PagesAreSortedAndComplete) {
  const std::vector<OfficeInfo> rows = {Office("c", 5), Office("a", 5), Office("d", 1),
                                        Office("b", 9), Office("e", 5)};
  using Ids = std::vector<std::string>;
  EXPECT_EQ(Pages(rows, "computer_count"), (Ids{"d", "a", "c", "e", "b"}));
  EXPECT_EQ(Pages(rows, "computer_count desc"), (Ids{"b", "a", "c", "e", "d"}));
  EXPECT_EQ(Pages(rows, "computer_count desc, office_id desc"), (Ids{"b", "e", "c", "a", "d"}));
  EXPECT_EQ(Pages(rows, "office_id desc"), (Ids{"e", "d", "c", "b", "a"}));
}

TEST(Order, RowsThatStayComeOnceWhileOthersComeAndGo) {
  const auto order = Order<OfficeInfo>::Parse("computer_count", OfficeSchema());
  ASSERT_TRUE(order.ok());
  std::vector<OfficeInfo> rows;
  for (uint32_t i = 0; i < 60; ++i) rows.push_back(Office("stays" + std::to_string(i), i % 7));
  std::multiset<std::string> seen;
  Position last;
  bool more = true;
  for (uint32_t page_number = 0; more; ++page_number) {
    rows.push_back(Office("comes" + std::to_string(page_number), page_number % 7));
    if (page_number > 3)
      std::erase_if(rows, [&](const OfficeInfo& row) {
        return row.office_id.value == "comes" + std::to_string(page_number - 3);
      });
    TopRows<OfficeInfo, OfficeInfo> top(*order, 7, page_number == 0 ? nullptr : &last);
    for (const OfficeInfo& row : rows) top.Offer(row, row.office_id.value, OfficeInfo(row));
    auto page = top.Take();
    for (const OfficeInfo& row : page.rows) seen.insert(row.office_id.value);
    more = page.more;
    last = page.last;
  }
  for (int i = 0; i < 60; ++i) EXPECT_EQ(seen.count("stays" + std::to_string(i)), 1U) << i;
  for (const std::string& id : seen) EXPECT_EQ(seen.count(id), 1U) << id;
}

TEST(Order, ErrorsNameTheFields) {
  for (const char* text :
       {"nothing", "office_id up", "office_id,", "labels", ",", "office_id asc x"}) {
    const auto order = Order<OfficeInfo>::Parse(text, OfficeSchema());
    ASSERT_FALSE(order.ok()) << text;
    EXPECT_EQ(ReasonOf(order.status()), v1::ORDER_INVALID);
  }
  const auto order = Order<OfficeInfo>::Parse("nothing", OfficeSchema());
  EXPECT_NE(order.status().message().find("computer_count"), absl::string_view::npos);
}

TEST(Order, BrokenPositionsAreNone) {
  Position position;
  EXPECT_FALSE(ParsePosition("", position));
  EXPECT_FALSE(ParsePosition("abc", position));
  EXPECT_FALSE(ParsePosition(std::string("\x02\0\0\0a", 5), position));
}

}  // namespace
}  // namespace smcp::control
