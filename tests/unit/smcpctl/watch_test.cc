#include "clients/smcpctl/watch.h"

#include <gtest/gtest.h>

#include "smcp/control/v1/session_service.pb.h"

namespace smcpctl {
namespace {

namespace v1 = smcp::control::v1;
using google::protobuf::Message;
using smcp::type::v1::Session;

WatchedSet NewSet() {
  return {[](const Message& m) { return static_cast<const Session&>(m).sid(); },
          [](const Message& m) { return static_cast<const v1::RemovedSession&>(m).sid(); }};
}

TEST(WatchedSet, FollowsChanges) {
  WatchedSet set = NewSet();
  v1::SessionChange change;
  change.mutable_added()->set_sid("a");
  EXPECT_TRUE(set.Apply(change));
  change.mutable_added()->set_sid("b");
  EXPECT_TRUE(set.Apply(change));
  change.mutable_modified()->set_sid("a");
  change.mutable_modified()->set_name("new");
  EXPECT_TRUE(set.Apply(change));
  EXPECT_EQ(set.last_key(), "a");
  ASSERT_EQ(set.rows().size(), 2U);
  EXPECT_EQ(static_cast<const Session&>(*set.rows().at("a")).name(), "new");
  change.mutable_removed()->set_sid("a");
  EXPECT_TRUE(set.Apply(change));
  EXPECT_EQ(set.rows().size(), 1U);
}

TEST(WatchedSet, AResetForgetsAndABookmarkIsKept) {
  WatchedSet set = NewSet();
  v1::SessionChange change;
  change.mutable_added()->set_sid("a");
  set.Apply(change);
  change.mutable_bookmark()->set_resume_token("t7");
  EXPECT_FALSE(set.Apply(change));
  EXPECT_EQ(set.resume_token(), "t7");
  change.mutable_reset()->set_cause("slow");
  EXPECT_FALSE(set.Apply(change));
  EXPECT_TRUE(set.rows().empty());
  EXPECT_FALSE(set.Apply(v1::SessionChange()));
}

}  // namespace
}  // namespace smcpctl
