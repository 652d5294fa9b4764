// Leaving and disconnecting: SMCP-PROTOCOL.md 2.2, 4.4.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/smcp/support/world.h"

namespace smcp::test {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class Leave : public testing::TestWithParam<uint16_t> {
 protected:
  // An Agent and a Computer in o1 that have heard all there was.
  void SetUp() override {
    agent_.Join("agent", "bot", "o1");
    computer_.Join("computer", "pc", "o1");
    world_.Run();
    agent_.Take();
  }
  World world_{GetParam()};
  Client& agent_ = world_.Connect();
  Client& computer_ = world_.Connect();
  const std::string left_ = R"(2["notify:leave_office",{"office_id":"o1","computer":"pc"}])";
};
INSTANTIATE_TEST_SUITE_P(OnOneAndThreeShards, Leave, testing::Values(1, 3));

TEST_P(Leave, IsAckedAndToldToTheOthers) {
  computer_.Leave("o1", "1");
  world_.Run();
  EXPECT_THAT(computer_.Take(), ElementsAre("31[true,null]"));
  EXPECT_THAT(agent_.Take(), ElementsAre(left_));
}

TEST_P(Leave, OfGeneration5IsAckedEmpty) {
  Client& flat = world_.Connect(Generation::kG5);
  flat.Join("computer", "c", "o5");
  flat.Leave("o5", "1");
  flat.Leave("o5", "2");
  flat.Emit("server:leave_office", "{}", "3");
  world_.Run();
  EXPECT_THAT(flat.Take(),
              ElementsAre("31[]", "32[]", R"(33[{"code":400,"message":"Invalid request"}])"));
}

TEST_P(Leave, IgnoresTheOfficeInThePayload) {
  Client& other = world_.Connect();
  other.Join("computer", "x", "o2");
  world_.Run();
  computer_.Leave("o2", "1");
  world_.Run();
  EXPECT_THAT(computer_.Take(), ElementsAre("31[true,null]"));
  EXPECT_THAT(agent_.Take(), ElementsAre(left_));
  EXPECT_THAT(other.Take(), IsEmpty());
}

TEST_P(Leave, TwiceOrWithoutJoinSucceedsSilently) {
  Client& idle = world_.Connect();
  computer_.Leave("o1");
  computer_.Leave("o1", "2");
  idle.Leave("o1", "3");
  world_.Run();
  EXPECT_THAT(computer_.Take(), ElementsAre("32[true,null]"));
  EXPECT_THAT(idle.Take(), ElementsAre("33[true,null]"));
  EXPECT_THAT(agent_.Take(), ElementsAre(left_));
}

TEST_P(Leave, WithoutOfficeIdIsRefusedAndKeepsTheMembership) {
  computer_.Emit("server:leave_office", "{}", "1");
  computer_.Emit("server:leave_office", R"({"office_id":null})", "2");
  world_.Run();
  EXPECT_THAT(computer_.Take(),
              ElementsAre(R"(31[false,"Invalid request"])", R"(32[false,"Invalid request"])"));
  EXPECT_THAT(agent_.Take(), IsEmpty());
  EXPECT_EQ(world_.Count().members, 2u);
}

TEST_P(Leave, DisconnectIsToldOnce) {
  computer_.Disconnect();
  world_.Run();
  EXPECT_THAT(agent_.Take(), ElementsAre(left_));
  EXPECT_EQ(world_.Count().connections, 1u);
  EXPECT_EQ(world_.Seats(), 1u);
}

TEST_P(Leave, DisconnectAfterARefusedJoinIsToldToNobody) {
  Client& refused = world_.Connect();
  refused.Join("agent", "second", "o1");
  world_.Run();
  refused.Disconnect();
  world_.Run();
  EXPECT_THAT(agent_.Take(), IsEmpty());
  EXPECT_THAT(computer_.Take(), IsEmpty());
}

TEST_P(Leave, SuccessorOfANameEntersAfterThePredecessorLeft) {
  Client& next = world_.Connect();
  computer_.Disconnect();
  world_.Run();
  next.Join("computer", "pc", "o1", "1");
  world_.Run();
  EXPECT_THAT(agent_.Take(),
              ElementsAre(left_, R"(2["notify:enter_office",{"office_id":"o1","computer":"pc"}])"));
}

TEST_P(Leave, OfTheAgentMakesRoomForAnother) {
  Client& next = world_.Connect();
  agent_.Leave("o1");
  world_.Run();
  next.Join("agent", "bot2", "o1", "1");
  next.Emit("client:get_tools", R"({"agent":"b","req_id":"r","computer":"pc"})", "2");
  world_.Run();
  EXPECT_THAT(next.Take(), ElementsAre("31[true,null]"));
  EXPECT_THAT(
      computer_.Take(),
      testing::UnorderedElementsAre(
          testing::HasSubstr("notify:leave_office"), testing::HasSubstr("notify:enter_office"),
          R"(20["client:get_tools",{"agent":"b","req_id":"r","computer":"pc"}])"));
}

TEST_P(Leave, TenThousandCyclesLeaveEveryTableEmpty) {
  computer_.Disconnect();
  agent_.Disconnect();
  for (int i = 0; i < 5000; ++i) {
    Client& c = world_.Connect();
    c.Join("computer", "pc" + std::to_string(i % 3), "o" + std::to_string(i % 7));
    if (i % 2 == 0) c.Leave("x");
    c.Disconnect();
    if (i % 50 == 0) world_.Run();
  }
  world_.Run();
  const RouterCounts counts = world_.Count();
  EXPECT_EQ(counts.connections, 0u);
  EXPECT_EQ(counts.offices, 0u);
  EXPECT_EQ(counts.branches, 0u);
  EXPECT_EQ(world_.Seats(), 0u);
}

}  // namespace
}  // namespace smcp::test
