// The namespaces a server registers, on real sockets over a session that only remembers.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>
#include <optional>

#include "gateway/auth/api_key_auth.h"
#include "gateway/auth/no_auth.h"
#include "gateway/backplane/local_backplane.h"
#include "gateway/smcp/base_namespace.h"
#include "gateway/smcp/smcp_namespace.h"
#include "gateway/smcp/sync_smcp_namespace.h"
#include "tests/unit/smcp/support/fake_scheduler.h"
#include "tests/unit/smcp/support/fake_session.h"
#include "tests/unit/smcp/support/thread_scheduler.h"

namespace smcp::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::shared_ptr<SmcpDomain> MakeDomain(
    SmcpOptions options = {},
    std::shared_ptr<AuthenticationProvider> auth = std::make_shared<NoAuthenticationProvider>()) {
  return SmcpDomain::Create(std::move(options), std::move(auth),
                            std::make_shared<LocalBackplane>());
}

// One shard's worth of what a namespace is given.
struct Bench {
  explicit Bench(Scheduler& s) : scheduler(s) {}
  sio::NamespaceContext Context() {
    return {.name = "/smcp",
            .shard = 0,
            .scheduler = &scheduler,
            .timers = &wheel,
            .clock = &clock,
            .sibling = [](uint16_t) -> sio::Namespace* { return nullptr; }};
  }
  Scheduler& scheduler;
  SteadyClock clock;
  TimerWheel wheel{clock.NowMs()};
};

// What a connection does for one socket.
class Conversation {
 public:
  Conversation(sio::Namespace& nsp, std::string sid, std::string query = {}) : nsp_(nsp) {
    session.made.query = std::move(query);
    nsp.OnConnect(
        {.nsp = "/smcp", .auth = "{}", .handshake = std::make_shared<sio::Handshake>(session.made)},
        [this](sio::ConnectVerdict got) { verdict = std::move(got); });
    if (!verdict || !verdict->accepted) return;
    socket = std::make_unique<sio::Socket>(session, nsp, std::move(sid));
    socket->set_data(std::move(verdict->state));
    nsp.OnConnected(*socket);
  }
  void Emit(std::string_view name, std::string_view args, std::string_view ack_id = {}) {
    const std::string payload = "[\"" + std::string(name) + "\"," + std::string(args) + "]";
    ASSERT_EQ(index_.Build(payload, 64), json::Error::kNone);
    nsp_.Dispatch(*socket, {name, payload, ack_id, index_, none_});
  }
  void End() {
    nsp_.OnDisconnect(*socket, sio::DisconnectReason::kTransportClose);
    socket->CancelCalls();
    socket.reset();
  }

  FakeSession session;
  std::optional<sio::ConnectVerdict> verdict;
  std::unique_ptr<sio::Socket> socket;

 private:
  sio::Namespace& nsp_;
  json::Index index_;
  const Attachments none_;
};

constexpr std::string_view kJoin = R"({"role":"agent","name":"bot","office_id":"o1"})";

class Extended : public SmcpNamespace {
 public:
  Extended(sio::NamespaceContext context, std::shared_ptr<SmcpDomain> domain,
           std::vector<std::string>* notes)
      : SmcpNamespace(std::move(context), std::move(domain)), notes_(*notes) {
    On("x:where", [this](sio::Socket& socket, const sio::EventView& event) {
      const std::optional<Session> session = SessionOf(socket);
      socket.SendAck(event.ack_id, session ? "[\"in\"]" : "[\"out\"]", {});
    });
    Use([this](sio::Socket&, const sio::EventView& event) {
      notes_.push_back("saw " + std::string(event.name));
      return event.name != "x:forbidden";
    });
  }
  void OnJoined(sio::Socket&, const Session& session) override {
    notes_.push_back("joined " + std::get<AgentSession>(session).name);
  }
  void OnLeft(sio::Socket& socket, const Session& session) override {
    notes_.push_back("left " + std::get<AgentSession>(session).office_id.value + " " +
                     socket.sid());
  }

 private:
  std::vector<std::string>& notes_;
};

TEST(SmcpNamespace, DerivedClassAddsEventsMiddlewareAndHooks) {
  FakeScheduler scheduler(1);
  Bench bench(scheduler);
  std::vector<std::string> notes;
  auto nsp = MakeFactory<Extended>(MakeDomain(), &notes)(bench.Context());
  Conversation talk(*nsp, "SID1");
  talk.Emit("server:join_office", kJoin, "1");
  talk.Emit("x:where", "{}", "2");  // waits for the join, then sees the office
  scheduler.RunAll();
  talk.Emit("x:forbidden", "{}", "3");
  talk.Emit("x:unheard", "{}", "4");
  EXPECT_THAT(talk.session.Take(),
              ElementsAre("43/smcp,1[true,null]", "43/smcp,2[\"in\"]", "43/smcp,4[]"));
  talk.End();
  scheduler.RunAll();
  EXPECT_THAT(notes, ElementsAre("saw server:join_office", "saw x:where", "joined bot",
                                 "saw x:forbidden", "saw x:unheard", "left o1 SID1"));
}

TEST(SmcpNamespace, GenerationComesFromTheHandshake) {
  FakeScheduler scheduler(1);
  Bench bench(scheduler);
  SmcpOptions options;
  options.versions.served.push_back(Generation::kG5);
  auto nsp = SmcpNamespace::Factory(MakeDomain(options))(bench.Context());
  Conversation flat(*nsp, "S5", "EIO=4&a2c_version=0.5.1");
  flat.Emit("server:join_office", kJoin, "1");
  scheduler.RunAll();
  EXPECT_THAT(flat.session.Take(), ElementsAre("43/smcp,1[]"));
  EXPECT_EQ(BaseNamespace::StateOf(*flat.socket).a2c_version, "0.5.1");
  flat.End();
  Conversation alien(*nsp, "S9", "a2c_version=0.9.0");
  EXPECT_FALSE(alien.verdict->accepted) << "also where no HTTP gate stands before";
}

TEST(SmcpNamespace, RefusalSaysTheSameWhateverTheReason) {
  FakeScheduler scheduler(1);
  Bench bench(scheduler);
  class Throwing final : public AuthenticationProvider {
    void Authenticate(AuthRequest, Done) override { throw 5; }
  };
  class Dropping final : public AuthenticationProvider {
    void Authenticate(AuthRequest, Done) override {}
  };
  ApiKeyOptions key;
  key.secret = "s3cret";
  auto wrong = SmcpNamespace::Factory(
      MakeDomain({}, std::make_shared<DefaultAuthenticationProvider>(key)))(bench.Context());
  Conversation refused(*wrong, "S");
  ASSERT_TRUE(refused.verdict);
  EXPECT_FALSE(refused.verdict->accepted);
  EXPECT_EQ(refused.verdict->message, "Connection refused by server");
  EXPECT_EQ(refused.verdict->data, "");
  // Both let `done` go unused, which the server takes for a refusal.
  auto throwing = SmcpNamespace::Factory(MakeDomain({}, std::make_shared<Throwing>()));
  EXPECT_FALSE(Conversation(*throwing(bench.Context()), "S").verdict);
  auto dropping = SmcpNamespace::Factory(MakeDomain({}, std::make_shared<Dropping>()));
  EXPECT_FALSE(Conversation(*dropping(bench.Context()), "S").verdict);
  auto explaining = SmcpNamespace::Factory(
      MakeDomain({.explain_refusals = true}, std::make_shared<DefaultAuthenticationProvider>(key)));
  auto explained = explaining(bench.Context());
  EXPECT_THAT(Conversation(*explained, "S").verdict->data, HasSubstr("\"code\":401"));
}

TEST(SmcpNamespace, TheControlPlaneFindsItsSocketsAndHearsOfRefusals) {
  class Labelling final : public AuthenticationProvider {
    void Authenticate(AuthRequest request, Done done) override {
      if (request.query == "no") return std::move(done)(absl::UnauthenticatedError("secret text"));
      std::move(done)(Identity{"me", {{"team", "red"}}});
    }
  };
  FakeScheduler scheduler(1);
  Bench bench(scheduler);
  auto domain = MakeDomain({}, std::make_shared<Labelling>());
  auto nsp = SmcpNamespace::Factory(domain)(bench.Context());
  std::vector<Change> changes;
  const auto read = [&] {
    domain->inspect().ReadJournal(
        {}, [&](std::vector<JournalPart> parts) { changes = std::move(parts.at(0).changes); });
    scheduler.RunAll();
  };
  Conversation unheard(*nsp, "S0", "no");
  read();
  Conversation client(*nsp, "S1");
  nsp->Attach(*client.socket);
  Conversation refused(*nsp, "S2", "no");
  std::vector<SessionInfo> found;
  domain->inspect().GetSessions({"S1", "S2"},
                                [&](std::vector<SessionInfo> got) { found = std::move(got); });
  scheduler.RunAll();
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].sid, "S1");
  EXPECT_EQ(found[0].labels.at("team"), "red");
  domain->admin().Disconnect("S1", false, [](absl::StatusOr<SessionInfo>) {});
  scheduler.RunAll();
  EXPECT_TRUE(client.session.cut);
  nsp->Detach(*client.socket);
  client.End();
  read();
  ASSERT_EQ(changes.size(), 3u);
  EXPECT_EQ(changes[0].kind, Change::Kind::kConnected);
  EXPECT_EQ(changes[0].sid, "S1");
  EXPECT_EQ(changes[1].kind, Change::Kind::kRefused);
  EXPECT_EQ(changes[1].cause, "UNAUTHENTICATED");
  EXPECT_EQ(changes[2].kind, Change::Kind::kDisconnected);
  EXPECT_EQ(changes[2].cause, "transport close");
}

TEST(SmcpNamespace, CallsGoFromSocketToSocket) {
  FakeScheduler scheduler(1);
  Bench bench(scheduler);
  auto nsp = SmcpNamespace::Factory(MakeDomain())(bench.Context());
  Conversation agent(*nsp, "A");
  Conversation computer(*nsp, "C");
  agent.Emit("server:join_office", kJoin);
  computer.Emit("server:join_office", R"({"role":"computer","name":"pc","office_id":"o1"})");
  scheduler.RunAll();
  agent.session.Take();
  agent.Emit("client:get_tools", R"({"agent":"bot","req_id":"r1","computer":"pc"})", "2");
  const std::vector<std::string> request = computer.session.Take();
  ASSERT_EQ(request.size(), 1u);
  EXPECT_THAT(request[0], testing::MatchesRegex(R"(42/smcp,[0-9]+\["client:get_tools",.*)"));
  json::Index index;
  const std::string answer = R"([{"tools":[],"req_id":"r1"}])";
  ASSERT_EQ(index.Build(answer, 8), json::Error::kNone);
  const Attachments none;
  nsp->OnAck(*computer.socket,
             {static_cast<uint32_t>(std::stoul(request[0].substr(8))), answer, index, none});
  EXPECT_THAT(agent.session.Take(), ElementsAre("43/smcp,2" + answer));
  agent.End();
  computer.End();
}

class Blocking : public SyncSmcpNamespace {
 public:
  using Body = std::function<void(BlockingEvent&)>;
  Blocking(sio::NamespaceContext context, std::shared_ptr<SmcpDomain> domain,
           std::shared_ptr<SyncPool> pool, Body body)
      : SyncSmcpNamespace(std::move(context), std::move(domain), std::move(pool)) {
    OnBlocking("x:work", std::move(body));
  }
};

// Runs what the pool posts until `done` holds, for at most ten seconds.
template <class Done>
bool RunUntil(ThreadScheduler& scheduler, Done done) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (std::chrono::steady_clock::now() < deadline) {
    std::promise<bool> answer;
    scheduler.Post(0, [&] { answer.set_value(done()); });
    if (answer.get_future().get()) return true;
    std::this_thread::yield();
  }
  return false;
}

// Everything of the namespace happens on the one shard's thread.
class SyncNamespace : public testing::Test {
 protected:
  template <class F>
  void OnShard(F f) {
    std::promise<void> done;
    scheduler_.Post(0, [&] {
      f();
      done.set_value();
    });
    done.get_future().wait();
  }
  void Start(Blocking::Body body, size_t threads = 1, size_t queue = 1) {
    OnShard([&] {
      nsp_ = MakeFactory<Blocking>(MakeDomain(), std::make_shared<SyncPool>(threads, queue),
                                   std::move(body))(bench_.Context());
      talk_ = std::make_unique<Conversation>(*nsp_, "S1");
    });
  }
  std::vector<std::string> WaitForPackets(size_t count) {
    EXPECT_TRUE(RunUntil(scheduler_, [&] { return talk_->session.sent.size() >= count; }));
    std::vector<std::string> got;
    OnShard([&] { got = talk_->session.Take(); });
    return got;
  }
  void TearDown() override {
    OnShard([&] {
      if (talk_) talk_->End();
      talk_.reset();
      nsp_.reset();
    });
  }
  ThreadScheduler scheduler_{1};
  Bench bench_{scheduler_};
  std::unique_ptr<sio::Namespace> nsp_;
  std::unique_ptr<Conversation> talk_;
};

TEST_F(SyncNamespace, HandlerRunsOffTheShardAndAcks) {
  std::promise<std::thread::id> where;
  Start([&](BlockingEvent& event) {
    where.set_value(std::this_thread::get_id());
    event.Emit("x:progress", "1");
    event.Ack("\"" + event.sid() + "\",2");
    event.Ack("\"again\"");
  });
  std::thread::id shard;
  OnShard([&] {
    shard = std::this_thread::get_id();
    talk_->Emit("x:work", "{}", "1");
  });
  EXPECT_NE(where.get_future().get(), shard);
  EXPECT_THAT(WaitForPackets(2), ElementsAre("42/smcp,[\"x:progress\",1]", "43/smcp,1[\"S1\",2]"));
}

TEST_F(SyncNamespace, HandlerThatThrowsOrSaysNothingIsAnswered) {
  Start([](BlockingEvent& event) {
    if (event.payload().find("throw") != std::string::npos) throw std::string("secret");
  });
  OnShard([&] { talk_->Emit("x:work", "\"throw\"", "1"); });
  EXPECT_THAT(WaitForPackets(1),
              ElementsAre(R"(43/smcp,1[{"code":500,"message":"Internal server error"}])"));
  OnShard([&] { talk_->Emit("x:work", "\"fine\"", "2"); });
  EXPECT_THAT(WaitForPackets(1), ElementsAre("43/smcp,2[]"));
}

TEST_F(SyncNamespace, FullPoolIsAnsweredAtOnce) {
  std::promise<void> gate;
  std::shared_future<void> open = gate.get_future().share();
  Start([open](BlockingEvent&) { open.wait(); }, 1, 1);
  OnShard([&] {
    for (const char* id : {"1", "2", "3"}) talk_->Emit("x:work", "{}", id);
  });
  EXPECT_THAT(WaitForPackets(1),
              ElementsAre(R"(43/smcp,3[{"code":500,"message":"Server is busy"}])"));
  gate.set_value();
  EXPECT_THAT(WaitForPackets(2), ElementsAre("43/smcp,1[]", "43/smcp,2[]"));
}

TEST_F(SyncNamespace, HandlerMayWaitForTheClientsAnswer) {
  std::promise<absl::StatusOr<sio::CallAnswer>> answered;
  Start([&](BlockingEvent& event) {
    answered.set_value(event.Call("x:question", "1", Millis(60'000)));
  });
  OnShard([&] { talk_->Emit("x:work", "{}"); });
  const std::vector<std::string> question = WaitForPackets(1);
  EXPECT_THAT(question[0], testing::MatchesRegex(R"(42/smcp,[0-9]+\["x:question",1\])"));
  OnShard([&] {
    json::Index index;
    ASSERT_EQ(index.Build("[42]", 4), json::Error::kNone);
    const Attachments none;
    EXPECT_TRUE(talk_->socket->TakeAck(
        {static_cast<uint32_t>(std::stoul(question[0].substr(8))), "[42]", index, none}));
  });
  const absl::StatusOr<sio::CallAnswer> got = answered.get_future().get();
  ASSERT_TRUE(got.ok());
  EXPECT_EQ(got->payload, "[42]");
}

TEST_F(SyncNamespace, WaitingForAClientThatGoesAwayIsCancelled) {
  std::promise<absl::Status> status;
  Start([&](BlockingEvent& event) {
    status.set_value(event.Call("x:question", "1", Millis(60'000)).status());
  });
  OnShard([&] { talk_->Emit("x:work", "{}"); });
  WaitForPackets(1);
  OnShard([&] {
    talk_->End();
    talk_.reset();
  });
  EXPECT_EQ(status.get_future().get().code(), absl::StatusCode::kCancelled);
}

}  // namespace
}  // namespace smcp::test
