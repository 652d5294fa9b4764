// The two tables that decide what may be sent and what is said no with.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "gateway/codec/json_index.h"
#include "gateway/smcp/events.h"
#include "gateway/smcp/news.h"
#include "gateway/smcp/wire_error.h"

namespace smcp::test {
namespace {

constexpr Refusal kLast = Refusal::kAgentElsewhere;

TEST(WireError, EveryRefusalIsValidJsonInEveryShapeWhateverTheFactsHold) {
  const VersionPolicy versions;
  const RefusalFacts facts{.computer = "a\"b\\\n",
                           .office_id = "\x01\"",
                           .name = "\\",
                           .role = Role::kComputer,
                           .session_role = Role::kAgent,
                           .client_version = "0.1.0",
                           .versions = &versions};
  json::Index index;
  for (int i = 1; i <= static_cast<int>(kLast); ++i) {
    const auto refusal = static_cast<Refusal>(i);
    EXPECT_GE(RefusalCode(refusal), 400);
    for (const Generation generation : {Generation::kG1, Generation::kG2, Generation::kG5}) {
      for (const std::string& text : {CallRefusal(refusal, generation, true, facts),
                                      CallRefusal(refusal, generation, false, facts),
                                      MembershipRefusal(refusal, generation, facts)}) {
        EXPECT_EQ(index.Build(text, 8), json::Error::kNone) << text;
      }
    }
  }
}

TEST(WireError, ReservedCodesAreNeverSent) {
  std::set<int> codes;
  for (int i = 1; i <= static_cast<int>(kLast); ++i) {
    codes.insert(RefusalCode(static_cast<Refusal>(i)));
  }
  EXPECT_THAT(codes, testing::ElementsAre(400, 403, 404, 408, 500, 4008, 4101, 4103, 4104, 4106));
}

TEST(WireError, ShapeOfAToolCallRefusalDependsOnTheGeneration) {
  EXPECT_EQ(CallRefusal(Refusal::kTimedOut, Generation::kG1, true, {}),
            R"([{"content":[{"type":"text","text":"Request timed out"}],"isError":true}])");
  EXPECT_EQ(CallRefusal(Refusal::kTimedOut, Generation::kG2, true, {}),
            R"([{"code":408,"message":"Request timed out"}])");
  EXPECT_EQ(CallRefusal(Refusal::kTimedOut, Generation::kG1, false, {}),
            R"([{"code":408,"message":"Request timed out"}])");
}

TEST(Events, AreFoundByTheirExactNameInTheirGeneration) {
  for (const EventRow& row : AllEvents()) {
    EXPECT_EQ(FindEvent(row.name, Generation::kG5), &row);
    EXPECT_EQ(FindEvent(row.name, row.since), &row);
    EXPECT_EQ(FindEvent(std::string(row.name) + "x", Generation::kG5), nullptr);
  }
  EXPECT_EQ(FindEvent("client:put_blob", Generation::kG3), nullptr);
  EXPECT_EQ(FindEvent("server:update_skills", Generation::kG1), nullptr);
  EXPECT_EQ(FindEvent("server_join_office", Generation::kG5), nullptr);
  EXPECT_EQ(FindEvent("notify:enter_office", Generation::kG5), nullptr);
  EXPECT_EQ(FindEvent("client:get_dpe", Generation::kG5), nullptr);
  // What lets further names through is no name itself.
  EXPECT_EQ(FindEvent(PassthroughEvent().name, Generation::kG5), nullptr);
}

TEST(NewsPackets, HaveTheKeysOfTheProtocol) {
  EXPECT_EQ(EnterNews("o", Role::kAgent, "n").view(),
            R"(["notify:enter_office",{"office_id":"o","agent":"n"}])");
  EXPECT_EQ(LeaveNews("o\"", Role::kComputer, "n").view(),
            R"(["notify:leave_office",{"office_id":"o\"","computer":"n"}])");
  EXPECT_EQ(UpdateNews("notify:update_config", "c").view(),
            R"(["notify:update_config",{"computer":"c"}])");
  EXPECT_EQ(CancelNews("notify:tool_call_cancel", "a", "\"r\"").view(),
            R"(["notify:tool_call_cancel",{"agent":"a","req_id":"r"}])");
}

}  // namespace
}  // namespace smcp::test
