#include "gateway/smcp/member.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

#include "gateway/smcp/auth.h"
#include "gateway/smcp/pending_calls.h"
#include "gateway/smcp/roster.h"
#include "tests/unit/smcp/support/fake_egress.h"

namespace smcp {
namespace {

TEST(Members, FindOnlyWhoStillHasTheSlotHeWasGiven) {
  test::FakeEgress egress;
  Members members(3);
  Member& first = members.Add();
  first.egress = &egress;
  const MemberRef ref = first.ref;
  EXPECT_EQ(ref.shard, 3);
  EXPECT_EQ(members.Find(ref), &first);
  members.Take(first);
  EXPECT_EQ(members.Find(ref), nullptr);
  Member& second = members.Add();
  EXPECT_EQ(second.ref.slot, ref.slot) << "the slot is used again";
  EXPECT_NE(second.ref.generation, ref.generation);
  EXPECT_EQ(members.Find(ref), nullptr);
}

TEST(Members, ARefToOneOfACrowdThatHasGoneFindsNobody) {
  Members members(0);
  std::vector<MemberRef> crowd;
  for (int i = 0; i < 1000; ++i) crowd.push_back(members.Add().ref);
  for (const MemberRef ref : crowd) members.Take(*members.Find(ref));
  EXPECT_EQ(members.size(), 0u);
  for (int i = 0; i < 1000; ++i) members.Add();
  for (const MemberRef ref : crowd) EXPECT_EQ(members.Find(ref), nullptr);
}

TEST(Members, StayWhereTheyAreWhileOthersCome) {
  test::FakeEgress egress;
  Members members(0);
  Member* first = &members.Add();
  first->egress = &egress;
  for (int i = 0; i < 1000; ++i) members.Add();
  EXPECT_EQ(members.Find(first->ref), first);
  EXPECT_EQ(members.size(), 1001u);
}

TEST(Roster, FindsComputersByNameAndNothingElse) {
  const MemberRef one{1, 1, 0};
  const MemberRef two{2, 1, 1};
  Roster roster;
  roster.Set("old", one);
  roster.Reset({{"a", one}, {"b", two}});
  EXPECT_FALSE(roster.Find("old"));
  EXPECT_EQ(roster.Find("a"), one);
  roster.Set("a", two);
  EXPECT_EQ(roster.Find("a"), two);
  roster.Erase("a");
  EXPECT_FALSE(roster.Find("a"));
  EXPECT_EQ(roster.size(), 1u);
}

TEST(PendingCalls, GiveEachCallToTheFirstWhoTakesIt) {
  PendingCalls calls;
  PendingCalls::Entry entry;
  entry.origin = {MemberRef{1, 1, 0}, AckDigits("12"), true};
  calls.Add(7, std::move(entry));
  EXPECT_TRUE(calls.Has(7));
  EXPECT_FALSE(calls.Take(8).has_value());
  const auto taken = calls.Take(7);
  ASSERT_TRUE(taken.has_value());
  EXPECT_EQ(taken->origin.ack_id.view(), "12");
  EXPECT_FALSE(calls.Take(7).has_value());
  EXPECT_EQ(calls.size(), 0u);
}

TEST(AckDigits, KeepTheDigitsAsTheyCame) {
  EXPECT_TRUE(AckDigits().empty());
  EXPECT_EQ(AckDigits("007").view(), "007");
  EXPECT_EQ(AckDigits("123456789012345").view(), "123456789012345");
}

TEST(AuthRequest, FindsTheFirstHeaderOfANameWhateverItsCase) {
  AuthRequest request;
  request.headers = {{"X-Api-Key", "one"}, {"x-api-key", "two"}};
  ASSERT_NE(request.Header("x-API-key"), nullptr);
  EXPECT_EQ(*request.Header("x-API-key"), "one");
  EXPECT_EQ(request.Header("authorization"), nullptr);
}

}  // namespace
}  // namespace smcp
