// Events that arrive while a join or leave is being decided wait, in order (SMCP-PROTOCOL.md 4.6).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/smcp/support/world.h"

namespace smcp::test {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class Parking : public testing::TestWithParam<uint16_t> {
 protected:
  World world_{GetParam()};
};
INSTANTIATE_TEST_SUITE_P(OnOneAndThreeShards, Parking, testing::Values(1, 3));

TEST_P(Parking, PausesReadingUntilTheAnswerIsThere) {
  Client& agent = world_.Connect();
  agent.Join("agent", "bot", "o1");
  EXPECT_EQ(agent.egress.paused, 1);
  agent.Emit("x:anything", "{}", "1");
  EXPECT_EQ(world_.Count().parked_events, 1u);
  EXPECT_THAT(agent.Take(), IsEmpty());
  world_.Run();
  EXPECT_THAT(agent.Take(), ElementsAre("31[]"));
  EXPECT_EQ(agent.egress.paused, 0);
  EXPECT_EQ(world_.Count().parked_events, 0u);
}

TEST_P(Parking, ReplaysInOrderAndStopsAtTheNextDecision) {
  Client& agent = world_.Connect();
  Client& computer = world_.Connect();
  computer.Join("computer", "pc", "o1");
  world_.Run();
  agent.Join("agent", "bot", "o1", "1");
  agent.Emit("client:get_tools", R"({"agent":"b","req_id":"r","computer":"pc"})", "2", {"blob"});
  agent.Leave("o1", "3");
  agent.Emit("client:get_tools", R"({"agent":"b","req_id":"r","computer":"pc"})", "4");
  agent.Join("agent", "bot", "o1", "5");
  world_.Run();
  EXPECT_THAT(computer.Take(), testing::Contains(testing::EndsWith("+blob")));
  EXPECT_THAT(agent.Take(), ElementsAre("31[true,null]", "33[true,null]",
                                        testing::HasSubstr("34[{\"code\":4103"), "35[true,null]"));
}

TEST_P(Parking, AcksAreNeverParked) {
  Client& agent = world_.Connect();
  Client& computer = world_.Connect();
  agent.Join("agent", "bot", "o1");
  world_.Run();
  computer.Join("computer", "pc", "o1");
  world_.Run();
  agent.Emit("client:get_tools", R"({"agent":"b","req_id":"r","computer":"pc"})", "1");
  world_.Run();
  agent.Take();
  computer.Leave("o1");
  computer.Answer(0, "[1]");
  if (GetParam() == 1) {
    EXPECT_THAT(agent.Take(), ElementsAre("31[1]")) << "before the leave is through";
  }
  world_.Run();
  EXPECT_EQ(world_.Count().calls_pending, 0u);
}

TEST_P(Parking, FloodEndsTheSession) {
  World world({.shards = GetParam(), .options = {.parked_bytes_max = 4096}});
  Client& client = world.Connect();
  client.Join("agent", "bot", "o1");
  const std::string big = "\"" + std::string(3000, 'x') + "\"";
  client.Emit("x", big);
  EXPECT_FALSE(client.egress.disconnected);
  client.Emit("x", big);
  EXPECT_TRUE(client.egress.disconnected);
  client.Disconnect();
  world.Run();
  EXPECT_EQ(world.Count().connections, 0u);
  EXPECT_EQ(world.Seats(), 0u);
}

TEST_P(Parking, DisconnectDropsWhatWaited) {
  Client& agent = world_.Connect();
  agent.Join("agent", "bot", "o1");
  agent.Join("agent", "bot", "o2", "1");
  agent.Disconnect();
  world_.Run();
  EXPECT_THAT(agent.Take(), IsEmpty());
  EXPECT_EQ(world_.Seats(), 0u);
  EXPECT_EQ(world_.Count().offices, 0u);
}

}  // namespace
}  // namespace smcp::test
