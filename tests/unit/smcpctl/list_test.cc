#include "clients/smcpctl/list.h"

#include <gtest/gtest.h>

#include "smcp/control/v1/session_service.pb.h"

namespace smcpctl {
namespace {

const std::vector<Column> kColumns{{"NAME"}, {"REQ-ID"}};

TEST(List, SortNamesAColumn) {
  EXPECT_EQ(ParseSort("name", kColumns)->column, 0U);
  EXPECT_FALSE(ParseSort("name", kColumns)->descending);
  EXPECT_EQ(ParseSort("-req_id", kColumns)->column, 1U);
  EXPECT_TRUE(ParseSort("-req-id", kColumns)->descending);
  const auto none = ParseSort("nam", kColumns);
  EXPECT_EQ(ExitOf(none.status()), Exit::kUsage);
  EXPECT_NE(std::string(none.status().message()).find("NAME, REQ-ID"), std::string::npos);
}

TEST(List, AnAnswerWithoutAllNodesIsNotComplete) {
  smcp::control::v1::ListSessionsResponse response;
  EXPECT_TRUE(IsComplete(response));
  response.mutable_coverage()->set_complete(false);
  EXPECT_FALSE(IsComplete(response));
}

TEST(List, ReorderPicksAndDrops) {
  smcp::control::v1::ListSessionsResponse response;
  for (const char* sid : {"a", "b", "c"}) response.add_sessions()->set_sid(sid);
  Reorder({2, 0}, response.mutable_sessions());
  ASSERT_EQ(response.sessions_size(), 2);
  EXPECT_EQ(response.sessions(0).sid() + response.sessions(1).sid(), "ca");
}

}  // namespace
}  // namespace smcpctl
