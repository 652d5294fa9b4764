// Questions from outside: query.h, domain.h.
#include "gateway/smcp/query.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "tests/unit/smcp/support/thread_scheduler.h"
#include "tests/unit/smcp/support/world.h"

namespace smcp::test {
namespace {

TEST(Query, CountsAndListsOverAllShards) {
  World world(3);
  world.Connect().Join("agent", "a", "o1");
  world.Connect(Generation::kG1, "0.1.4").Join("computer", "b", "o1");
  world.Connect().Join("computer", "c", "o2");
  world.Connect();
  world.Run();

  Counts counts;
  world.domain->CountAll([&](Counts got) { counts = got; });
  std::vector<OfficeSummary> offices;
  world.domain->ListOffices([&](std::vector<OfficeSummary> got) { offices = std::move(got); });
  std::vector<Session> sessions;
  AsyncGetAllSessionsInOffice(*world.domain, OfficeId{"o1"},
                              [&](std::vector<Session> got) { sessions = std::move(got); });
  std::vector<ComputerSession> computers;
  AsyncGetComputersInOffice(*world.domain, OfficeId{"o1"},
                            [&](std::vector<ComputerSession> got) { computers = std::move(got); });
  bool none = false;
  world.domain->ListSessions(OfficeId{"nowhere"},
                             [&](std::vector<Session> got) { none = got.empty(); });
  world.Run();

  EXPECT_EQ(counts.connections, 4u);
  EXPECT_EQ(counts.members, 3u);
  EXPECT_EQ(counts.branch_members, 3u);
  EXPECT_EQ(counts.offices, 2u);
  EXPECT_EQ(counts.seats, 3u);
  ASSERT_EQ(offices.size(), 2u);
  ASSERT_EQ(sessions.size(), 2u);
  EXPECT_EQ(std::get<AgentSession>(sessions[0]).name, "a");
  ASSERT_EQ(computers.size(), 1u);
  EXPECT_EQ(computers[0].name, "b");
  EXPECT_EQ(computers[0].sid.value, world.clients[1].sid);
  EXPECT_EQ(computers[0].office_id, OfficeId{"o1"});
  EXPECT_EQ(computers[0].a2c_version, "0.1.4");
  EXPECT_TRUE(none);
}

TEST(Query, DrainReachesEveryShardAndEndsWhenCallsDo) {
  World world(3);
  Client& agent = world.Connect();
  Client& computer = world.Connect();
  agent.Join("agent", "bot", "o1");
  computer.Join("computer", "pc", "o1");
  world.Run();
  agent.Emit("client:get_tools", R"({"agent":"b","req_id":"r","computer":"pc"})", "1");
  bool idle = false;
  world.domain->BeginDrain();
  world.domain->WhenIdle([&] { idle = true; });
  world.Run();
  EXPECT_FALSE(idle);
  agent.Emit("client:get_tools", R"({"agent":"b","req_id":"r","computer":"pc"})", "2");
  EXPECT_THAT(agent.Take(), testing::Contains(testing::HasSubstr("Server is shutting down")));
  computer.Disconnect();
  world.Run();
  EXPECT_TRUE(idle);
}

TEST(Query, AnswersAtOnceWhileNothingServes) {
  class Nobody final : public AuthenticationProvider {
    void Authenticate(AuthRequest, Done) override {}
  };
  auto domain =
      SmcpDomain::Create({}, std::make_shared<Nobody>(), std::make_shared<LocalBackplane>());
  // The blocking forms are for threads that have never been a shard.
  std::thread([&] {
    EXPECT_EQ(GetCounts(*domain).connections, 0u);
    EXPECT_TRUE(GetComputersInOffice(*domain, OfficeId{"o"}).empty());
  }).join();
  bool idle = false;
  domain->WhenIdle([&] { idle = true; });
  EXPECT_TRUE(idle);
}

// Only for the scheduler's sake: no router is ever made, so its tasks find nobody.
TEST(Query, BlockingFormsReturnEmptyWhenTheShardsAreGone) {
  class Nobody final : public AuthenticationProvider {
    void Authenticate(AuthRequest, Done) override {}
  };
  auto domain =
      SmcpDomain::Create({}, std::make_shared<Nobody>(), std::make_shared<LocalBackplane>());
  ThreadScheduler scheduler(2);
  domain->Serve(scheduler);
  std::thread([&] {
    EXPECT_TRUE(GetAllSessionsInOffice(*domain, OfficeId{"o"}).empty());
    EXPECT_EQ(GetCounts(*domain).connections, 0u);
  }).join();
  scheduler.Stop();
}

TEST(QueryDeathTest, BlockingFormOnAShardEndsTheProcess) {
  World world(1);
  world.Connect();  // this thread is a shard from here on
  EXPECT_DEATH(GetCounts(*world.domain), "OnShardThread");
}

}  // namespace
}  // namespace smcp::test
