// Calls and their answers: SMCP-PROTOCOL.md 2.6, 4.5, 5.1; DECISIONS 9, 12, 19, 23.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/smcp/support/world.h"

namespace smcp::test {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

constexpr std::string_view kTools = R"({"agent":"bot","req_id":"r1","computer":"pc"})";
constexpr std::string_view kTool =
    R"({"agent":"bot","req_id":"r1","computer":"pc","tool_name":"t","params":{},"timeout":30})";
const std::string kNotFound = R"([{"code":404,"message":"Computer with name 'pc' not found",)"
                              R"("details":{"computer_name":"pc"}}])";

class Call : public testing::TestWithParam<uint16_t> {
 protected:
  void SetUp() override { Meet(world_, agent_, computer_); }
  static void Meet(World& world, Client& agent, Client& computer) {
    agent.Join("agent", "bot", "o1");
    world.Run();
    computer.Join("computer", "pc", "o1");
    world.Run();
    agent.Take();
    computer.Take();
  }
  World world_{GetParam()};
  Client& agent_ = world_.Connect();
  Client& computer_ = world_.Connect();
};
INSTANTIATE_TEST_SUITE_P(OnOneAndThreeShards, Call, testing::Values(1, 3));

TEST_P(Call, PassesRequestAndAnswerByteForByte) {
  const std::string request =
      R"({"timeout":30.0,"agent":"b\u006ft", "req_id":"r" ,"computer":"p\u0063","tool_name":"t",)"
      R"("params":{"big":123456789012345678901234567890,"f":1.0,"f":1e2},"extra":[ ]})";
  agent_.Emit("client:tool_call", request, "000000000000012", {"blob1", "blob2"});
  world_.Run();
  EXPECT_THAT(computer_.Take(),
              ElementsAre("20[\"client:tool_call\"," + request + "]+blob1+blob2"));
  const std::string answer = R"([{"x":1.0, "y":99999999999999999999},"second"])";
  computer_.Answer(0, answer, {"bytes"});
  world_.Run();
  EXPECT_THAT(agent_.Take(), ElementsAre("3000000000000012" + answer + "+bytes"));
}

TEST_P(Call, AnswerMayHaveNoArgumentsOrAnErrorOfTheComputer) {
  agent_.Emit("client:get_tools", kTools, "1");
  agent_.Emit("client:get_config", kTools, "2");
  world_.Run();
  computer_.Answer(1, R"([{"code":4014,"mcp_server":"s"}])");
  computer_.Answer(0, "[]");
  world_.Run();
  EXPECT_THAT(agent_.Take(), ElementsAre(R"(32[{"code":4014,"mcp_server":"s"}])", "31[]"));
}

TEST_P(Call, EveryRoutedEventOfAGenerationReachesTheComputer) {
  for (const Generation generation :
       {Generation::kG1, Generation::kG2, Generation::kG3, Generation::kG4}) {
    World world(GetParam());
    Client& agent = world.Connect(generation);
    Client& computer = world.Connect(generation);
    Meet(world, agent, computer);
    for (const EventRow& row : AllEvents()) {
      if (row.kind != EventKind::kCall) continue;
      agent.Emit(row.name, kTool, "1");
      world.Run();
      if (row.since <= generation) {
        EXPECT_EQ(computer.Take().size(), 1u) << row.name;
        EXPECT_THAT(agent.Take(), IsEmpty());
      } else {
        EXPECT_THAT(computer.Take(), IsEmpty()) << row.name;
        EXPECT_THAT(agent.Take(), ElementsAre(R"(31[{"code":400,"message":"Unknown event"}])"));
      }
    }
  }
}

TEST_P(Call, WithoutAckIdIsForwardedAndForgotten) {
  agent_.Emit("client:get_tools", kTools);
  world_.Run();
  EXPECT_EQ(computer_.Take().front().substr(0, 2), "2[");
  EXPECT_EQ(world_.Count().calls_pending, 0u);
  EXPECT_EQ(world_.Count().calls_in_flight, 0u);
  agent_.Emit("client:get_tools", R"({"agent":"b","req_id":"r","computer":"nobody"})");
  world_.Run();
  EXPECT_THAT(agent_.Take(), IsEmpty());
}

TEST_P(Call, AcceptsRobotIdForAgent) {
  agent_.Emit("client:get_tools", R"({"robot_id":"bot","req_id":"r","computer":"pc"})", "1");
  world_.Run();
  EXPECT_EQ(computer_.Take().size(), 1u);
}

TEST_P(Call, UnknownComputerAgentAndComputerElsewhereGetOneAnswer) {
  Client& other = world_.Connect();
  other.Join("computer", "xx", "o2");
  world_.Run();
  const auto ask = [&](std::string_view name) {
    agent_.Emit("client:get_tools",
                R"({"agent":"bot","req_id":"r","computer":)" + Quote(name) + "}", "1");
    world_.Run();
    return agent_.Take();
  };
  EXPECT_THAT(ask("xx"), ElementsAre("31[{\"code\":404,\"message\":\"Computer with name 'xx' not "
                                     "found\",\"details\":{\"computer_name\":\"xx\"}}]"));
  EXPECT_THAT(ask("bot").front(), HasSubstr("\"code\":404"));
  EXPECT_THAT(other.Take(), IsEmpty());
}

TEST_P(Call, ToolCallOfGeneration1FailsAsAToolResult) {
  agent_.Emit("client:tool_call",
              R"({"agent":"b","req_id":"r","computer":"x","tool_name":"t","params":{},)"
              R"("timeout":1})",
              "1");
  agent_.Emit("client:tool_call", "{}", "2");
  world_.Run();
  EXPECT_THAT(
      agent_.Take(),
      ElementsAre(R"(31[{"content":[{"type":"text","text":"Computer with name 'x' not found"}],)"
                  R"("isError":true}])",
                  R"(32[{"content":[{"type":"text","text":"Invalid request"}],"isError":true}])"));
}

TEST_P(Call, BadPayloadsAreRefusedBeforeAnythingElse) {
  World world(GetParam());
  Client& agent = world.Connect(Generation::kG2, "0.2.0");  // in no office: 400 comes first
  const std::string base = R"("agent":"b","req_id":"r","computer":"pc")";
  for (const std::string& args : {
           std::string(R"({"agent":"b","computer":"pc"})"),
           std::string(R"({"req_id":"r","computer":"pc"})"),
           std::string(R"({"agent":"b","req_id":5,"computer":"pc"})"),
           std::string(R"({"agent":"b","req_id":"r","computer":5})"),
           std::string(R"({"agent":"b","req_id":"r","computer":"\udc00"})"),
           "{\"agent\":\"b\",\"req_id\":\"r\",\"computer\":\"" + std::string(257, 'c') + "\"}",
           "{\"agent\":\"b\",\"req_id\":\"" + std::string(257, 'c') + "\",\"computer\":\"pc\"}",
           "{" + base + R"(,"params":{},"timeout":1})",
           "{" + base + R"(,"tool_name":"t","params":[],"timeout":1})",
           "{" + base + R"(,"tool_name":"t","params":{},"timeout":0})",
           "{" + base + R"(,"tool_name":"t","params":{},"timeout":-1})",
           "{" + base + R"(,"tool_name":"t","params":{},"timeout":1.5})",
           "{" + base + R"(,"tool_name":"t","params":{},"timeout":"x"})",
           std::string("5"),
           std::string(),
       }) {
    agent.Emit("client:tool_call", args, "1");
    EXPECT_THAT(agent.Take(), ElementsAre(R"(31[{"code":400,"message":"Invalid request"}])"))
        << args;
  }
}

TEST_P(Call, ChecksComeInTheOrderOfTheProtocol) {
  Client& lost = world_.Connect(Generation::kG2);
  lost.Emit("client:get_tools", kTools, "1");
  EXPECT_THAT(lost.Take(), ElementsAre(HasSubstr("\"code\":4103")));
  computer_.Emit("client:get_tools", kTools, "1");
  EXPECT_THAT(computer_.Take(), ElementsAre(HasSubstr("\"code\":403")));
  EXPECT_THAT(world_.log->Take(), testing::Contains("refused pc o1 client:get_tools"));
  computer_.Leave("o1");
  world_.Run();
  computer_.Take();
  computer_.Emit("client:get_tools", kTools, "1");
  EXPECT_THAT(computer_.Take(), ElementsAre(HasSubstr("\"code\":4103")));
}

TEST_P(Call, ParallelCallsGetTheirOwnAnswers) {
  for (int i = 0; i < 50; ++i) agent_.Emit("client:get_tools", kTools, std::to_string(100 + i));
  world_.Run();
  EXPECT_EQ(computer_.Take().size(), 50u);
  for (uint32_t i = 50; i-- > 0;) computer_.Answer(i, "[" + std::to_string(i) + "]");
  world_.Run();
  const std::vector<std::string> answers = agent_.Take();
  ASSERT_EQ(answers.size(), 50u);
  for (size_t i = 0; i < 50; ++i) {
    EXPECT_EQ(answers[i], "3" + std::to_string(149 - i) + "[" + std::to_string(49 - i) + "]");
  }
  EXPECT_EQ(world_.TimersArmed(), 0u);
}

TEST_P(Call, AnswersOnceHoweverOftenTheComputerAcks) {
  agent_.Emit("client:get_tools", kTools, "1");
  world_.Run();
  computer_.Answer(0, "[1]");
  computer_.Answer(0, "[2]");
  computer_.Answer(17, "[3]");
  world_.Run();
  EXPECT_THAT(agent_.Take(), ElementsAre("31[1]"));
}

TEST_P(Call, AckOfAnotherComputerIsIgnored) {
  Client& other = world_.Connect();
  other.Join("computer", "evil", "o1");
  world_.Run();
  agent_.Take();
  agent_.Emit("client:get_tools", kTools, "1");
  world_.Run();
  other.Answer(0, "[\"forged\"]");
  world_.Run();
  EXPECT_THAT(agent_.Take(), IsEmpty());
}

TEST_P(Call, ToComputerThatDiesIsAnsweredAtOnce) {
  agent_.Emit("client:get_tools", kTools, "1");
  agent_.Emit("client:tool_call", kTool, "2");
  world_.Run();
  computer_.Disconnect();
  world_.Run();
  EXPECT_THAT(agent_.Take(),
              testing::UnorderedElementsAre(
                  "31" + kNotFound,
                  R"(32[{"content":[{"type":"text","text":"Computer with name 'pc' not found"}],)"
                  R"("isError":true}])",
                  HasSubstr("notify:leave_office")));
  EXPECT_EQ(world_.TimersArmed(), 0u);
  EXPECT_EQ(world_.Count().calls_in_flight, 0u);
}

TEST_P(Call, OfAnAgentThatDiesIsForgotten) {
  agent_.Emit("client:get_tools", kTools, "1");
  world_.Run();
  computer_.Take();
  agent_.Disconnect();
  world_.Run();
  EXPECT_EQ(world_.Count().calls_in_flight, 0u);
  computer_.Answer(0, "[1]");
  world_.Run();
  EXPECT_THAT(computer_.Take(), ElementsAre(HasSubstr("notify:leave_office")));
  EXPECT_EQ(world_.TimersArmed(), 0u);
}

TEST_P(Call, EndsAtItsDeadlineAndALateAnswerIsDropped) {
  agent_.Emit("client:tool_call",
              R"({"agent":"b","req_id":"r","computer":"pc","tool_name":"t","params":{},)"
              R"("timeout":1})",
              "1");
  agent_.Emit("client:get_tools", kTools, "2");
  world_.Run();
  world_.Pass(Millis(5'900));
  EXPECT_THAT(agent_.Take(), IsEmpty());
  world_.Pass(Millis(200));
  EXPECT_THAT(agent_.Take(), ElementsAre(R"(31[{"content":[{"type":"text","text":)"
                                         R"("Request timed out"}],"isError":true}])"));
  computer_.Answer(0, "[1]");
  world_.Run();
  EXPECT_THAT(agent_.Take(), IsEmpty());
  world_.Pass(Millis(54'000));
  EXPECT_THAT(agent_.Take(), ElementsAre(R"(32[{"code":408,"message":"Request timed out"}])"));
  EXPECT_EQ(world_.TimersArmed(), 0u);
}

TEST_P(Call, DeadlineIsBoundedWhateverThePayloadAsksFor) {
  World world({.shards = GetParam(), .options = {.call_timeout_max = Millis(7'000)}});
  Client& agent = world.Connect();
  Client& computer = world.Connect();
  Meet(world, agent, computer);
  const std::string request =
      R"({"agent":"b","req_id":"r","computer":"pc","tool_name":"t","params":{},)"
      R"("timeout":9223372036854775807})";
  agent.Emit("client:tool_call", request, "1");
  world.Run();
  EXPECT_THAT(computer.Take(), ElementsAre(HasSubstr(request)));
  world.Pass(Millis(7'100));
  EXPECT_EQ(agent.Take().size(), 1u);
}

TEST_P(Call, ComputerThatDoesNotReadIsRefusedAtOnce) {
  computer_.egress.slow = true;
  agent_.Emit("client:get_tools", kTools, "1");
  agent_.Emit("client:tool_call", kTool, "2");
  world_.Run();
  EXPECT_THAT(agent_.Take(),
              ElementsAre(R"(31[{"code":500,"message":"Computer is not reading"}])",
                          R"(32[{"content":[{"type":"text","text":"Computer is not reading"}],)"
                          R"("isError":true}])"));
  EXPECT_EQ(world_.Count().calls_pending, 0u);
}

TEST_P(Call, ComputerThatIsClosingIsNotFound) {
  computer_.egress.closed = true;
  agent_.Emit("client:get_tools", kTools, "1");
  world_.Run();
  EXPECT_THAT(agent_.Take(), ElementsAre("31" + kNotFound));
}

TEST_P(Call, NumberInFlightIsLimitedPerAgent) {
  World world({.shards = GetParam(), .options = {.calls_in_flight_max = 2}});
  Client& agent = world.Connect();
  Client& computer = world.Connect();
  Meet(world, agent, computer);
  for (const char* id : {"1", "2", "3"}) agent.Emit("client:get_tools", kTools, id);
  world.Run();
  EXPECT_THAT(agent.Take(),
              ElementsAre(R"(33[{"code":500,"message":"Too many pending requests"}])"));
  computer.Answer(0, "[]");
  world.Run();
  agent.Emit("client:get_tools", kTools, "4");
  world.Run();
  EXPECT_THAT(agent.Take(), ElementsAre("31[]"));
  EXPECT_EQ(computer.Take().size(), 3u);
}

TEST_P(Call, GoesOnWhenItsComputerLeavesTheOffice) {
  agent_.Emit("client:get_tools", kTools, "1");
  world_.Run();
  computer_.Leave("o1");
  world_.Run();
  agent_.Take();
  computer_.Answer(0, "[1]");
  agent_.Emit("client:get_tools", kTools, "2");
  world_.Run();
  EXPECT_THAT(agent_.Take(), testing::UnorderedElementsAre("31[1]", "32" + kNotFound));
}

TEST_P(Call, GoesOnWhenItsAgentLeavesTheOffice) {
  agent_.Emit("client:get_tools", kTools, "1");
  world_.Run();
  agent_.Leave("o1");
  world_.Run();
  computer_.Answer(0, "[1]");
  world_.Run();
  EXPECT_THAT(agent_.Take(), ElementsAre("31[1]"));
}

TEST_P(Call, NeverReachesAComputerThatLeftAfterTheRosterWasRead) {
  for (uint64_t seed = 1; seed <= 300; ++seed) {
    World world(GetParam());
    Client& agent = world.Connect(Generation::kG2);
    Client& computer = world.Connect(Generation::kG2);
    Meet(world, agent, computer);
    SeededRandom random(seed);
    computer.Join("computer", "pc", "o2", "9");
    agent.Emit("client:get_tools", kTools, "1");
    bool left = false;
    while (world.scheduler.StepRandom(random)) {
      for (const std::string& line : computer.Take()) {
        left = left || line == "39[true,null]";
        EXPECT_FALSE(left && line.starts_with("20")) << "seed " << seed;
        if (line.starts_with("20")) computer.Answer(0, "[1]");
      }
    }
    EXPECT_THAT(agent.Take(), testing::Contains(testing::AnyOf("31" + kNotFound, "31[1]")).Times(1))
        << "seed " << seed;
  }
}

TEST_P(Call, NamesTheComputerAsItWasCalledWhenItDiesUnderAnotherName) {
  agent_.Emit("client:get_tools", kTools, "1");
  world_.Run();
  computer_.Join("computer", "renamed", "o1");
  world_.Run();
  computer_.Disconnect();
  world_.Run();
  EXPECT_THAT(agent_.Take(), testing::Contains("31" + kNotFound));
}

TEST_P(Call, AckIdsOfPendingCallsAreNotUsedAgainWhenTheyWrapAround) {
  agent_.Emit("client:get_tools", kTools, "1");
  world_.Run();
  computer_.egress.next_ack_id = 0;
  agent_.Emit("client:get_tools", kTools, "2");
  world_.Run();
  const std::vector<std::string> requests = computer_.Take();
  ASSERT_EQ(requests.size(), 2u);
  EXPECT_EQ(requests[0].substr(0, 3), "20[");
  EXPECT_EQ(requests[1].substr(0, 3), "21[");
}

TEST_P(Call, HooksSeeItBeginAndEnd) {
  world_.hooks.clear();
  agent_.Emit("client:get_tools", kTools, "1");
  world_.Run();
  computer_.Answer(0, "[]");
  world_.Run();
  EXPECT_THAT(world_.hooks, ElementsAre("call client:get_tools pc", "ended 1 0"));
}

TEST_P(Call, UnknownEventsGetADefinedAnswer) {
  agent_.Emit("client:get_dpe", kTools, "1");
  agent_.Emit("something", "{}", "2");
  agent_.Emit("something", "{}");
  agent_.Emit("notify:enter_office", R"({"office_id":"o1","computer":"ghost"})", "3");
  agent_.Emit("server_join_office", "{}", "4");
  world_.Run();
  EXPECT_THAT(agent_.Take(),
              ElementsAre(R"(31[{"code":400,"message":"Unknown event"}])", "32[]", "33[]", "34[]"));
  EXPECT_THAT(computer_.Take(), IsEmpty());
}

TEST_P(Call, EventsThatTheOptionsNameAreRelayedAndHeldToTheSameRules) {
  SmcpOptions options;
  options.passthrough_events = {"client:my_event", "client:put_blob"};
  World world({.shards = GetParam(), .options = options});
  Client& agent = world.Connect();
  Client& computer = world.Connect();
  Meet(world, agent, computer);
  const std::string request = R"({"agent":"bot","req_id":"r","computer":"pc","x":1.0})";
  agent.Emit("client:my_event", request, "1");
  agent.Emit("client:put_blob", request, "2");  // of a later generation than the sender's
  agent.Emit("client:my_event", R"({"agent":"bot","req_id":"r","computer":"ghost"})", "3");
  agent.Emit("client:my_event", R"({"agent":"bot","computer":"pc"})", "4");
  agent.Emit("client:my_event2", request, "5");
  computer.Emit("client:my_event", request, "6");
  world.Run();
  const std::vector<std::string> heard = computer.Take();
  EXPECT_THAT(heard, UnorderedElementsAre("20[\"client:my_event\"," + request + "]",
                                          "21[\"client:put_blob\"," + request + "]",
                                          HasSubstr("36[{\"code\":403,")));
  EXPECT_THAT(agent.Take(),
              UnorderedElementsAre(HasSubstr("33[{\"code\":404,"), HasSubstr("34[{\"code\":400,"),
                                   R"(35[{"code":400,"message":"Unknown event"}])"));
  EXPECT_THAT(world.hooks, Contains("call client:my_event pc"));
  computer.Answer(0, R"([{"ok":1.0}])");
  world.Run();
  EXPECT_THAT(agent.Take(), ElementsAre(R"(31[{"ok":1.0}])"));
}

}  // namespace
}  // namespace smcp::test
