#include "control/hub.h"

#include <gtest/gtest.h>

#include "control/errors.h"
#include "smcp/control/v1/office_service.pb.h"
#include "smcp/control/v1/session_service.pb.h"
#include "smcp/control/v1/tool_call_service.pb.h"
#include "tests/unit/control/support/fake_call.h"
#include "tests/unit/control/support/fake_gateway.h"

namespace smcp::control {
namespace {

using Change = v1::SessionChange;

class HubTest : public testing::Test {
 protected:
  struct Reader {
    std::shared_ptr<FakeSink> sink = std::make_shared<FakeSink>();
    std::shared_ptr<Call> call;
  };

  HubTest() {
    limits_.changes = 20;
    limits_.events = 20;
    limits_.ahead_messages = 10;
    limits_.watchers = 5;
    method_->make_request = [] { return std::make_unique<v1::WatchSessionsRequest>(); };
    Rebuild();
  }
  void Rebuild() { hub_ = std::make_shared<Hub>(gateway_, executor_, limits_, "node"); }

  Reader NewReader() {
    Reader reader;
    reader.call = std::make_shared<Call>(method_, Caller{}, reader.sink);
    return reader;
  }
  Reader WatchSessions(std::function<bool(const SessionInfo&)> match = {}, std::string resume = "",
                       bool omit_initial = false, bool stuck = false) {
    Reader reader = NewReader();
    reader.sink->stuck = stuck;
    hub_->WatchSessions({reader.call, std::move(match), "b", std::move(resume), omit_initial});
    executor_->Run();
    return reader;
  }
  Reader WatchEvents(EventFeed::Match match = {}, std::string resume = "", uint64_t backlog = 0) {
    Reader reader = NewReader();
    hub_->WatchEvents(reader.call, std::move(match), std::move(resume), backlog);
    executor_->Run();
    return reader;
  }
  void Cycle() { executor_->Run(limits_.poll_ms); }

  // "+sid" added, "~sid" modified, "-sid" removed, "B" bookmark ("B!" the first), "R" reset.
  static std::string Words(const Reader& reader, std::string* token = nullptr) {
    std::string out;
    for (const Change& change : reader.sink->Take<Change>()) {
      if (!out.empty()) out += " ";
      if (change.has_added()) out += "+" + change.added().sid();
      if (change.has_modified()) out += "~" + change.modified().sid();
      if (change.has_removed()) out += "-" + change.removed().sid();
      if (change.has_bookmark()) {
        out += change.bookmark().initial_set_complete() ? "B!" : "B";
        if (token != nullptr) *token = change.bookmark().resume_token();
      }
      if (change.has_reset()) out += "R";
    }
    return out;
  }

  FakeGateway gateway_;
  HubLimits limits_;
  std::shared_ptr<FakeExecutor> executor_ = std::make_shared<FakeExecutor>();
  std::shared_ptr<Method> method_ = std::make_shared<Method>();
  std::shared_ptr<Hub> hub_;
};

TEST_F(HubTest, BeginsWithTheCurrentSetAndABookmark) {
  gateway_.Add("b", Role::kAgent, "ann", "x");
  gateway_.Connect("a");
  const Reader reader = WatchSessions();
  EXPECT_EQ(Words(reader), "+a +b B!");
}

TEST_F(HubTest, TellsOfWhoComesChangesAndGoes) {
  const Reader reader = WatchSessions();
  EXPECT_EQ(Words(reader), "B!");
  gateway_.Connect("a");
  Cycle();
  EXPECT_EQ(Words(reader), "+a");
  gateway_.Join("a", Role::kComputer, "pc", "x");
  Cycle();
  EXPECT_EQ(Words(reader), "~a");
  gateway_.Drop("a");
  Cycle();
  const auto changes = reader.sink->Take<Change>();
  ASSERT_EQ(changes.size(), 1U);
  EXPECT_EQ(changes[0].removed().cause(), "transport_close");
  EXPECT_GT(changes[0].seq(), 0U);
}

TEST_F(HubTest, OneFetchServesAllWatchers) {
  const Reader one = WatchSessions();
  const Reader two = WatchSessions();
  gateway_.fetched = gateway_.journal_reads = 0;
  gateway_.Add("a", Role::kAgent, "ann", "x");
  Cycle();
  EXPECT_EQ(Words(one), "B! +a");
  EXPECT_EQ(Words(two), "B! +a");
  EXPECT_EQ(gateway_.fetched, 1U);
  EXPECT_EQ(gateway_.journal_reads, 1U);
}

TEST_F(HubTest, ChangesThatShowNothingAreNotTold) {
  gateway_.Add("a", Role::kAgent, "ann", "x");
  const Reader reader = WatchSessions();
  Words(reader);
  gateway_.Find("a")->events_in = 9;
  gateway_.journal.push_back(gateway_.journal.back());
  gateway_.journal.back().seq = gateway_.journal.size();
  Cycle();
  EXPECT_EQ(Words(reader), "");
  gateway_.Connect("gone at once");
  gateway_.Drop("gone at once");
  Cycle();
  EXPECT_EQ(Words(reader), "");
}

TEST_F(HubTest, FilterDecidesWhatIsAddedAndRemoved) {
  gateway_.Connect("a");
  const Reader reader = WatchSessions([](const SessionInfo& s) { return s.office_id == "x"; });
  EXPECT_EQ(Words(reader), "B!");
  gateway_.Join("a", Role::kAgent, "ann", "x");
  Cycle();
  EXPECT_EQ(Words(reader), "+a");
  gateway_.Leave("a");
  Cycle();
  EXPECT_EQ(Words(reader), "-a");
  gateway_.Drop("a");
  Cycle();
  EXPECT_EQ(Words(reader), "") << "it had not matched any more";
}

TEST_F(HubTest, BookmarksComeWhileNothingHappens) {
  const Reader reader = WatchSessions();
  executor_->Run(2 * limits_.bookmark_ms + 2 * limits_.poll_ms);
  EXPECT_EQ(Words(reader), "B! B B");
}

TEST_F(HubTest, ResumesWhereItWas) {
  gateway_.Connect("a");
  std::string token;
  Reader first = WatchSessions();
  EXPECT_EQ(Words(first, &token), "+a B!");
  first.sink->Leave();
  executor_->Run();
  EXPECT_EQ(hub_->watchers(), 0U);
  gateway_.Connect("b");
  gateway_.Drop("a");
  Cycle();
  const Reader second = WatchSessions({}, token);
  EXPECT_EQ(Words(second), "+b -a B");
}

TEST_F(HubTest, TokensThatAreTooOldOrNotOursExpire) {
  std::string token;
  const Reader first = WatchSessions();
  Words(first, &token);
  for (int i = 0; i < 25; ++i) gateway_.Connect("s" + std::to_string(i));
  Cycle();
  for (const std::string& bad : {token, std::string("nonsense"), token + "A"}) {
    const Reader reader = WatchSessions({}, bad);
    ASSERT_TRUE(reader.sink->finished);
    EXPECT_EQ(ReasonOf(*reader.sink->finished), v1::RESUME_TOKEN_EXPIRED);
    EXPECT_EQ(reader.sink->finished->code(), absl::StatusCode::kOutOfRange);
  }
  const Reader other = NewReader();
  hub_->WatchSessions({other.call, {}, "another filter", token, false});
  executor_->Run();
  EXPECT_EQ(ReasonOf(*other.sink->finished), v1::RESUME_TOKEN_EXPIRED);
}

TEST_F(HubTest, SlowWatcherIsResetAndCostsTheOthersNothing) {
  const Reader fast = WatchSessions();
  const Reader slow = WatchSessions();
  EXPECT_EQ(Words(slow), "B!");
  slow.sink->stuck = true;
  for (int i = 10; i < 60; ++i) {
    gateway_.Connect("s" + std::to_string(i));
    Cycle();
  }
  EXPECT_EQ(fast.sink->sent.size(), 51U);
  EXPECT_LE(slow.sink->sent.size(), limits_.ahead_messages) << "nothing is queued beyond that";
  slow.sink->sent.clear();
  slow.sink->Read();
  executor_->Run();
  const std::string words = Words(slow);
  EXPECT_TRUE(words.starts_with("R +s10 +s11 ")) << words;
  EXPECT_TRUE(words.ends_with(" +s59 B!")) << words;
  gateway_.Connect("z");
  Cycle();
  EXPECT_EQ(Words(slow), "+z") << "a member like any other again";
}

TEST_F(HubTest, ChangesWhileTheSetIsOnItsWayAreNeitherLostNorDoubled) {
  for (int i = 10; i < 40; ++i) gateway_.Connect("s" + std::to_string(i));
  const Reader reader = WatchSessions({}, "", false, true);
  EXPECT_EQ(Words(reader), "+s10 +s11 +s12 +s13 +s14 +s15 +s16 +s17 +s18 +s19");
  gateway_.Drop("s11");                              // sent already
  gateway_.Drop("s30");                              // not sent yet
  gateway_.Join("s12", Role::kAgent, "ann", "x");    // sent
  gateway_.Join("s31", Role::kComputer, "pc", "x");  // not sent
  gateway_.Connect("s00");                           // in front
  gateway_.Connect("s99");                           // behind
  Cycle();
  EXPECT_EQ(Words(reader), "");
  reader.sink->Read();
  executor_->Run();
  std::string expected = "+s00 ~s12 -s11";
  for (int i = 20; i < 40; ++i) {
    if (i != 30) expected += " +s" + std::to_string(i);
  }
  EXPECT_EQ(Words(reader), expected + " +s99 B!");
}

TEST_F(HubTest, LostJournalMeansResetForAll) {
  gateway_.Connect("a");
  const Reader one = WatchSessions();
  const Reader two = WatchSessions({}, "", true);
  EXPECT_EQ(Words(one), "+a B!");
  EXPECT_EQ(Words(two), "B");
  gateway_.Connect("b");
  gateway_.lose_next = gateway_.forget_next = true;
  executor_->Run(limits_.rebuild_ms + limits_.poll_ms);
  EXPECT_EQ(Words(one), "R +a +b B!");
  EXPECT_EQ(Words(two), "R +a +b B!");
}

TEST_F(HubTest, OmittedSetLeavesChangesOnly) {
  gateway_.Connect("a");
  const Reader reader = WatchSessions({}, "", true);
  EXPECT_EQ(Words(reader), "B");
  gateway_.Drop("a");
  Cycle();
  EXPECT_EQ(Words(reader), "-a");
}

TEST_F(HubTest, WatchersAreBounded) {
  std::vector<Reader> readers;
  for (size_t i = 0; i < limits_.watchers; ++i) readers.push_back(WatchSessions());
  const Reader refused = WatchSessions();
  ASSERT_TRUE(refused.sink->finished);
  EXPECT_EQ(ReasonOf(*refused.sink->finished), v1::TOO_MANY_WATCHERS);
  readers.back().sink->Leave();
  executor_->Run();
  EXPECT_FALSE(WatchSessions().sink->finished);
}

TEST_F(HubTest, NobodyWatchingCostsNothing) {
  gateway_.Connect("a");
  executor_->Run(10'000);
  EXPECT_EQ(gateway_.journal_reads, 0U);
  Reader reader = WatchSessions();
  reader.sink->Leave();
  executor_->Run(limits_.linger_ms + 10 * limits_.poll_ms);
  const size_t reads = gateway_.journal_reads;
  EXPECT_EQ(executor_->waiting(), 0U);
  executor_->Run(60'000);
  EXPECT_EQ(gateway_.journal_reads, reads);
  // And begins anew with what is then.
  gateway_.Connect("b");
  EXPECT_EQ(Words(WatchSessions()), "+a +b B!");
}

TEST_F(HubTest, OfficesFollowTheirMembers) {
  gateway_.Add("a", Role::kAgent, "ann", "x");
  Reader reader = NewReader();
  hub_->WatchOffices({reader.call, {}, "b", "", false});
  executor_->Run();
  gateway_.Add("c", Role::kComputer, "pc", "x");
  gateway_.Add("d", Role::kComputer, "pc", "y");
  Cycle();
  gateway_.Drop("d");
  Cycle();
  const auto changes = reader.sink->Take<v1::OfficeChange>();
  ASSERT_EQ(changes.size(), 5U);
  EXPECT_EQ(changes[0].added().agent().name(), "ann");
  EXPECT_TRUE(changes[1].bookmark().initial_set_complete());
  EXPECT_EQ(changes[2].modified().computer_count(), 1U);
  EXPECT_EQ(changes[3].added().office_id(), "y");
  EXPECT_EQ(changes[4].removed().office_id(), "y");
}

TEST_F(HubTest, CallsBeginAndEnd) {
  CallInfoRecord call;
  call.office_id = "x";
  call.req_id = "1";
  call.started_ms = 1'000;
  gateway_.Begin(call);
  Reader reader = NewReader();
  hub_->WatchCalls({reader.call, {}, "b", "", false});
  executor_->Run();
  call.req_id = "2";
  gateway_.Begin(call);
  Cycle();
  gateway_.End("1", CallState::kToolError);
  Cycle();
  const auto changes = reader.sink->Take<v1::ToolCallChange>();
  ASSERT_EQ(changes.size(), 4U);
  EXPECT_EQ(changes[0].added().req_id(), "1");
  EXPECT_TRUE(changes[1].has_bookmark());
  EXPECT_EQ(changes[2].added().req_id(), "2");
  EXPECT_EQ(changes[3].removed().req_id(), "1");
  EXPECT_EQ(changes[3].removed().state(), type::v1::ToolCall::TOOL_ERROR);
}

std::string Kinds(const std::vector<v1::Event>& events) {
  std::string out;
  for (const v1::Event& event : events) {
    out += (out.empty() ? "" : " ") + v1::Event::Kind_Name(event.kind());
  }
  return out;
}

TEST_F(HubTest, EventsAreNumberedAndResumed) {
  const Reader reader = WatchEvents();
  gateway_.Add("a", Role::kAgent, "ann", "x");
  Cycle();
  v1::Event published;
  published.set_kind(v1::Event::NODE_CHANGED);
  hub_->Publish(published);
  gateway_.Drop("a");
  Cycle();
  const auto events = reader.sink->Take<v1::Event>();
  EXPECT_EQ(Kinds(events), "BOOKMARK CONNECTED JOINED NODE_CHANGED LEFT DISCONNECTED");
  for (size_t i = 2; i < events.size(); ++i) EXPECT_EQ(events[i].seq(), events[i - 1].seq() + 1);
  EXPECT_EQ(events[5].cause(), "transport_close");
  const Reader again = WatchEvents({}, events[3].resume_token());
  EXPECT_EQ(Kinds(again.sink->Take<v1::Event>()), "LEFT DISCONNECTED BOOKMARK");
  EXPECT_EQ(Kinds(WatchEvents({}, "", 1).sink->Take<v1::Event>()), "DISCONNECTED BOOKMARK");
}

TEST_F(HubTest, EventsAreMadeOnlyForThoseWhoWatchThem) {
  const Reader sessions = WatchSessions();
  gateway_.Connect("a");
  gateway_.Connect("b");
  Cycle();
  const Reader first = WatchEvents();
  EXPECT_EQ(Kinds(first.sink->Take<v1::Event>()), "BOOKMARK") << "from now on";
  const Reader second = WatchEvents({}, "", 9);
  const auto backlog = second.sink->Take<v1::Event>();
  EXPECT_EQ(Kinds(backlog), "CONNECTED CONNECTED BOOKMARK") << "the journal still has them";
  first.sink->Leave();
  second.sink->Leave();
  executor_->Run(limits_.events_linger_ms / 2);
  EXPECT_FALSE(WatchEvents({}, backlog[0].resume_token()).sink->finished);
}

TEST_F(HubTest, EventsStopAWhileAfterTheLastReader) {
  const Reader sessions = WatchSessions();
  Reader events = WatchEvents();
  const std::string token = events.sink->Take<v1::Event>()[0].resume_token();
  events.sink->Leave();
  executor_->Run(limits_.events_linger_ms + 2 * limits_.poll_ms);
  gateway_.Connect("a");
  Cycle();
  EXPECT_EQ(ReasonOf(*WatchEvents({}, token).sink->finished), v1::RESUME_TOKEN_EXPIRED);
  EXPECT_EQ(Kinds(WatchEvents({}, "", 1).sink->Take<v1::Event>()), "CONNECTED BOOKMARK");
}

TEST_F(HubTest, SlowReaderOfEventsIsToldHowManyItMissed) {
  const Reader reader = WatchEvents();
  reader.sink->sent.clear();
  reader.sink->stuck = true;
  for (int i = 0; i < 50; ++i) gateway_.Connect("s" + std::to_string(i));
  Cycle();
  EXPECT_LE(reader.sink->sent.size(), limits_.ahead_messages);
  const auto before = reader.sink->Take<v1::Event>();
  reader.sink->Read();
  executor_->Run();
  const auto after = reader.sink->Take<v1::Event>();
  uint64_t lost = 0;
  size_t heard = 0;
  for (const auto* list : {&before, &after}) {
    for (const v1::Event& event : *list) {
      lost += event.lost();
      heard += event.kind() == v1::Event::CONNECTED ? 1 : 0;
    }
  }
  EXPECT_GT(lost, 0U);
  EXPECT_EQ(heard + lost, 50U);
}

TEST_F(HubTest, AnswersMayComeAfterItHasGone) {
  class Late : public GatewayInspect {
   public:
    void PageSessions(std::optional<SessionCursor>, size_t, SessionPredicate,
                      Done<SessionPage>) override {}
    void GetSessions(std::vector<std::string>, Done<std::vector<SessionInfo>>) override {}
    void FindMembers(OfficeId, Role, std::string, Done<std::vector<SessionInfo>>) override {}
    void PageOffices(std::string, size_t, OfficePredicate, Done<OfficePage>) override {}
    void GetOffices(std::vector<std::string>, Done<std::vector<OfficeInfo>>) override {}
    void ListCalls(bool, bool, size_t, Done<std::vector<CallInfoRecord>>) override {}
    void ReadJournal(std::vector<uint64_t>, Done<std::vector<JournalPart>> done) override {
      held = std::move(done);
    }
    Done<std::vector<JournalPart>> held;
  } late;
  auto hub = std::make_shared<Hub>(late, executor_, limits_, "node");
  Reader reader = NewReader();
  hub->WatchSessions({reader.call, {}, "b", "", false});
  executor_->Run();
  ASSERT_TRUE(late.held);
  hub.reset();
  reader.call.reset();
  std::move(late.held)({});
  executor_->Run();
  EXPECT_EQ(ReasonOf(*reader.sink->finished), v1::NODE_STOPPING);
}

}  // namespace
}  // namespace smcp::control
