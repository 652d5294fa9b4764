// The domain on real threads: what the simulation cannot see, a data race, ThreadSanitizer sees
// here.
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <deque>
#include <future>
#include <string>
#include <thread>

#include "gateway/backplane/local_backplane.h"
#include "gateway/smcp/domain.h"
#include "gateway/smcp/router.h"
#include "tests/unit/smcp/support/thread_scheduler.h"

namespace smcp::test {
namespace {

constexpr uint16_t kShards = 4;
constexpr int kOffices = 40;
constexpr int kComputersPerOffice = 2;
constexpr int kCallsPerAgent = 200;
constexpr int kOutstanding = 4;

class Quiet final : public RouterHost {
  void OnReplay(const Member&, const sio::EventView&) override {}
  void OnMemberJoined(const Member&) override {}
  void OnMemberLeft(const Member&, const OfficeId&) override {}
  void OnCallBegan(const Member&, const CallInfo&) override {}
  void OnCallEnded(const Member&, const CallInfo&, Refusal) override {}
  MemberRef MemberOf(std::string_view) override { return {}; }
  const std::map<std::string, std::string>* LabelsOf(const Member&) override { return nullptr; }
};

// A client that lives on its shard's thread and reacts to what it is sent, by tasks of its own.
class Robot final : public sio::Egress {
 public:
  Robot(Scheduler& scheduler, uint16_t shard, SmcpDomain& domain, std::string role,
        std::string name, std::string office)
      : scheduler_(scheduler),
        shard_(shard),
        domain_(domain),
        role_(std::move(role)),
        name_(std::move(name)),
        office_(std::move(office)) {}

  void Enter(Router& router) {
    ref_ = router.Add(*this, {"sid-" + name_ + office_, "", Generation::kG2});
    Emit("server:join_office",
         R"({"role":")" + role_ + R"(","name":")" + name_ + R"(","office_id":")" + office_ + "\"}",
         "0");
  }
  void Exit(Router& router) { router.Remove(ref_); }
  void StartCalls() {
    for (int i = 0; i < kOutstanding; ++i) NextCall();
  }

  sio::SendResult SendEvent(std::string_view ack_id, std::string_view, const Attachments&,
                            bool) override {
    if (ack_id.empty()) return sio::SendResult::kQueued;
    const auto id = static_cast<uint32_t>(std::stoul(std::string(ack_id)));
    domain_.Post(shard_, [this, id](Router& router) {
      const std::string answer = "[\"" + name_ + "\"]";
      EXPECT_EQ(index_.Build(answer, 4), json::Error::kNone);
      router.OnAck(ref_, {id, answer, index_, none_});
    });
    return sio::SendResult::kQueued;
  }
  sio::SendResult SendAck(std::string_view ack_id, std::string_view payload,
                          const Attachments&) override {
    if (ack_id == "0") {
      EXPECT_EQ(payload, "[true,null]");
      joined = true;
      return sio::SendResult::kQueued;
    }
    EXPECT_EQ(payload, std::stoul(std::string(ack_id)) % 2 == 0 ? "[\"c0\"]" : "[\"c1\"]");
    ++answers;
    scheduler_.Post(shard_, [this] { NextCall(); });
    return sio::SendResult::kQueued;
  }
  size_t Backlog() const override { return 0; }
  uint32_t NextAckId() override { return next_ack_id_++; }
  void PauseReading() override {}
  void ResumeReading() override {}
  void Disconnect() override { ADD_FAILURE(); }
  void End(bool) override { ADD_FAILURE(); }
  sio::SocketFacts Facts() const override { return {}; }

  uint16_t shard() const { return shard_; }
  std::atomic<bool> joined = false;
  std::atomic<int> answers = 0;

 private:
  void NextCall() {
    if (calls_ == kCallsPerAgent) return;
    const int id = ++calls_;
    Emit("client:get_tools",
         R"({"agent":"a","req_id":"r","computer":"c)" + std::to_string(id % 2) + "\"}",
         std::to_string(id));
  }
  void Emit(std::string_view event, const std::string& args, const std::string& ack_id) {
    domain_.Post(shard_, [this, event, args, ack_id](Router& router) {
      const std::string payload = "[\"" + std::string(event) + "\"," + args + "]";
      EXPECT_EQ(index_.Build(payload, 16), json::Error::kNone);
      EXPECT_TRUE(router.OnEvent(ref_, {event, payload, ack_id, index_, none_}));
    });
  }

  Scheduler& scheduler_;
  const uint16_t shard_;
  SmcpDomain& domain_;
  const std::string role_, name_, office_;
  const Attachments none_;
  json::Index index_;
  MemberRef ref_;
  uint32_t next_ack_id_ = 0;
  int calls_ = 0;
};

template <class Done>
bool WaitFor(Done done) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  while (!done()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::yield();
  }
  return true;
}

bool AllJoin(SmcpDomain& domain, std::deque<Robot>& robots) {
  for (Robot& robot : robots) {
    domain.Post(robot.shard(), [&robot](Router& router) { robot.Enter(router); });
  }
  return WaitFor([&] {
    for (Robot& robot : robots) {
      if (!robot.joined) return false;
    }
    return true;
  });
}

// All that the control plane asks for, one after another; the number of sessions.
size_t LookAround(SmcpDomain& domain) {
  GatewayInspect& inspect = domain.inspect();
  std::promise<size_t> seen;
  std::future<size_t> done = seen.get_future();
  inspect.PageSessions({}, 1000, {}, [&](SessionPage sessions) {
    inspect.PageOffices({}, 1000, {}, [&, sessions = sessions.total](OfficePage offices) {
      EXPECT_EQ(offices.offices.size(), static_cast<size_t>(kOffices));
      inspect.ListCalls(true, true, 100, [&, sessions](std::vector<CallInfoRecord>) {
        inspect.ReadJournal({}, [&, sessions](std::vector<JournalPart> parts) {
          EXPECT_EQ(parts.size(), static_cast<size_t>(kShards));
          seen.set_value(sessions);
        });
      });
    });
  });
  return done.get();
}

TEST(Stress, OfficesOnFourThreadsGetEveryAnswerAndLeaveNothing) {
  class Nobody final : public AuthenticationProvider {
    void Authenticate(AuthRequest, Done) override {}
  };
  auto domain =
      SmcpDomain::Create({}, std::make_shared<Nobody>(), std::make_shared<LocalBackplane>());
  ThreadScheduler scheduler(kShards);
  SteadyClock clock;
  Quiet host;
  std::deque<TimerWheel> wheels;
  std::deque<Router> routers;
  domain->Serve(scheduler);
  for (uint16_t shard = 0; shard < kShards; ++shard) {
    routers.emplace_back(RouterContext{.shard = shard,
                                       .scheduler = &scheduler,
                                       .timers = &wheels.emplace_back(clock.NowMs()),
                                       .clock = &clock,
                                       .routers = &domain->routers(),
                                       .options = &domain->options(),
                                       .backplane = &domain->backplane(),
                                       .host = &host});
  }
  std::deque<Robot> agents;
  std::deque<Robot> computers;
  uint16_t next = 0;
  for (int office = 0; office < kOffices; ++office) {
    const std::string id = "office" + std::to_string(office);
    agents.emplace_back(scheduler, next++ % kShards, *domain, "agent", "a", id);
    for (int c = 0; c < kComputersPerOffice; ++c) {
      computers.emplace_back(scheduler, next++ % kShards, *domain, "computer",
                             "c" + std::to_string(c), id);
    }
  }
  ASSERT_TRUE(AllJoin(*domain, computers));
  ASSERT_TRUE(AllJoin(*domain, agents));
  for (Robot& agent : agents) scheduler.Post(agent.shard(), [&agent] { agent.StartCalls(); });
  std::atomic<bool> watched{true};
  std::thread watcher([&] {
    while (watched) EXPECT_EQ(LookAround(*domain), agents.size() + computers.size());
  });
  EXPECT_TRUE(WaitFor([&] {
    for (Robot& agent : agents) {
      if (agent.answers != kCallsPerAgent) return false;
    }
    return true;
  }));
  watched = false;
  watcher.join();
  for (std::deque<Robot>* robots : {&agents, &computers}) {
    for (Robot& robot : *robots) {
      domain->Post(robot.shard(), [&robot](Router& router) { robot.Exit(router); });
    }
  }
  Counts counts;
  std::thread([&] {
    EXPECT_TRUE(WaitFor([&] {
      counts = GetCounts(*domain);
      return counts.branch_members + counts.seats + counts.offices == 0;
    }));
  }).join();
  EXPECT_EQ(counts.connections + counts.calls_in_flight + counts.calls_pending, 0u);
  scheduler.Stop();
}

}  // namespace
}  // namespace smcp::test
