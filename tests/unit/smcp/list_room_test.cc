// server:list_room: SMCP-PROTOCOL.md 2.3; DECISIONS 22.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/smcp/support/world.h"

namespace smcp::test {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class ListRoom : public testing::TestWithParam<uint16_t> {
 protected:
  World world_{GetParam()};
};
INSTANTIATE_TEST_SUITE_P(OnOneAndThreeShards, ListRoom, testing::Values(1, 3));

std::string Request(std::string_view office, std::string_view req_id = "\"r0\"") {
  return R"({"agent":"bot","req_id":)" + std::string(req_id) + R"(,"office_id":)" + Quote(office) +
         "}";
}

TEST_P(ListRoom, RightAfterAJoinWithoutAckHoldsTheCaller) {
  Client& agent = world_.Connect();
  agent.Join("agent", "bot", "o1");
  agent.Emit("server:list_room", Request("o1"), "1");
  world_.Run();
  EXPECT_THAT(agent.Take(), ElementsAre("31[{\"sessions\":[{\"sid\":\"" + agent.sid +
                                        "\",\"name\":\"bot\",\"role\":\"agent\",\"office_id\":"
                                        "\"o1\"}],\"req_id\":\"r0\"}]"));
}

TEST_P(ListRoom, IsInJoinOrderWithDeclaredVersionsOnly) {
  Client& computer = world_.Connect(Generation::kG1, "0.1.3");
  Client& agent = world_.Connect();
  computer.Join("computer", "p\"c", "o1");
  world_.Run();
  agent.Join("agent", "bot", "o1");
  world_.Run();
  computer.Emit("server:list_room", Request("o1", R"("\u0041\/")"), "1");
  world_.Run();
  const std::vector<std::string> got = computer.Take();
  EXPECT_EQ(got.back(), "31[{\"sessions\":[{\"sid\":\"" + computer.sid +
                            R"(","name":"p\"c","role":"computer","office_id":"o1",)" +
                            R"("a2c_version":"0.1.3"},{"sid":")" + agent.sid +
                            R"(","name":"bot","role":"agent","office_id":"o1"}],)" +
                            R"("req_id":"\u0041\/"}])");
}

TEST_P(ListRoom, OfAnotherOfficeIsDeniedAlikeWhetherItExistsOrNot) {
  Client& agent = world_.Connect();
  Client& other = world_.Connect();
  agent.Join("agent", "bot", "o1");
  other.Join("computer", "pc", "o2");
  world_.Run();
  agent.Emit("server:list_room", Request("o2"), "1");
  agent.Emit("server:list_room", Request("o3"), "2");
  world_.Run();
  EXPECT_THAT(agent.Take(), ElementsAre(R"(31[{"code":4104,"message":"Cross-room access denied",)"
                                        R"("details":{"office_id":"o2"}}])",
                                        R"(32[{"code":4104,"message":"Cross-room access denied",)"
                                        R"("details":{"office_id":"o3"}}])"));
  EXPECT_THAT(world_.log->Take(), testing::Contains("cross-office bot o1 o2"));
}

TEST_P(ListRoom, WithoutOfficeOrWithBadPayloadIsRefused) {
  Client& lost = world_.Connect();
  lost.Emit("server:list_room", Request("o1"), "1");
  lost.Emit("server:list_room", R"({"req_id":"r","office_id":"o1"})", "2");
  lost.Emit("server:list_room", Request("o1"));
  world_.Run();
  EXPECT_THAT(lost.Take(), ElementsAre(R"(31[{"code":4103,"message":"Not in any room"}])",
                                       R"(32[{"code":400,"message":"Invalid request"}])"));
}

}  // namespace
}  // namespace smcp::test
