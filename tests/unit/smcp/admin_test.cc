// What administrators do: admin.h.
#include "gateway/smcp/admin.h"

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
using testing::UnorderedElementsAre;

class Admin : public testing::TestWithParam<uint16_t> {
 protected:
  void SetUp() override {
    for (Client* client : {&agent_, &computer_, &other_}) {
      const bool agent = client == &agent_;
      client->Join(agent ? "agent" : "computer",
                   agent                  ? "bot"
                   : client == &computer_ ? "pc"
                                          : "pc2",
                   "o1");
      world_.Run();
    }
    Quiet();
  }
  void Quiet() {
    for (Client& client : world_.clients) client.Take();
  }
  GatewayAdmin& admin() { return world_.domain->admin(); }
  InvokeRequest Request() {
    return {.office = OfficeId{"o1"},
            .computer = "pc",
            .tool = "t\"1",
            .arguments_json = R"({"k":1})",
            .timeout_ms = 2500,
            .caller = "root",
            .req_id = "inv-1"};
  }
  void Invoke(InvokeRequest request) {
    admin().Invoke(
        std::move(request), [&](CallInfoRecord call) { begun_.push_back(call); },
        [&](Or<InvokeAnswer> answer) { answers_.push_back(std::move(answer)); });
    world_.Run();
  }
  Or<SessionInfo> RemoveFromOffice(std::string sid) {
    return Ask<Or<SessionInfo>>(
        world_, [&](auto done) { admin().RemoveFromOffice(std::move(sid), std::move(done)); });
  }
  World world_{GetParam()};
  Client& agent_ = world_.Connect(Generation::kG2);
  Client& computer_ = world_.Connect(Generation::kG2);
  Client& other_ = world_.Connect(Generation::kG2);
  std::vector<CallInfoRecord> begun_;
  std::vector<Or<InvokeAnswer>> answers_;
};
INSTANTIATE_TEST_SUITE_P(OnOneAndThreeShards, Admin, testing::Values(1, 3));

TEST_P(Admin, DisconnectsForGoodOrForNow) {
  const auto disconnect = [&](std::string sid, bool terminal) {
    return Ask<Or<SessionInfo>>(
        world_, [&](auto done) { admin().Disconnect(std::move(sid), terminal, std::move(done)); });
  };
  EXPECT_EQ(disconnect(computer_.sid, true)->name, "pc");
  EXPECT_TRUE(computer_.egress.disconnected);
  EXPECT_FALSE(computer_.egress.cut);
  EXPECT_EQ(disconnect(other_.sid, false)->name, "pc2");
  EXPECT_TRUE(other_.egress.cut);
  EXPECT_FALSE(other_.egress.disconnected);
  EXPECT_TRUE(absl::IsNotFound(disconnect("nobody", true).status()));
}

TEST_P(Admin, RemovesFromTheOfficeAndTheConnectionStays) {
  EXPECT_EQ(RemoveFromOffice(computer_.sid)->office_id, "o1");
  EXPECT_THAT(agent_.Take(),
              ElementsAre(R"(2["notify:leave_office",{"office_id":"o1","computer":"pc"}])"));
  EXPECT_THAT(computer_.Take(), IsEmpty());
  EXPECT_THAT(world_.hooks, Contains("left pc o1"));
  EXPECT_EQ(computer_.egress.paused, 0);
  agent_.Emit("client:get_tools", R"({"agent":"b","req_id":"r","computer":"pc"})", "1");
  world_.Run();
  EXPECT_THAT(agent_.Take(), Contains(HasSubstr("404")));
  EXPECT_TRUE(absl::IsFailedPrecondition(RemoveFromOffice(computer_.sid).status()));
  EXPECT_TRUE(absl::IsNotFound(RemoveFromOffice("nobody").status()));
  computer_.Join("computer", "pc", "o1", "5");
  world_.Run();
  EXPECT_THAT(computer_.Take(), ElementsAre("35[true,null]"));
}

TEST_P(Admin, RemovingWhileTheMemberMovesLeavesNothingHalfDone) {
  for (int steps = 0; steps < 40; ++steps) {
    World world(GetParam());
    Client& computer = world.Connect();
    computer.Join("computer", "pc", "o1");
    world.Run();
    computer.Take();
    computer.Join("computer", "pc", "o2", "1");
    for (int i = 0; i < steps; ++i) {
      world.scheduler.Step(static_cast<size_t>(i) % GetParam());
    }
    int answers = 0;
    world.domain->admin().RemoveFromOffice(computer.sid, [&](Or<SessionInfo>) { ++answers; });
    world.Run();
    EXPECT_EQ(answers, 1);
    EXPECT_THAT(computer.Take(), ElementsAre("31[true,null]"));
    EXPECT_EQ(world.Count().members, world.Seats());
    EXPECT_EQ(world.Count().branch_members, world.Seats());
    EXPECT_EQ(computer.egress.paused, 0);
    computer.Disconnect();
    world.Run();
    EXPECT_EQ(world.Seats(), 0u);
    EXPECT_EQ(world.Count().offices, 0u);
  }
}

TEST_P(Admin, ClosesAnOffice) {
  const auto close = [&](std::string office, bool disconnect) {
    return Ask<Or<size_t>>(world_, [&](auto done) {
      admin().CloseOffice(OfficeId{std::move(office)}, disconnect, std::move(done));
    });
  };
  EXPECT_EQ(*close("o1", false), 3u);
  EXPECT_EQ(world_.Count().members, 0u);
  EXPECT_EQ(world_.Count().offices, 0u);
  EXPECT_EQ(world_.Seats(), 0u);
  EXPECT_EQ(world_.Count().connections, 3u);
  // The last one to go has heard of those before it.
  EXPECT_THAT(other_.Take(), SizeIs(2));
  EXPECT_TRUE(absl::IsNotFound(close("o1", false).status()));
  computer_.Join("computer", "pc", "o1");
  world_.Run();
  EXPECT_EQ(*close("o1", true), 1u);
  EXPECT_TRUE(computer_.egress.disconnected);
  EXPECT_FALSE(other_.egress.disconnected);
}

TEST_P(Admin, CancelsACallAsItsAgentWould) {
  const auto cancel = [&](std::string req_id) {
    return Ask<Or<CallInfoRecord>>(world_, [&](auto done) {
      admin().CancelCall({"o1", "bot", std::move(req_id)}, "ops", std::move(done));
    });
  };
  agent_.Emit("client:get_tools", R"({"agent":"b","req_id":"r\"1","computer":"pc"})", "1");
  world_.Run();
  Quiet();
  const Or<CallInfoRecord> call = cancel("r\"1");
  ASSERT_TRUE(call.ok()) << call.status();
  EXPECT_TRUE(call->cancel_requested);
  EXPECT_EQ(call->cancelled_by, "ops");
  EXPECT_EQ(call->state, CallState::kSent);
  const std::string news = R"(2["notify:tool_call_cancel",{"agent":"bot","req_id":"r\"1"}])";
  EXPECT_THAT(computer_.Take(), ElementsAre(news));
  EXPECT_THAT(other_.Take(), ElementsAre(news));
  EXPECT_THAT(agent_.Take(), IsEmpty());
  computer_.Answer(0, "[{}]");
  world_.Run();
  EXPECT_EQ(Calls(world_).at(0).state, CallState::kCancelled);
  EXPECT_TRUE(absl::IsFailedPrecondition(cancel("r\"1").status()));
  EXPECT_TRUE(absl::IsNotFound(cancel("other").status()));
}

TEST_P(Admin, InvokesAToolAndGetsItsAnswer) {
  Invoke(Request());
  EXPECT_THAT(computer_.Take(),
              ElementsAre(R"(20["client:tool_call",{"agent":"root","req_id":"inv-1",)"
                          R"("computer":"pc","tool_name":"t\"1","params":{"k":1},"timeout":3}])"));
  EXPECT_THAT(agent_.Take(), IsEmpty());
  ASSERT_THAT(begun_, SizeIs(1));
  EXPECT_EQ(begun_[0].state, CallState::kSent);
  EXPECT_EQ(begun_[0].tool_name, "t\"1");
  EXPECT_THAT(answers_, IsEmpty());
  EXPECT_EQ(Calls(world_, true, false).at(0).agent_name, "root");
  EXPECT_EQ(Offices(world_, {"o1"}).at(0).calls_in_flight, 1u);
  computer_.Answer(0, R"([{"isError":true,"x":1}])");
  world_.Run();
  ASSERT_THAT(answers_, SizeIs(1));
  ASSERT_TRUE(answers_[0].ok());
  EXPECT_EQ(answers_[0]->result_json, R"([{"isError":true,"x":1}])");
  EXPECT_EQ(answers_[0]->call.state, CallState::kToolError);
  EXPECT_EQ(world_.Count().calls_in_flight, 0u);
}

TEST_P(Admin, AsksForToolsInTheSameWay) {
  InvokeRequest request = Request();
  request.event = "client:get_tools";
  Invoke(std::move(request));
  EXPECT_THAT(
      computer_.Take(),
      ElementsAre(R"(20["client:get_tools",{"agent":"root","req_id":"inv-1","computer":"pc"}])"));
  world_.Pass(Millis(2600));
  ASSERT_THAT(answers_, SizeIs(1));
  EXPECT_EQ(answers_[0]->call.state, CallState::kTimeout);
}

TEST_P(Admin, AnInvocationEndsWhateverHappens) {
  Invoke(Request());
  world_.Pass(Millis(2500 + 4900));
  EXPECT_THAT(answers_, IsEmpty());
  world_.Pass(Millis(200));
  ASSERT_THAT(answers_, SizeIs(1));
  EXPECT_EQ(answers_[0]->call.state, CallState::kTimeout);
  EXPECT_EQ(answers_[0]->result_json, "");

  Invoke(Request());
  computer_.Disconnect();
  world_.Run();
  ASSERT_THAT(answers_, SizeIs(2));
  EXPECT_EQ(answers_[1]->call.state, CallState::kPeerLost);

  Invoke(Request());
  ASSERT_THAT(answers_, SizeIs(3));
  EXPECT_TRUE(absl::IsNotFound(answers_[2].status()));
  InvokeRequest elsewhere = Request();
  elsewhere.office.value = "o2";
  Invoke(std::move(elsewhere));
  EXPECT_TRUE(absl::IsNotFound(answers_.at(3).status()));
  InvokeRequest bad = Request();
  bad.computer = "pc2";
  bad.arguments_json = "{}],[";
  Invoke(bad);
  EXPECT_TRUE(absl::IsInvalidArgument(answers_.at(4).status()));
  EXPECT_THAT(other_.Take(), Not(Contains(HasSubstr("client:tool_call"))));
}

TEST_P(Admin, AnInvocationObeysTheOfficeAndTheDrain) {
  Put(world_, "o1", {.calls_in_flight_max = 1, .tool_rules = {{.tool = "t*", .id = "x"}}});
  Invoke(Request());
  ASSERT_THAT(answers_, SizeIs(1));
  EXPECT_EQ(answers_[0]->call.state, CallState::kDenied);
  EXPECT_THAT(computer_.Take(), IsEmpty());
  InvokeRequest allowed = Request();
  allowed.tool = "other";
  Invoke(allowed);
  Invoke(allowed);
  ASSERT_THAT(answers_, SizeIs(2));
  EXPECT_TRUE(absl::IsResourceExhausted(answers_[1].status()));
  bool idle = false;
  world_.domain->BeginDrain();
  world_.domain->WhenIdle([&] { idle = true; });
  Put(world_, "o1", {});
  Invoke(allowed);
  ASSERT_THAT(answers_, SizeIs(3));
  EXPECT_TRUE(absl::IsUnavailable(answers_[2].status()));
  EXPECT_FALSE(idle);
  computer_.Answer(0, "[{}]");
  world_.Run();
  EXPECT_TRUE(idle);
  EXPECT_THAT(answers_, SizeIs(4));
}

TEST_P(Admin, AnInvocationIsCancelledByItsKey) {
  Invoke(Request());
  Quiet();
  const auto call = Ask<Or<CallInfoRecord>>(world_, [&](auto done) {
    admin().CancelCall({"o1", "root", "inv-1"}, "ops", std::move(done));
  });
  ASSERT_TRUE(call.ok());
  EXPECT_EQ(call->cancelled_by, "ops");
  EXPECT_THAT(computer_.Take(),
              ElementsAre(R"(2["notify:tool_call_cancel",{"agent":"root","req_id":"inv-1"}])"));
  computer_.Answer(0, "[{}]");
  world_.Run();
  EXPECT_EQ(answers_.at(0)->call.state, CallState::kCancelled);
}

TEST_P(Admin, AnInvocationIsAnsweredWhenTheGatewayStops) {
  auto world = std::make_unique<World>(GetParam());
  world->Connect().Join("computer", "pc", "o1");
  world->Run();
  world->domain->admin().Invoke(
      Request(), [](CallInfoRecord) {},
      [&](Or<InvokeAnswer> answer) { answers_.push_back(std::move(answer)); });
  world->Run();
  EXPECT_THAT(answers_, IsEmpty());
  world.reset();
  ASSERT_THAT(answers_, SizeIs(1));
  EXPECT_TRUE(absl::IsUnavailable(answers_[0].status()));
}

TEST_P(Admin, NotifiesInAComputersName) {
  const auto notify = [&](std::string office, std::string computer, NoticeKind kind) {
    return Ask<Or<NoticeResult>>(world_, [&](auto done) {
      admin().Notify(OfficeId{std::move(office)}, std::move(computer), kind, std::move(done));
    });
  };
  Or<NoticeResult> result = notify("o1", "pc", NoticeKind::kToolList);
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result->members_told, 2u);
  EXPECT_THAT(result->computers, ElementsAre("pc"));
  const std::string news = R"(2["notify:update_tool_list",{"computer":"pc"}])";
  EXPECT_THAT(agent_.Take(), ElementsAre(news));
  EXPECT_THAT(other_.Take(), ElementsAre(news));
  EXPECT_THAT(computer_.Take(), IsEmpty());

  result = notify("o1", "", NoticeKind::kSkills);
  EXPECT_EQ(result->members_told, 3u);
  EXPECT_THAT(result->computers, ElementsAre("pc", "pc2"));
  EXPECT_THAT(agent_.Take(), SizeIs(2));
  EXPECT_THAT(computer_.Take(), ElementsAre(R"(2["notify:update_skills",{"computer":"pc2"}])"));
  EXPECT_TRUE(absl::IsNotFound(notify("o1", "nobody", NoticeKind::kConfig).status()));
  EXPECT_TRUE(absl::IsNotFound(notify("o2", "", NoticeKind::kConfig).status()));

  Client& old = world_.Connect(Generation::kG1);
  old.Join("computer", "old", "o3");
  world_.Run();
  EXPECT_TRUE(absl::IsFailedPrecondition(notify("o3", "old", NoticeKind::kSkills).status()));
  EXPECT_EQ(notify("o3", "old", NoticeKind::kDesktop)->members_told, 0u);
}

}  // namespace
}  // namespace smcp::test
