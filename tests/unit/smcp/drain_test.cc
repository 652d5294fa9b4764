// Draining (DECISIONS 13, 14) and a backplane that is slow or fails.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/smcp/support/world.h"

namespace smcp::test {
namespace {

using testing::ElementsAre;

constexpr std::string_view kTools = R"({"agent":"bot","req_id":"r1","computer":"pc"})";

TEST(Drain, RefusesNewCallsAndWaitsForThoseInFlight) {
  World world(2);
  Client& agent = world.ConnectAt(0);
  Client& computer = world.ConnectAt(1);
  agent.Join("agent", "bot", "o1");
  computer.Join("computer", "pc", "o1");
  world.Run();
  agent.Take();
  agent.Emit("client:get_tools", kTools, "1");
  world.Run();
  world.RouterAt(0).BeginDrain();
  agent.Emit("client:get_tools", kTools, "2");
  EXPECT_THAT(agent.Take(), ElementsAre(R"(32[{"code":500,"message":"Server is shutting down"}])"));
  bool idle = false;
  world.RouterAt(0).WhenIdle([&idle] { idle = true; });
  EXPECT_FALSE(idle);
  computer.Answer(0, "[1]");
  world.Run();
  EXPECT_TRUE(idle);
  EXPECT_THAT(agent.Take(), ElementsAre("31[1]"));
  bool at_once = false;
  world.RouterAt(0).WhenIdle([&at_once] { at_once = true; });
  EXPECT_TRUE(at_once);
}

TEST(Drain, CallerThatGoesAwayIsNotWaitedFor) {
  World world(1);
  Client& agent = world.Connect();
  Client& computer = world.Connect();
  agent.Join("agent", "bot", "o1");
  computer.Join("computer", "pc", "o1");
  world.Run();
  agent.Emit("client:get_tools", kTools, "1");
  bool idle = false;
  world.RouterAt(0).WhenIdle([&idle] { idle = true; });
  agent.Disconnect();
  EXPECT_TRUE(idle);
}

// Answers when the test says so.
class SlowBackplane final : public Backplane {
 public:
  void Attach(uint16_t, Scheduler&, BackplaneEvents&) override {}
  void Detach(uint16_t) override {}
  void Claim(uint16_t, SeatRequest, SeatDone done) override { waiting.push_back(std::move(done)); }
  void Rename(uint16_t, const OfficeId&, Role, const std::string&, const std::string&,
              SeatDone done) override {
    waiting.push_back(std::move(done));
  }
  void Release(uint16_t, const OfficeId&, Role, const std::string&) override { ++released; }
  void Publish(uint16_t, const OfficeId&, const Payload&) override {}
  size_t SeatCount(uint16_t) const override { return 0; }
  void Answer(World& world, SeatResult result) {
    SeatDone done = std::move(waiting.front());
    waiting.erase(waiting.begin());
    world.scheduler.As(0, [&] { std::move(done)(result); });
    world.Run();
  }
  std::vector<SeatDone> waiting;
  int released = 0;
};

TEST(SlowBackplaneTest, FailureIsAnInternalError) {
  auto slow = std::make_shared<SlowBackplane>();
  World world({.backplane = slow});
  Client& old = world.Connect();
  Client& flat = world.Connect(Generation::kG5);
  old.Join("agent", "a", "o1", "1");
  flat.Join("agent", "a", "o2", "1");
  world.Run();
  slow->Answer(world, SeatResult::kUnavailable);
  slow->Answer(world, SeatResult::kUnavailable);
  EXPECT_THAT(old.Take(), ElementsAre(R"(31[false,"Internal server error"])"));
  EXPECT_THAT(flat.Take(), ElementsAre(R"(31[{"code":500,"message":"Internal server error"}])"));
  EXPECT_EQ(world.Count().offices, 0u);
}

TEST(SlowBackplaneTest, RequestsOfOneOfficeWaitForEachOther) {
  auto slow = std::make_shared<SlowBackplane>();
  World world({.backplane = slow});
  Client& a = world.Connect();
  Client& b = world.Connect();
  a.Join("agent", "a", "o1", "1");
  b.Join("computer", "b", "o1", "1");
  world.Run();
  EXPECT_EQ(slow->waiting.size(), 1u) << "one decision at a time";
  slow->Answer(world, SeatResult::kGranted);
  EXPECT_THAT(a.Take(), ElementsAre("31[true,null]"));
  a.Disconnect();
  world.Run();
  EXPECT_EQ(slow->released, 0) << "the leave waits behind the join of b";
  slow->Answer(world, SeatResult::kGranted);
  EXPECT_EQ(slow->released, 1);
  EXPECT_THAT(b.Take(), ElementsAre("31[true,null]",
                                    R"(2["notify:leave_office",{"office_id":"o1","agent":"a"}])"));
}

TEST(SlowBackplaneTest, NewsAndListsDoNotPileUp) {
  auto slow = std::make_shared<SlowBackplane>();
  World world({.options = {.office_queue_max = 2}, .backplane = slow});
  Client& agent = world.Connect();
  Client& computer = world.Connect();
  agent.Join("agent", "a", "o1");
  world.Run();
  slow->Answer(world, SeatResult::kGranted);
  computer.Join("computer", "c", "o1");
  world.Run();
  for (int i = 0; i < 3; ++i) {
    agent.Emit("server:tool_call_cancel", R"({"agent":"a","req_id":"r"})");
  }
  agent.Emit("server:list_room", R"({"agent":"a","req_id":"r","office_id":"o1"})", "1");
  world.Run();
  EXPECT_THAT(agent.Take(), ElementsAre(R"(31[{"code":500,"message":"Internal server error"}])"));
  EXPECT_EQ(world.RouterAt(0).home().news_dropped(), 2u);
  slow->Answer(world, SeatResult::kGranted);
  EXPECT_EQ(computer.Take().size(), 2u) << "the two cancels that could wait";
}

}  // namespace
}  // namespace smcp::test
