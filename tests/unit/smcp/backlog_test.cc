// An Agent that reads more slowly than its Computers answer: they are not read meanwhile.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/smcp/support/world.h"

namespace smcp::test {
namespace {

using testing::ElementsAre;

constexpr std::string_view kTools = R"({"agent":"bot","req_id":"r1","computer":"pc"})";

class Backlog : public testing::TestWithParam<uint16_t> {
 protected:
  void SetUp() override {
    agent_.Join("agent", "bot", "o1");
    world_.Run();
    computer_.Join("computer", "pc", "o1");
    other_.Join("computer", "other", "o1");
    world_.Run();
    for (Client* client : {&agent_, &computer_, &other_}) client->Take();
  }
  void AnswerOne() {
    agent_.Emit("client:get_tools", kTools, "1");
    world_.Run();
    computer_.Answer(answered_++, "[1]");
    world_.Run();
  }
  World world_{GetParam()};
  Client& agent_ = world_.Connect();
  Client& computer_ = world_.Connect();
  Client& other_ = world_.Connect();
  uint32_t answered_ = 0;
};
INSTANTIATE_TEST_SUITE_P(OnOneAndThreeShards, Backlog, testing::Values(1, 3));

TEST_P(Backlog, ComputerThatAnswersIsNotReadUntilTheAgentHasReadEnough) {
  AnswerOne();
  EXPECT_EQ(computer_.egress.paused, 0);
  agent_.egress.backlog = 1000;
  AnswerOne();
  EXPECT_EQ(agent_.Take().size(), 2u);
  AnswerOne();  // had been read already: it waits, and its call is still in flight
  AnswerOne();
  EXPECT_EQ(agent_.Take().size(), 0u);
  EXPECT_EQ(world_.Count().calls_in_flight, 2u);
  EXPECT_EQ(computer_.egress.paused, 1);
  EXPECT_EQ(other_.egress.paused, 0);
  world_.Pass(Millis(100));
  EXPECT_EQ(computer_.egress.paused, 1);
  agent_.egress.backlog = 0;
  world_.Pass(Millis(20));
  EXPECT_EQ(computer_.egress.paused, 0);
  EXPECT_EQ(world_.TimersArmed(), 0u);
  EXPECT_THAT(agent_.Take(), ElementsAre("31[1]", "31[1]"));
  EXPECT_EQ(world_.Count().calls_in_flight, 0u);
  // And again.
  agent_.egress.backlog = 1;
  AnswerOne();
  EXPECT_EQ(computer_.egress.paused, 1);
}

TEST_P(Backlog, GoesOnAsLongAsTheAgentReadsAndNotMuchLonger) {
  agent_.egress.backlog = 100'000;
  AnswerOne();
  for (int second = 0; second < 60; ++second) {
    agent_.egress.backlog -= 100;
    world_.Pass(Millis(1000));
  }
  EXPECT_EQ(computer_.egress.paused, 1);
  world_.Pass(Millis(9'000));
  EXPECT_EQ(computer_.egress.paused, 1);
  AnswerOne();
  agent_.Take();
  world_.Pass(Millis(1'100));
  EXPECT_EQ(computer_.egress.paused, 0);
  EXPECT_EQ(agent_.Take().size(), 1u);  // the limit of its outbox decides from here on
  AnswerOne();                          // not held again before it has caught up
  EXPECT_EQ(agent_.Take().size(), 1u);
  EXPECT_EQ(computer_.egress.paused, 0);
  agent_.egress.backlog = 0;
  world_.Pass(Millis(20));
  agent_.egress.backlog = 5;
  AnswerOne();
  EXPECT_EQ(computer_.egress.paused, 1);
}

TEST_P(Backlog, EndsWithTheAgent) {
  agent_.egress.backlog = 1000;
  AnswerOne();
  AnswerOne();
  agent_.Disconnect();
  world_.Run();
  EXPECT_EQ(computer_.egress.paused, 0);
  EXPECT_EQ(world_.Count().calls_in_flight, 0u);
  EXPECT_EQ(world_.TimersArmed(), 0u);
}

TEST_P(Backlog, LeavesTheSessionOfAComputerThatGoesAsItWas) {
  agent_.egress.backlog = 1000;
  AnswerOne();
  computer_.Disconnect();
  EXPECT_EQ(computer_.egress.paused, 0);
  agent_.egress.backlog = 0;
  world_.Pass(Millis(20));
  EXPECT_EQ(computer_.egress.paused, 0);
  EXPECT_EQ(world_.TimersArmed(), 0u);
}

TEST_P(Backlog, MemberThatGoesWhileItsJoinIsDecidedIsReadAgain) {
  other_.Join("computer", "other", "o2");
  EXPECT_EQ(other_.egress.paused, 1);
  other_.Disconnect();
  world_.Run();
  EXPECT_EQ(other_.egress.paused, 0);
}

}  // namespace
}  // namespace smcp::test
