// A Computer that moves from one office to another (SMCP-PROTOCOL.md 2.1, 4.3), and what a
// disconnect in the middle leaves behind: nothing.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/smcp/support/world.h"

namespace smcp::test {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class Switch : public testing::TestWithParam<uint16_t> {
 protected:
  World world_{GetParam()};
};
INSTANTIATE_TEST_SUITE_P(OnOneAndThreeShards, Switch, testing::Values(1, 3));

TEST_P(Switch, LeavesTheOldOfficeAndEntersTheNewOne) {
  Client& a1 = world_.Connect();
  Client& a2 = world_.Connect();
  Client& computer = world_.Connect();
  a1.Join("agent", "a1", "o1");
  a2.Join("agent", "a2", "o2");
  computer.Join("computer", "pc", "o1");
  world_.Run();
  a1.Take();
  computer.Join("computer", "pc", "o2", "1");
  world_.Run();
  EXPECT_THAT(computer.Take(), ElementsAre("31[true,null]"));
  EXPECT_THAT(a1.Take(),
              ElementsAre(R"(2["notify:leave_office",{"office_id":"o1","computer":"pc"}])"));
  EXPECT_THAT(a2.Take(),
              ElementsAre(R"(2["notify:enter_office",{"office_id":"o2","computer":"pc"}])"));
  a1.Emit("client:get_tools", R"({"agent":"a","req_id":"r","computer":"pc"})", "1");
  a2.Emit("client:get_tools", R"({"agent":"a","req_id":"r","computer":"pc"})", "1");
  world_.Run();
  EXPECT_THAT(a1.Take(), ElementsAre(testing::HasSubstr("404")));
  EXPECT_EQ(computer.Take().size(), 1u);
}

TEST_P(Switch, TakesANewNameOnTheWay) {
  Client& a2 = world_.Connect();
  Client& computer = world_.Connect();
  a2.Join("agent", "a2", "o2");
  computer.Join("computer", "pc", "o1");
  computer.Join("computer", "renamed", "o2", "1");
  world_.Run();
  EXPECT_THAT(computer.Take(), ElementsAre("31[true,null]"));
  EXPECT_THAT(a2.Take(), ElementsAre(testing::HasSubstr("\"computer\":\"renamed\"")));
}

TEST_P(Switch, RefusedLeavesEverythingAsItWas) {
  Client& a1 = world_.Connect();
  Client& computer = world_.Connect();
  Client& holder = world_.Connect();
  a1.Join("agent", "a1", "o1");
  computer.Join("computer", "pc", "o1");
  holder.Join("computer", "pc", "o2");
  world_.Run();
  a1.Take();
  computer.Join("computer", "pc", "o2", "1");
  world_.Run();
  EXPECT_THAT(computer.Take(), ElementsAre("31[false,\"Computer with name 'pc' already exists in "
                                           "room 'o2'\"]"));
  EXPECT_THAT(a1.Take(), IsEmpty());
  a1.Emit("client:get_tools", R"({"agent":"a","req_id":"r","computer":"pc"})", "1");
  world_.Run();
  EXPECT_EQ(computer.Take().size(), 1u);
}

TEST_P(Switch, BackAndForthInOneBreathEndsWhereTheLastJoinSaid) {
  Client& agent = world_.Connect();
  Client& computer = world_.Connect();
  agent.Join("agent", "a1", "o1");
  computer.Join("computer", "pc", "o1", "1");
  computer.Join("computer", "pc", "o2", "2");
  computer.Join("computer", "pc", "o1", "3");
  computer.Leave("o1", "4");
  computer.Join("computer", "pc", "o2", "5");
  world_.Run();
  EXPECT_THAT(computer.Take(), ElementsAre("31[true,null]", "32[true,null]", "33[true,null]",
                                           "34[true,null]", "35[true,null]"));
  const std::string enter = R"(2["notify:enter_office",{"office_id":"o1","computer":"pc"}])";
  const std::string leave = R"(2["notify:leave_office",{"office_id":"o1","computer":"pc"}])";
  EXPECT_THAT(agent.Take(), ElementsAre(enter, leave, enter, leave));
  EXPECT_EQ(world_.Seats(), 2u);
}

// Cuts the connection after every possible number of steps, in several orders of steps.
TEST_P(Switch, DisconnectAtAnyMomentLeavesNothingBehind) {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    for (int steps = 0; steps < 24; ++steps) {
      World world(GetParam());
      Client& a1 = world.Connect();
      Client& a2 = world.Connect();
      Client& computer = world.Connect();
      a1.Join("agent", "a1", "o1");
      a2.Join("agent", "a2", "o2");
      computer.Join("computer", "pc", "o1");
      world.Run();
      computer.Join("computer", "pc", "o2");
      SeededRandom random(seed);
      for (int i = 0; i < steps; ++i) world.scheduler.StepRandom(random);
      computer.Disconnect();
      while (world.scheduler.StepRandom(random)) {
      }
      EXPECT_EQ(world.Seats(), 2u) << "seed " << seed << ", cut after " << steps;
      EXPECT_EQ(world.Count().branch_members, 2u);
      EXPECT_EQ(world.Count().roster_entries, 0u);
      EXPECT_EQ(a1.Take().back(), R"(2["notify:leave_office",{"office_id":"o1","computer":"pc"}])");
      const std::vector<std::string> heard = a2.Take();
      EXPECT_TRUE(heard.empty() || heard.size() == 2u) << "an enter and its leave, or neither";
    }
  }
}

}  // namespace
}  // namespace smcp::test
