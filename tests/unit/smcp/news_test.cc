// server:update_* and server:tool_call_cancel: SMCP-PROTOCOL.md 2.4, 2.5, 2.7; open choice 5.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/smcp/support/world.h"

namespace smcp::test {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class News : public testing::TestWithParam<uint16_t> {
 protected:
  void SetUp() override {
    agent_.Join("agent", "bot", "o1");
    computer_.Join("computer", "pc", "o1");
    peer_.Join("computer", "pc2", "o1");
    elsewhere_.Join("computer", "pc", "o2");
    world_.Run();
    for (Client& client : world_.clients) client.Take();
  }
  World world_{GetParam()};
  Client& agent_ = world_.Connect(Generation::kG2);
  Client& computer_ = world_.Connect(Generation::kG2);
  Client& peer_ = world_.Connect(Generation::kG2);
  Client& elsewhere_ = world_.Connect(Generation::kG2);
};
INSTANTIATE_TEST_SUITE_P(OnOneAndThreeShards, News, testing::Values(1, 3));

TEST_P(News, OfAComputerReachTheOthersUnderItsSessionName) {
  for (const std::string kind : {"config", "tool_list", "desktop", "skills"}) {
    computer_.Emit("server:update_" + kind, R"({"computer":"somebody else"})");
    world_.Run();
    const std::string expected = "2[\"notify:update_" + kind + "\",{\"computer\":\"pc\"}]";
    EXPECT_THAT(agent_.Take(), ElementsAre(expected));
    EXPECT_THAT(peer_.Take(), ElementsAre(expected));
    EXPECT_THAT(computer_.Take(), IsEmpty());
    EXPECT_THAT(elsewhere_.Take(), IsEmpty());
  }
}

TEST_P(News, SkillsAreUnknownToGeneration1) {
  World world(GetParam());
  Client& agent = world.Connect();
  Client& computer = world.Connect();
  agent.Join("agent", "a", "o");
  computer.Join("computer", "c", "o");
  world.Run();
  agent.Take();
  computer.Emit("server:update_skills", R"({"computer":"c"})", "1");
  world.Run();
  EXPECT_THAT(agent.Take(), IsEmpty());
  EXPECT_THAT(computer.Take(), ElementsAre("31[]"));
}

TEST_P(News, WithoutEffectAreDroppedAndLogged) {
  Client& lost = world_.Connect(Generation::kG2);
  world_.log->Take();
  lost.Emit("server:update_config", R"({"computer":"x"})");
  agent_.Emit("server:update_config", R"({"computer":"pc"})");
  computer_.Emit("server:update_config", R"({"computer":5})");
  computer_.Emit("server:tool_call_cancel", R"({"agent":"bot","req_id":"r"})");
  lost.Emit("server:tool_call_cancel", R"({"agent":"bot","req_id":"r"})");
  agent_.Emit("server:tool_call_cancel", R"({"agent":"bot"})");
  world_.Run();
  for (Client& client : world_.clients) EXPECT_THAT(client.Take(), IsEmpty());
  EXPECT_EQ(world_.log->Take().size(), 7u) << "one each, and one foreign name";
}

TEST_P(News, CancelIsToldWithTheSessionNameAndTheIdAsSent) {
  agent_.Emit("server:tool_call_cancel", R"({"agent":"other","req_id":"r\u00e9\"1"})");
  world_.Run();
  const std::string expected =
      R"(2["notify:tool_call_cancel",{"agent":"bot","req_id":"r\u00e9\"1"}])";
  EXPECT_THAT(computer_.Take(), ElementsAre(expected));
  EXPECT_THAT(peer_.Take(), ElementsAre(expected));
  EXPECT_THAT(agent_.Take(), IsEmpty());
  EXPECT_THAT(elsewhere_.Take(), IsEmpty());
}

TEST_P(News, CancelDoesNotEndTheCall) {
  agent_.Emit("client:get_tools", R"({"agent":"b","req_id":"r","computer":"pc"})", "1");
  agent_.Emit("server:tool_call_cancel", R"({"agent":"b","req_id":"r"})");
  world_.Run();
  EXPECT_EQ(computer_.Take().size(), 2u);
  computer_.Answer(0, R"([{"isError":true,"meta":{"a2c_cancelled":true}}])");
  world_.Run();
  EXPECT_THAT(agent_.Take(), ElementsAre(R"(31[{"isError":true,"meta":{"a2c_cancelled":true}}])"));
}

TEST_P(News, CancelNeverOvertakesItsCall) {
  for (uint64_t seed = 1; seed <= 200; ++seed) {
    agent_.Emit("client:get_tools", R"({"agent":"b","req_id":"r","computer":"pc"})", "1");
    agent_.Emit("server:tool_call_cancel", R"({"agent":"b","req_id":"r"})");
    SeededRandom random(seed);
    while (world_.scheduler.StepRandom(random)) {
    }
    const std::vector<std::string> heard = computer_.Take();
    ASSERT_EQ(heard.size(), 2u);
    EXPECT_THAT(heard[0], testing::HasSubstr("client:get_tools")) << "seed " << seed;
  }
}

TEST_P(News, WithAckIdGetAnEmptyAckWhateverHappened) {
  computer_.Emit("server:update_config", R"({"computer":"pc"})", "1");
  computer_.Emit("server:update_config", "{}", "2");
  agent_.Emit("server:tool_call_cancel", R"({"agent":"b","req_id":"r"})", "3");
  EXPECT_THAT(computer_.Take(), ElementsAre("31[]", "32[]"));
  EXPECT_THAT(agent_.Take(), ElementsAre("33[]"));
  World strict({.shards = GetParam(), .options = {.ack_notifications = false}});
  Client& client = strict.Connect();
  client.Emit("server:update_config", R"({"computer":"pc"})", "1");
  EXPECT_THAT(client.Take(), IsEmpty());
}

TEST_P(News, OfOtherNodesReachEveryMember) {
  // A backplane that can speak to the home as another node's news would make it.
  class Loud final : public Backplane {
   public:
    void Attach(uint16_t shard, Scheduler& scheduler, BackplaneEvents& events) override {
      heard.push_back(&events);
      local.Attach(shard, scheduler, events);
    }
    void Detach(uint16_t shard) override { local.Detach(shard); }
    void Claim(uint16_t shard, SeatRequest request, SeatDone done) override {
      home = shard;
      local.Claim(shard, std::move(request), std::move(done));
    }
    void Rename(uint16_t shard, const OfficeId& office, Role role, const std::string& from,
                const std::string& to, SeatDone done) override {
      local.Rename(shard, office, role, from, to, std::move(done));
    }
    void Release(uint16_t shard, const OfficeId& office, Role role,
                 const std::string& name) override {
      local.Release(shard, office, role, name);
    }
    void Publish(uint16_t, const OfficeId&, const Payload& packet) override {
      published.emplace_back(packet.view());
    }
    size_t SeatCount(uint16_t shard) const override { return local.SeatCount(shard); }
    LocalBackplane local;
    std::vector<BackplaneEvents*> heard;
    std::vector<std::string> published;
    uint16_t home = 0;
  };
  auto loud = std::make_shared<Loud>();
  World world({.shards = GetParam(), .backplane = loud});
  Client& agent = world.Connect();
  agent.Join("agent", "a", "o1");
  world.Run();
  EXPECT_THAT(loud->published, ElementsAre(testing::HasSubstr("notify:enter_office")));
  world.scheduler.As(loud->home, [&] {
    loud->heard[loud->home]->OnRemoteNews({OfficeId{"o1"}, Payload("[\"notify:x\",{}]")});
    loud->heard[loud->home]->OnRemoteNews({OfficeId{"none"}, Payload("[\"notify:y\",{}]")});
  });
  world.Run();
  EXPECT_THAT(agent.Take(), ElementsAre("2[\"notify:x\",{}]"));
}

}  // namespace
}  // namespace smcp::test
