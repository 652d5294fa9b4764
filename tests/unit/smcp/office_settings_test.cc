// What administrators say about offices, and what follows from it: office_policy.h, home_admin.cc.
#include "gateway/smcp/office_policy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/smcp/support/ask.h"

namespace smcp::test {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

std::string ToolCall(std::string_view computer, std::string_view tool) {
  return R"({"agent":"x","req_id":"r1","computer":)" + Quote(computer) + R"(,"tool_name":)" +
         Quote(tool) + R"(,"params":{},"timeout":30})";
}

class Settings : public testing::TestWithParam<uint16_t> {
 protected:
  std::string JoinAs(Generation generation, std::string_view role, std::string_view name) {
    Client& client = world_.Connect(generation);
    client.Join(role, name, "o1", "1");
    world_.Run();
    const std::vector<std::string> told = client.Take();
    return told.empty() ? "" : told.front();
  }
  World world_{GetParam()};
};
INSTANTIATE_TEST_SUITE_P(OnOneAndThreeShards, Settings, testing::Values(1, 3));

TEST_P(Settings, ALockedOfficeLetsNobodyInAndNobodyOut) {
  Client& inside = world_.Connect(Generation::kG1);
  inside.Join("computer", "pc", "o1", "1");
  world_.Run();
  inside.Take();
  ASSERT_TRUE(Set(world_, "o1", {.admission = Admission::kLocked}).ok());
  EXPECT_EQ(JoinAs(Generation::kG1, "agent", "bot"), R"(31[false,"Room is locked"])");
  EXPECT_EQ(JoinAs(Generation::kG5, "agent", "bot"),
            R"(31[{"code":403,"message":"Room is locked"}])");
  // Who is in stays, may take another name, and may not come back once it has left.
  inside.Join("computer", "pc2", "o1", "2");
  world_.Run();
  EXPECT_THAT(inside.Take(), ElementsAre("32[true,null]"));
  EXPECT_EQ(Offices(world_, {"o1"}).at(0).members.at(0).name, "pc2");
  inside.Leave("o1", "3");
  world_.Run();
  inside.Join("computer", "pc2", "o1", "4");
  world_.Run();
  EXPECT_THAT(inside.Take(), ElementsAre("33[true,null]", R"(34[false,"Room is locked"])"));
  // Nobody is in it, and the lock is still there.
  EXPECT_EQ(Offices(world_, {"o1"}).at(0).created_ms, 0);
  EXPECT_EQ(world_.Count().offices, 0u);
  ASSERT_TRUE(Set(world_, "o1", {}).ok());
  EXPECT_THAT(Offices(world_, {"o1"}), IsEmpty());
  EXPECT_EQ(JoinAs(Generation::kG1, "agent", "bot"), "31[true,null]");
}

TEST_P(Settings, AnOfficeMayBeForOneRoleOnly) {
  ASSERT_TRUE(Set(world_, "o1", {.admission = Admission::kAgentsOnly}).ok());
  EXPECT_EQ(JoinAs(Generation::kG2, "computer", "pc"),
            R"(31[false,"Room is open to agents only"])");
  EXPECT_EQ(JoinAs(Generation::kG5, "computer", "pc"),
            R"(31[{"code":403,"message":"Room is open to agents only"}])");
  EXPECT_EQ(JoinAs(Generation::kG2, "agent", "bot"), "31[true,null]");
  ASSERT_TRUE(Set(world_, "o1", {.admission = Admission::kComputersOnly}).ok());
  EXPECT_EQ(JoinAs(Generation::kG2, "agent", "bot2"),
            R"(31[false,"Room is open to computers only"])");
  EXPECT_EQ(JoinAs(Generation::kG2, "computer", "pc"), "31[true,null]");
}

TEST_P(Settings, AnAgentThatSitsElsewhereHearsOfThatFirst) {
  ASSERT_TRUE(Set(world_, "o1", {.admission = Admission::kLocked}).ok());
  Client& agent = world_.Connect(Generation::kG5);
  agent.Join("agent", "bot", "o2", "1");
  world_.Run();
  agent.Join("agent", "bot", "o1", "2");
  world_.Run();
  EXPECT_THAT(agent.Take(), ElementsAre("31[]", HasSubstr("4106")));
}

TEST_P(Settings, ComputersMayBeCountedAndOtherObjectionsComeFirst) {
  ASSERT_TRUE(Set(world_, "o1", {.computers_max = 2}).ok());
  EXPECT_EQ(JoinAs(Generation::kG1, "computer", "a"), "31[true,null]");
  EXPECT_EQ(JoinAs(Generation::kG1, "computer", "b"), "31[true,null]");
  EXPECT_EQ(JoinAs(Generation::kG1, "computer", "c"), R"(31[false,"Room is full"])");
  EXPECT_THAT(JoinAs(Generation::kG1, "computer", "a"), HasSubstr("already exists in room"));
  EXPECT_EQ(JoinAs(Generation::kG1, "agent", "bot"), "31[true,null]");
  world_.clients[0].Disconnect();
  world_.Run();
  EXPECT_EQ(JoinAs(Generation::kG1, "computer", "c"), "31[true,null]");
}

TEST_P(Settings, TheRevisionIsCompared) {
  const OfficeInfo first = *Set(world_, "o1", {.labels = {{"a", "1"}}, .revision = 0}, false);
  EXPECT_NE(first.settings.revision, 0u);
  EXPECT_TRUE(absl::IsAborted(Set(world_, "o1", {.labels = {{"a", "2"}}}, false).status()));
  OfficeSettings next = first.settings;
  next.labels["a"] = "3";
  const OfficeInfo second = *Set(world_, "o1", next, false);
  EXPECT_GT(second.settings.revision, first.settings.revision);
  EXPECT_EQ(Offices(world_, {"o1"}).at(0).settings.labels.at("a"), "3");
  // Forgotten and made again they are not what they were.
  EXPECT_EQ(Set(world_, "o1", {})->settings.revision, 0u);
  EXPECT_GT(Set(world_, "o1", first.settings)->settings.revision, second.settings.revision);
}

TEST_P(Settings, OfficesWithSettingsAreBounded) {
  World world(World::Setup{.shards = GetParam(), .options = {.office_settings_max = 3}});
  size_t kept = 0;
  for (int i = 0; i < 100; ++i) {
    const Or<OfficeInfo> set =
        Set(world, "o" + std::to_string(i), {.admission = Admission::kLocked});
    if (set.ok())
      ++kept;
    else
      EXPECT_TRUE(absl::IsResourceExhausted(set.status()));
  }
  EXPECT_GE(kept, 3u);
  EXPECT_LE(kept, 6u);
  EXPECT_TRUE(absl::IsInvalidArgument(
      Set(world, "o0", {.tool_rules = std::vector<ToolRule>(1000)}).status()));
}

TEST_P(Settings, OfficesThatAreSettingsOnlyAreListedAmongTheOthers) {
  world_.Connect().Join("computer", "pc", "b");
  world_.Run();
  Put(world_, "a", {.labels = {{"k", "v"}}});
  Put(world_, "c", {.admission = Admission::kLocked});
  const OfficePage page = Ask<OfficePage>(world_, [&](auto done) {
    world_.domain->inspect().PageOffices({}, 10, {}, std::move(done));
  });
  ASSERT_THAT(page.offices, SizeIs(3));
  EXPECT_EQ(page.offices[0].office_id.value, "a");
  EXPECT_EQ(page.offices[0].created_ms, 0);
  EXPECT_NE(page.offices[1].created_ms, 0);
  EXPECT_EQ(page.offices[2].settings.admission, Admission::kLocked);
  const Counts counts =
      Ask<Counts>(world_, [&](auto done) { world_.domain->CountAll(std::move(done)); });
  EXPECT_EQ(counts.offices, 1u);
}

// --- calls

class CallSettings : public testing::TestWithParam<std::tuple<uint16_t, Generation>> {
 protected:
  void SetUp() override {
    agent_.Join("agent", "bot", "o1");
    world_.Run();
    computer_.Join("computer", "pc", "o1");
    world_.Run();
    agent_.Take();
    computer_.Take();
  }
  std::vector<std::string> Call(std::string_view tool) {
    agent_.Emit("client:tool_call", ToolCall("pc", tool), "1");
    world_.Run();
    return agent_.Take();
  }
  Generation generation() const { return std::get<1>(GetParam()); }
  World world_{std::get<0>(GetParam())};
  Client& agent_ = world_.Connect(generation());
  Client& computer_ = world_.Connect(generation());
};
INSTANTIATE_TEST_SUITE_P(OnOneAndThreeShards, CallSettings,
                         testing::Combine(testing::Values(1, 3),
                                          testing::Values(Generation::kG1, Generation::kG2,
                                                          Generation::kG5)));

TEST_P(CallSettings, ADeniedToolIsRefusedInTheShapeOfTheGenerationAndNamesTheRule) {
  Put(world_, "o1",
      {.tool_rules = {{.allow = true, .tool = "rm_dry"},
                      {.computer = "p*", .tool = "rm*", .id = "no-rm"}}});
  const std::string text = "Denied by the rules of the room: no-rm";
  if (generation() == Generation::kG1) {
    EXPECT_THAT(Call("rm_all"), ElementsAre(R"(31[{"content":[{"type":"text","text":")" + text +
                                            R"("}],"isError":true}])"));
  } else {
    EXPECT_THAT(Call("rm_all"), ElementsAre(R"(31[{"code":403,"message":")" + text + R"("}])"));
  }
  EXPECT_THAT(computer_.Take(), IsEmpty());
  const std::vector<CallInfoRecord> calls = Calls(world_);
  ASSERT_THAT(calls, SizeIs(1));
  EXPECT_EQ(calls[0].state, CallState::kDenied);
  EXPECT_EQ(calls[0].tool_name, "rm_all");
  // As the tool's name reads, not as it is written.
  agent_.Emit("client:tool_call",
              R"({"agent":"x","req_id":"r","computer":"pc","tool_name":"\u0072m","params":{},)"
              R"("timeout":1})",
              "1");
  EXPECT_THAT(agent_.Take(), Contains(HasSubstr("no-rm")));
  // The first rule that matches decides; what is no tool call is not meant.
  EXPECT_THAT(Call("rm_dry"), IsEmpty());
  EXPECT_THAT(Call("ls"), IsEmpty());
  agent_.Emit("client:get_tools", R"({"agent":"x","req_id":"r","computer":"pc"})", "1");
  world_.Run();
  EXPECT_THAT(computer_.Take(), SizeIs(3));
  // Without an ack id there is nobody to tell.
  agent_.Emit("client:tool_call", ToolCall("pc", "rm"));
  world_.Run();
  EXPECT_THAT(agent_.Take(), IsEmpty());
  EXPECT_THAT(computer_.Take(), IsEmpty());
  // And it ends with the settings.
  Put(world_, "o1", {});
  EXPECT_THAT(Call("rm_all"), IsEmpty());
  EXPECT_THAT(computer_.Take(), SizeIs(1));
}

TEST_P(CallSettings, AnAgentThatComesLaterIsBoundToo) {
  agent_.Disconnect();
  world_.Run();
  Put(world_, "o1", {.tool_rules = {{.id = "all"}}});
  Client& late = world_.Connect(generation());
  late.Join("agent", "bot", "o1");
  world_.Run();
  late.Take();
  late.Emit("client:tool_call", ToolCall("pc", "t"), "1");
  world_.Run();
  EXPECT_THAT(late.Take(), Contains(HasSubstr("all")));
}

TEST_P(CallSettings, CallsInFlightAndTheirTimeAreBounded) {
  Put(world_, "o1", {.call_timeout_max_ms = 2000, .calls_in_flight_max = 1});
  EXPECT_THAT(Call("t"), IsEmpty());
  EXPECT_THAT(Call("t"), Contains(HasSubstr("Too many pending requests")));
  world_.Pass(Millis(1500));
  EXPECT_THAT(agent_.Take(), IsEmpty());
  world_.Pass(Millis(600));
  EXPECT_THAT(agent_.Take(), Contains(HasSubstr("timed out")));
}

TEST(Policy, GlobsMatchWholeTexts) {
  EXPECT_TRUE(MatchesGlob("", "anything"));
  EXPECT_TRUE(MatchesGlob("*", ""));
  EXPECT_TRUE(MatchesGlob("a*c", "abbc"));
  EXPECT_TRUE(MatchesGlob("a*b*c", "a-b-b-c"));
  EXPECT_TRUE(MatchesGlob("a?c",
                          "a\xc3\xa9"
                          "c"));
  EXPECT_TRUE(MatchesGlob("*\xc3\xa9", "caf\xc3\xa9"));
  EXPECT_FALSE(MatchesGlob("a", "ab"));
  EXPECT_FALSE(MatchesGlob("a*c", "abcd"));
  EXPECT_FALSE(MatchesGlob("?", ""));
  EXPECT_FALSE(MatchesGlob("A", "a"));
}

}  // namespace
}  // namespace smcp::test
