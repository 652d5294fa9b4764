// Joining: SMCP-PROTOCOL.md 2.1, 3.2, 3.3, 4.3; DECISIONS 20 and 24. Each rule on one shard and on
// three, where every step between member and home is a post.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gateway/smcp/home.h"
#include "tests/unit/smcp/support/world.h"

namespace smcp::test {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class Join : public testing::TestWithParam<uint16_t> {
 protected:
  World world_{GetParam()};
};
INSTANTIATE_TEST_SUITE_P(OnOneAndThreeShards, Join, testing::Values(1, 3));

TEST_P(Join, LegacyAckIsTruePlusNull) {
  Client& agent = world_.Connect();
  agent.Join("agent", "bot", "o1", "7");
  world_.Run();
  EXPECT_THAT(agent.Take(), ElementsAre("37[true,null]"));
}

TEST_P(Join, FlatAckIsEmpty) {
  Client& agent = world_.Connect(Generation::kG5, "0.5.0");
  agent.Join("agent", "bot", "o1", "7");
  world_.Run();
  EXPECT_THAT(agent.Take(), ElementsAre("37[]"));
}

TEST_P(Join, WithoutAckIdJoinsSilently) {
  Client& agent = world_.Connect();
  agent.Join("agent", "bot", "o1");
  world_.Run();
  EXPECT_THAT(agent.Take(), IsEmpty());
  EXPECT_EQ(world_.Count().members, 1u);
}

TEST_P(Join, IsToldToTheOthersWithTheKeyOfTheRoleOnly) {
  Client& agent = world_.Connect();
  Client& computer = world_.Connect();
  agent.Join("agent", "bot", "o1", "1");
  world_.Run();
  computer.Join("computer", "pc", "o1", "1");
  world_.Run();
  EXPECT_THAT(agent.Take(),
              ElementsAre("31[true,null]",
                          R"(2["notify:enter_office",{"office_id":"o1","computer":"pc"}])"));
  EXPECT_THAT(computer.Take(), ElementsAre("31[true,null]"));
  Client& second = world_.Connect();
  second.Join("computer", "pc2", "o1");
  agent.Leave("o1");
  world_.Run();
  agent.Take();
  computer.Take();
  agent.Join("agent", "bot", "o1");
  world_.Run();
  EXPECT_THAT(computer.Take(),
              ElementsAre(R"(2["notify:enter_office",{"office_id":"o1","agent":"bot"}])"));
  EXPECT_THAT(agent.Take(), IsEmpty());
}

TEST_P(Join, SecondAgentIsRefusedAndHearsNothingOfTheOffice) {
  Client& first = world_.Connect();
  Client& second = world_.Connect();
  first.Join("agent", "a1", "o1", "1");
  second.Join("agent", "a2", "o1", "2");
  world_.Run();
  EXPECT_THAT(first.Take(), ElementsAre("31[true,null]"));
  EXPECT_THAT(second.Take(), ElementsAre(R"(32[false,"Room already has an agent"])"));
  world_.Connect().Join("computer", "pc", "o1");
  world_.Run();
  EXPECT_THAT(second.Take(), IsEmpty());
  second.Disconnect();
  world_.Run();
  first.Take();
  EXPECT_THAT(first.Take(), IsEmpty());
}

TEST_P(Join, SecondAgentOfGeneration5Gets4101WithDetails) {
  world_.Connect(Generation::kG5).Join("agent", "a1", "o1");
  Client& second = world_.Connect(Generation::kG5);
  second.Join("agent", "a2", "o1", "2");
  world_.Run();
  EXPECT_THAT(second.Take(), ElementsAre(R"(32[{"code":4101,"message":"Room already has an agent",)"
                                         R"("details":{"office_id":"o1","role":"agent"}}])"));
}

TEST_P(Join, SecondComputerOfGeneration5Gets4101WhateverItsName) {
  world_.Connect(Generation::kG5).Join("computer", "c1", "o1");
  Client& second = world_.Connect(Generation::kG5);
  second.Join("computer", "c2", "o1", "2");
  second.Join("computer", "c1", "o1", "3");
  world_.Run();
  const std::string refusal = R"([{"code":4101,"message":"Room already has a computer",)"
                              R"("details":{"office_id":"o1","role":"computer"}}])";
  EXPECT_THAT(second.Take(), ElementsAre("32" + refusal, "33" + refusal));
}

TEST_P(Join, ComputersOfOldGenerationsNeedDifferentNamesInOneOfficeOnly) {
  Client& first = world_.Connect();
  Client& second = world_.Connect();
  Client& third = world_.Connect();
  Client& elsewhere = world_.Connect();
  first.Join("computer", "pc", "o1", "1");
  second.Join("computer", "pc2", "o1", "1");
  third.Join("computer", "pc", "o1", "1");
  elsewhere.Join("computer", "pc", "o2", "1");
  world_.Run();
  EXPECT_EQ(first.Take().front(), "31[true,null]");
  EXPECT_EQ(second.Take().front(), "31[true,null]");
  EXPECT_THAT(third.Take(), ElementsAre("31[false,\"Computer with name 'pc' already exists in "
                                        "room 'o1'\"]"));
  EXPECT_THAT(elsewhere.Take(), ElementsAre("31[true,null]"));
}

TEST_P(Join, AgentAndComputerMayShareAName) {
  Client& agent = world_.Connect();
  Client& computer = world_.Connect();
  agent.Join("agent", "x", "o1", "1");
  computer.Join("computer", "x", "o1", "1");
  world_.Run();
  EXPECT_EQ(agent.Take().front(), "31[true,null]");
  EXPECT_THAT(computer.Take(), ElementsAre("31[true,null]"));
}

TEST_P(Join, OfTheSameOfficeAgainSucceedsSilently) {
  Client& agent = world_.Connect();
  Client& computer = world_.Connect();
  agent.Join("agent", "bot", "o1");
  computer.Join("computer", "pc", "o1");
  world_.Run();
  agent.Take();
  agent.Join("agent", "bot", "o1", "5");
  computer.Join("computer", "pc", "o1", "6");
  world_.Run();
  EXPECT_THAT(agent.Take(), ElementsAre("35[true,null]"));
  EXPECT_THAT(computer.Take(), ElementsAre("36[true,null]"));
}

TEST_P(Join, AgentElsewhereIsRefusedAndStays) {
  Client& agent = world_.Connect();
  Client& computer = world_.Connect();
  agent.Join("agent", "bot", "o1");
  computer.Join("computer", "pc", "o1");
  agent.Join("agent", "bot", "o2", "3");
  world_.Run();
  EXPECT_EQ(agent.Take().back(), R"(33[false,"Agent already in another room"])");
  EXPECT_THAT(computer.Take(), testing::Not(testing::Contains(testing::HasSubstr("leave"))));
  EXPECT_EQ(world_.Seats(), 2u);

  Client& flat = world_.Connect(Generation::kG5);
  flat.Join("agent", "bot", "o5");
  flat.Join("agent", "bot", "o6", "4");
  world_.Run();
  EXPECT_THAT(flat.Take(),
              ElementsAre(R"(34[{"code":4106,"message":"Agent already in another room",)"
                          R"("details":{"office_id":"o5"}}])"));
}

TEST_P(Join, PinIsLookedAtBeforeSeatsAndSeatsBeforeTheAgentsOwnOffice) {
  Client& agent = world_.Connect(Generation::kG5, "0.5.0");
  agent.Join("agent", "bot", "mine");
  world_.Connect(Generation::kG2, "0.2.0").Join("agent", "other", "pinned");
  world_.Connect(Generation::kG5, "0.5.0").Join("agent", "other", "taken");
  agent.Join("agent", "bot", "pinned", "1");
  agent.Join("agent", "bot", "taken", "2");
  agent.Join("agent", "bot", "free", "3");
  world_.Run();
  const std::vector<std::string> acks = agent.Take();
  ASSERT_EQ(acks.size(), 3u);
  EXPECT_THAT(acks[0], testing::HasSubstr("\"code\":4008"));
  EXPECT_THAT(acks[1], testing::HasSubstr("\"code\":4101"));
  EXPECT_THAT(acks[2], testing::HasSubstr("\"code\":4106"));
  EXPECT_EQ(world_.Seats(), 3u);
}

TEST_P(Join, AgentElsewhereIsToldSoEvenIfTheOtherOfficeIsFull) {
  SmcpOptions options;
  options.office_members_max = 1;
  World world({.shards = GetParam(), .options = options});
  Client& agent = world.Connect();
  agent.Join("agent", "bot", "mine");
  world.Connect().Join("computer", "pc", "full");
  agent.Join("agent", "bot", "full", "1");
  world.Run();
  EXPECT_THAT(agent.Take(), ElementsAre(R"(31[false,"Agent already in another room"])"));
}

TEST_P(Join, OfficeIsPinnedToItsFirstGenerationUntilItIsEmpty) {
  Client& first = world_.Connect(Generation::kG3, "0.3.0");
  Client& later = world_.Connect(Generation::kG4, "0.4.1");
  first.Join("computer", "c3", "o1");
  later.Join("computer", "c4", "o1", "1");
  world_.Run();
  EXPECT_THAT(later.Take(), ElementsAre(R"(31[false,"Protocol version mismatch"])"));
  first.Leave("o1");
  later.Join("computer", "c4", "o1", "2");
  world_.Run();
  EXPECT_THAT(later.Take(), ElementsAre("32[true,null]"));
}

TEST_P(Join, Generation5IsToldTheVersionsThatAreServed) {
  VersionPolicy all;
  all.served.push_back(Generation::kG5);
  World world({.shards = GetParam(), .options = {.versions = all}});
  world.Connect(Generation::kG1).Join("computer", "c1", "o1");
  Client& flat = world.Connect(Generation::kG5, "0.5.2");
  flat.Join("agent", "a", "o1", "1");
  world.Run();
  EXPECT_THAT(flat.Take(), ElementsAre(R"(31[{"code":4008,"message":"Protocol version mismatch",)"
                                       R"("server_version":"0.5.0","client_version":"0.5.2",)"
                                       R"("min_supported":"0.1.0","max_supported":"0.5.999"}])"));
}

TEST_P(Join, MixedOfficesLetOldGenerationsMeetButNeverTheFifth) {
  World world({.shards = GetParam(), .options = {.mixed_offices = true}});
  world.Connect(Generation::kG1).Join("agent", "a", "o1");
  Client& newer = world.Connect(Generation::kG4, "0.4.0");
  Client& flat = world.Connect(Generation::kG5, "0.5.0");
  newer.Join("computer", "c", "o1", "1");
  flat.Join("computer", "d", "o1", "1");
  world.Run();
  EXPECT_THAT(newer.Take(), ElementsAre("31[true,null]"));
  EXPECT_THAT(flat.Take().front(), testing::HasSubstr("4008"));
}

TEST_P(Join, RoleIsBoundByTheFirstSuccessOnly) {
  Client& first = world_.Connect();
  Client& second = world_.Connect();
  first.Join("agent", "a1", "o1");
  second.Join("agent", "x", "o1", "1");
  second.Join("computer", "x", "o1", "2");
  second.Join("agent", "x", "o2", "3");
  world_.Run();
  EXPECT_THAT(second.Take(),
              ElementsAre(R"(31[false,"Room already has an agent"])", "32[true,null]",
                          R"(33[false,"Role mismatch, expected agent, but computer use this sid )"
                          R"(exists"])"));
}

TEST_P(Join, Generation5MayNotChangeItsNameEvenAfterLeaving) {
  Client& flat = world_.Connect(Generation::kG5);
  flat.Join("computer", "pc", "o1", "1");
  flat.Leave("o1", "2");
  flat.Join("computer", "other", "o1", "3");
  flat.Join("agent", "pc", "o1", "4");
  flat.Join("computer", "pc", "o1", "5");
  world_.Run();
  EXPECT_THAT(flat.Take(), ElementsAre("31[]", "32[]", testing::HasSubstr("33[{\"code\":403,"),
                                       testing::HasSubstr("34[{\"code\":403,"), "35[]"));
}

TEST_P(Join, EmptyNameIsMadeOfRoleAndSidAndStaysTheSameIdentity) {
  Client& agent = world_.Connect();
  Client& computer = world_.Connect();
  agent.Join("agent", "bot", "o1");
  computer.Join("computer", "", "o1", "1");
  computer.Join("computer", "", "o1", "2");
  world_.Run();
  EXPECT_THAT(agent.Take(), ElementsAre(R"(2["notify:enter_office",{"office_id":"o1",)"
                                        R"("computer":"computer_sid1-a"}])"));
  EXPECT_THAT(computer.Take(), ElementsAre("31[true,null]", "32[true,null]"));
}

TEST_P(Join, BadPayloadsAreRefusedAndChangeNothing) {
  const std::string long_name(257, 'n');
  const std::vector<std::string> bad = {
      R"({"role":"computer","name":"pc"})",
      R"({"role":"admin","name":"pc","office_id":"o1"})",
      R"({"role":"computer","name":5,"office_id":"o1"})",
      R"({"role":"computer","name":"pc","office_id":""})",
      R"({"role":"computer","name":"pc","office_id":null})",
      R"(["computer","pc","o1"])",
      R"({"role":"computer","name":"pc","office_id":"o1"},1)",
      R"({"role":"computer","name":"\ud800","office_id":"o1"})",
      R"({"role":"computer","name":"pc","office_id":")" + long_name + "\"}",
      R"({"role":"computer","name":")" + long_name + R"(","office_id":"o1"})",
      "",
  };
  Client& old = world_.Connect();
  Client& flat = world_.Connect(Generation::kG5);
  for (const std::string& args : bad) {
    old.Emit("server:join_office", args, "1");
    flat.Emit("server:join_office", args, "1");
    world_.Run();
    EXPECT_THAT(old.Take(), ElementsAre(R"(31[false,"Invalid request"])")) << args;
    EXPECT_THAT(flat.Take(), ElementsAre(R"(31[{"code":400,"message":"Invalid request"}])"))
        << args;
  }
  EXPECT_EQ(world_.Count().offices, 0u);
  EXPECT_EQ(world_.Seats(), 0u);
}

TEST_P(Join, TakesUnknownFieldsUnicodeAndNamesAtTheLimit) {
  const std::string office(256, 'o');
  Client& agent = world_.Connect();
  agent.Emit(
      "server:join_office",
      R"({"x":{"y":[1]},"role":"\u0061gent","name":"b\"o\u00e9","office_id":")" + office + "\"}",
      "1");
  Client& computer = world_.Connect();
  computer.Join("computer", "p c", office);
  world_.Run();
  EXPECT_EQ(agent.Take().front(), "31[true,null]");
  agent.Leave(office);
  world_.Run();
  EXPECT_EQ(computer.Take().back(),
            R"(2["notify:leave_office",{"office_id":")" + office + R"(","agent":"b\"oé"}])");
}

TEST_P(Join, OfficeNamedLikeAnothersSidIsAnOrdinaryOffice) {
  Client& agent = world_.Connect();
  Client& computer = world_.Connect();
  Client& other = world_.Connect();
  agent.Join("agent", "bot", "o1");
  computer.Join("computer", "pc", agent.sid, "1");
  other.Join("computer", "pc", "o1");
  world_.Run();
  EXPECT_THAT(computer.Take(), ElementsAre("31[true,null]"));
  EXPECT_EQ(agent.Take().size(), 1u);
}

TEST_P(Join, FullOfficeRefuses) {
  World world({.shards = GetParam(), .options = {.office_members_max = 2}});
  world.Connect().Join("agent", "a", "o1");
  world.Connect().Join("computer", "b", "o1");
  Client& third = world.Connect();
  third.Join("computer", "c", "o1", "1");
  world.Run();
  EXPECT_THAT(third.Take(), ElementsAre(R"(31[false,"Room is full"])"));
  EXPECT_EQ(world.Seats(), 2u);
}

TEST_P(Join, OfTwoAtOnceExactlyOneTakesTheSeat) {
  for (uint64_t seed = 1; seed <= 200; ++seed) {
    World world(GetParam());
    Client& a = world.Connect();
    Client& b = world.Connect();
    a.Join("agent", "a", "o1", "1");
    b.Join("agent", "b", "o1", "1");
    SeededRandom random(seed);
    while (world.scheduler.StepRandom(random)) {
    }
    const std::vector<std::string> got = {a.Take().at(0), b.Take().at(0)};
    EXPECT_THAT(got, testing::UnorderedElementsAre("31[true,null]",
                                                   R"(31[false,"Room already has an agent"])"))
        << "seed " << seed;
  }
}

TEST_P(Join, RenamesAComputerWithoutOffice) {
  Client& agent = world_.Connect();
  Client& computer = world_.Connect();
  agent.Join("agent", "bot", "o1");
  computer.Join("computer", "old", "o1");
  computer.Leave("o1");
  computer.Join("computer", "new", "o1", "1");
  world_.Run();
  EXPECT_THAT(computer.Take(), ElementsAre("31[true,null]"));
  EXPECT_EQ(agent.Take().back(), R"(2["notify:enter_office",{"office_id":"o1","computer":"new"}])");
}

TEST_P(Join, RenameInTheOfficeIsALeaveAndAnEnter) {
  Client& agent = world_.Connect();
  Client& computer = world_.Connect();
  agent.Join("agent", "bot", "o1");
  computer.Join("computer", "old", "o1");
  world_.Run();
  agent.Take();
  computer.Join("computer", "new", "o1", "2");
  world_.Run();
  EXPECT_THAT(computer.Take(), ElementsAre("32[true,null]"));
  EXPECT_THAT(agent.Take(),
              ElementsAre(R"(2["notify:leave_office",{"office_id":"o1","computer":"old"}])",
                          R"(2["notify:enter_office",{"office_id":"o1","computer":"new"}])"));
  agent.Emit("client:get_tools", R"({"agent":"bot","req_id":"r","computer":"old"})", "1");
  agent.Emit("client:get_tools", R"({"agent":"bot","req_id":"r","computer":"new"})", "2");
  world_.Run();
  EXPECT_THAT(agent.Take(), ElementsAre(testing::HasSubstr("31[{\"code\":404")));
  EXPECT_THAT(computer.Take(), ElementsAre(testing::HasSubstr("\"computer\":\"new\"")));
  // The old name is free again.
  Client& next = world_.Connect();
  next.Join("computer", "old", "o1", "1");
  world_.Run();
  EXPECT_THAT(next.Take(), ElementsAre("31[true,null]"));
}

TEST_P(Join, RenameToATakenNameIsRefusedAndBothStay) {
  Client& agent = world_.Connect();
  Client& a = world_.Connect();
  Client& b = world_.Connect();
  agent.Join("agent", "bot", "o1");
  a.Join("computer", "a", "o1");
  b.Join("computer", "b", "o1");
  world_.Run();
  a.Take();
  agent.Take();
  a.Join("computer", "b", "o1", "2");
  world_.Run();
  EXPECT_THAT(a.Take(), ElementsAre("32[false,\"Computer with name 'b' already exists in room "
                                    "'o1'\"]"));
  EXPECT_THAT(agent.Take(), IsEmpty());
  b.Take();
  agent.Emit("client:get_tools", R"({"agent":"bot","req_id":"r","computer":"a"})", "1");
  agent.Emit("client:get_tools", R"({"agent":"bot","req_id":"r","computer":"b"})", "2");
  world_.Run();
  EXPECT_EQ(a.Take().size(), 1u);
  EXPECT_EQ(b.Take().size(), 1u);
}

}  // namespace
}  // namespace smcp::test
