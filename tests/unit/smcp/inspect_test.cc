// What can be seen of sessions, offices and the journal from outside: inspect.h, control_door.h.
#include "gateway/smcp/inspect.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "gateway/smcp/control_door.h"
#include "tests/unit/smcp/support/ask.h"

namespace smcp::test {
namespace {

using testing::Each;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

class Inspect : public testing::TestWithParam<uint16_t> {
 protected:
  SessionPage Page(std::optional<SessionCursor> after, size_t max, SessionPredicate match = {}) {
    return Ask<SessionPage>(world_, [&](auto done) {
      world_.domain->inspect().PageSessions(after, max, std::move(match), std::move(done));
    });
  }
  OfficePage OfficesFrom(std::string after, size_t max, OfficePredicate match = {}) {
    return Ask<OfficePage>(world_, [&](auto done) {
      world_.domain->inspect().PageOffices(std::move(after), max, std::move(match),
                                           std::move(done));
    });
  }
  World world_{GetParam()};
};
INSTANTIATE_TEST_SUITE_P(OnOneAndThreeShards, Inspect, testing::Values(1, 3));

TEST_P(Inspect, ASessionShowsWhatItsConnectionAndItsMembershipKnow) {
  world_.labels = {{"team", "red"}};
  Client& computer = world_.Connect(Generation::kG2, "0.2.1");
  computer.egress.facts = {.websocket = true,
                           .path = "/socket.io/",
                           .origin = "https://o",
                           .address = "192.0.2.1",
                           .port = 99,
                           .forwarded_for = "198.51.100.7",
                           .user_agent = "ua/1",
                           .connected_ms = 5,
                           .last_packet_ms = 6,
                           .ping_us = 7,
                           .events_in = 1,
                           .events_out = 2,
                           .bytes_in = 3,
                           .bytes_out = 4,
                           .queued_bytes = 8};
  EXPECT_THAT(Sessions(world_, {"nobody"}), IsEmpty());
  std::vector<SessionInfo> found = Sessions(world_, {computer.sid, "nobody", computer.sid});
  ASSERT_THAT(found, SizeIs(1));
  EXPECT_EQ(found[0].role, Role::kNone);
  EXPECT_EQ(found[0].office_id, "");
  EXPECT_EQ(found[0].joined_ms, 0);

  world_.clock.now_ms += 50;
  computer.Join("computer", "pc", "o1");
  world_.Run();
  found = Sessions(world_, {computer.sid});
  ASSERT_THAT(found, SizeIs(1));
  const SessionInfo& info = found[0];
  EXPECT_EQ(info.sid, computer.sid);
  EXPECT_EQ(info.role, Role::kComputer);
  EXPECT_EQ(info.name, "pc");
  EXPECT_EQ(info.office_id, "o1");
  EXPECT_EQ(info.a2c_version, "0.2.1");
  EXPECT_EQ(info.generation, Generation::kG2);
  EXPECT_TRUE(info.websocket);
  EXPECT_EQ(info.path, "/socket.io/");
  EXPECT_EQ(info.origin, "https://o");
  EXPECT_EQ(info.address, "192.0.2.1");
  EXPECT_EQ(info.port, 99);
  EXPECT_EQ(info.forwarded_for, "198.51.100.7");
  EXPECT_EQ(info.user_agent, "ua/1");
  EXPECT_EQ(info.connected_ms, 5);
  EXPECT_EQ(info.joined_ms, world_.clock.now_ms);
  EXPECT_EQ(info.last_activity_ms, 6);
  EXPECT_EQ(info.ping_us, 7);
  EXPECT_EQ(info.events_in + 10 * info.events_out + 100 * info.bytes_in + 1000 * info.bytes_out,
            4321u);
  EXPECT_EQ(info.send_queue_bytes, 8u);
  EXPECT_EQ(info.labels, world_.labels);
}

TEST_P(Inspect, SessionsComeInTheOrderAskedFor) {
  std::vector<std::string> sids;
  for (int i = 0; i < 7; ++i) sids.push_back(world_.Connect().sid);
  std::reverse(sids.begin(), sids.end());
  std::vector<std::string> got;
  for (const SessionInfo& info : Sessions(world_, sids)) got.push_back(info.sid);
  EXPECT_EQ(got, sids);
}

TEST_P(Inspect, CallsCountOnBothSides) {
  Client& agent = world_.Connect();
  Client& computer = world_.Connect();
  agent.Join("agent", "bot", "o1");
  computer.Join("computer", "pc", "o1");
  world_.Run();
  agent.Emit("client:get_tools", R"({"agent":"b","req_id":"r","computer":"pc"})", "1");
  world_.Run();
  for (const SessionInfo& info : Sessions(world_, {agent.sid, computer.sid})) {
    EXPECT_EQ(info.calls_in_flight, 1u) << info.name;
  }
  EXPECT_EQ(Offices(world_, {"o1"}).at(0).calls_in_flight, 1u);
}

TEST_P(Inspect, PagesOfSessionsHaveNoRowTwiceAndMissNoneThatStays) {
  std::set<std::string> stable;
  for (int i = 0; i < 1500; ++i) {
    Client& client = world_.Connect();
    if (i % 3 != 0) stable.insert(client.sid);
  }
  std::map<std::string, int> seen;
  std::optional<SessionCursor> after;
  size_t next_to_go = 0;
  for (int page_number = 0;; ++page_number) {
    ASSERT_LT(page_number, 1000);
    const SessionPage page = Page(after, 40);
    for (const SessionInfo& info : page.sessions) ++seen[info.sid];
    if (!page.next) break;
    after = page.next;
    // Others come and go between the pages, into the places of those that went too.
    for (int i = 0; i < 12 && next_to_go < 1500; ++i, next_to_go += 3) {
      world_.clients[next_to_go].Disconnect();
      world_.Connect();
    }
    world_.Run();
  }
  for (const auto& [sid, times] : seen) EXPECT_EQ(times, 1) << sid;
  for (const std::string& sid : stable) EXPECT_EQ(seen.count(sid), 1u) << sid;
}

TEST_P(Inspect, PagesOfSessionsAreFilteredAndCountAll) {
  for (int i = 0; i < 900; ++i) world_.Connect();
  world_.clients[700].Join("computer", "needle", "o1");
  world_.Run();
  const SessionPage page =
      Page(std::nullopt, 10, [](const SessionView& view) { return view.name == "needle"; });
  ASSERT_THAT(page.sessions, SizeIs(1));
  EXPECT_EQ(page.sessions[0].sid, world_.clients[700].sid);
  EXPECT_FALSE(page.next);
  EXPECT_EQ(page.total, 900u);
}

TEST_P(Inspect, AListingIsReadInSteps) {
  for (int i = 0; i < 2000; ++i) world_.Connect();
  size_t looked_at = 0;
  bool done = false;
  world_.domain->inspect().PageSessions(
      std::nullopt, 10,
      [&](const SessionView&) {
        ++looked_at;
        return false;
      },
      [&](SessionPage) { done = true; });
  while (!world_.scheduler.idle()) {
    const size_t before = looked_at;
    for (size_t shard = 0; shard < GetParam(); ++shard) world_.scheduler.Step(shard);
    EXPECT_LE(looked_at - before, 512u);
  }
  EXPECT_TRUE(done);
  EXPECT_EQ(looked_at, 2000u);
}

TEST_P(Inspect, MembersAreFoundByOfficeRoleAndName) {
  Client& agent = world_.Connect();
  Client& computer = world_.Connect();
  agent.Join("agent", "same", "o1");
  computer.Join("computer", "same", "o1");
  world_.Connect().Join("computer", "same", "o2");
  world_.Run();
  const auto find = [&](std::string office, Role role, std::string name) {
    std::vector<std::string> sids;
    for (const SessionInfo& info : Ask<std::vector<SessionInfo>>(world_, [&](auto done) {
           world_.domain->inspect().FindMembers(OfficeId{office}, role, name, std::move(done));
         })) {
      sids.push_back(info.sid);
    }
    return sids;
  };
  EXPECT_THAT(find("o1", Role::kAgent, "same"), ElementsAre(agent.sid));
  EXPECT_THAT(find("o1", Role::kComputer, "same"), ElementsAre(computer.sid));
  EXPECT_THAT(find("o1", Role::kNone, "same"), ElementsAre(agent.sid, computer.sid));
  EXPECT_THAT(find("o1", Role::kNone, "other"), IsEmpty());
  EXPECT_THAT(find("o3", Role::kNone, "same"), IsEmpty());
}

TEST_P(Inspect, OfficesComeInOrderOfTheirIds) {
  std::vector<std::string> ids;
  for (int i = 0; i < 600; ++i) ids.push_back("o" + std::to_string(i * 7919 % 1000));
  std::sort(ids.begin(), ids.end());
  ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
  for (const std::string& id : ids) world_.Connect().Join("computer", "pc", id);
  world_.Run();
  std::vector<std::string> got;
  std::string after;
  for (bool more = true; more;) {
    const OfficePage page = OfficesFrom(after, 37);
    EXPECT_LE(page.offices.size(), 37u);
    EXPECT_EQ(page.total, ids.size());
    for (const OfficeInfo& office : page.offices) got.push_back(office.office_id.value);
    more = page.more;
    after = got.back();
  }
  EXPECT_EQ(got, ids);
  const OfficePage page = OfficesFrom(
      {}, 5, [](const OfficeInfo& office) { return office.office_id.value.ends_with("3"); });
  EXPECT_THAT(page.offices, SizeIs(5));
  EXPECT_TRUE(page.more);
}

TEST_P(Inspect, AnOfficeShowsItsMembersInJoinOrder) {
  Client& computer = world_.Connect(Generation::kG2);
  Client& agent = world_.Connect(Generation::kG2);
  world_.clock.now_ms += 77;
  computer.Join("computer", "pc", "o1");
  world_.Run();
  world_.clock.now_ms += 5;
  agent.Join("agent", "bot", "o1");
  world_.Run();
  const std::vector<OfficeInfo> found = Offices(world_, {"nowhere", "o1"});
  ASSERT_THAT(found, SizeIs(1));
  EXPECT_EQ(found[0].created_ms, world_.clock.now_ms - 5);
  EXPECT_EQ(found[0].generation, Generation::kG2);
  EXPECT_EQ(found[0].agents, 1u);
  EXPECT_EQ(found[0].computers, 1u);
  ASSERT_THAT(found[0].members, SizeIs(2));
  EXPECT_EQ(found[0].members[0].sid, computer.sid);
  EXPECT_EQ(found[0].members[1].name, "bot");
  EXPECT_EQ(found[0].settings.revision, 0u);
  agent.Leave("o1");
  computer.Disconnect();
  world_.Run();
  EXPECT_THAT(Offices(world_, {"o1"}), IsEmpty());
}

TEST_P(Inspect, TheJournalTellsWhatHasHappenedSinceItWasFirstRead) {
  world_.Connect().Join("computer", "before", "o1");
  world_.Run();
  std::vector<uint64_t> next;
  for (const JournalPart& part : Journal(world_)) {
    EXPECT_THAT(part.changes, IsEmpty());
    EXPECT_FALSE(part.lost);
    next.push_back(part.next);
  }
  EXPECT_THAT(next, Each(1));
  Client& client = world_.ConnectAt(0);
  client.egress.facts.address = "192.0.2.9";
  client.Join("computer", "pc", "o1");
  world_.Run();
  client.Join("computer", "renamed", "o1");
  world_.Run();
  client.Join("computer", "renamed", "o2");
  world_.Run();
  client.Leave("o2");
  world_.Run();
  client.Join("computer", "renamed", "o2");
  world_.Run();
  client.Disconnect();
  world_.domain->NoteRefused(0, "203.0.113.5", "UNAUTHENTICATED");
  world_.Run();
  const JournalPart part = Journal(world_, next).at(0);
  std::vector<std::string> lines;
  uint64_t seq = 0;
  for (const Change& change : part.changes) {
    EXPECT_EQ(change.seq, ++seq);
    EXPECT_EQ(change.time_ms, world_.clock.now_ms);
    lines.push_back(std::to_string(static_cast<int>(change.kind)) + " " + change.name + " " +
                    change.office_id + " " + change.cause);
  }
  EXPECT_EQ(part.next, seq + 1);
  EXPECT_THAT(lines, ElementsAre("0   ", "2 pc o1 ", "2 renamed o1 renamed",
                                 "3 renamed o1 switched", "2 renamed o2 ", "3 renamed o2 left",
                                 "2 renamed o2 ", "3 renamed o2 disconnected",
                                 "4 renamed  disconnected", "1   UNAUTHENTICATED"));
  EXPECT_EQ(part.changes[1].address, "192.0.2.9");
  EXPECT_EQ(part.changes[1].sid, client.sid);
  EXPECT_EQ(part.changes.back().address, "203.0.113.5");
  const JournalPart rest = Journal(world_, std::vector<uint64_t>(GetParam(), part.next)).at(0);
  EXPECT_THAT(rest.changes, IsEmpty());
}

TEST_P(Inspect, WithoutAnyoneServingAnswersAreEmptyAndComeOnce) {
  class Nobody final : public AuthenticationProvider {
    void Authenticate(AuthRequest, Done) override {}
  };
  const auto domain =
      SmcpDomain::Create({}, std::make_shared<Nobody>(), std::make_shared<LocalBackplane>());
  int answers = 0;
  domain->inspect().PageSessions(
      {}, 1, {}, [&](SessionPage page) { answers += page.sessions.empty() && !page.next; });
  domain->inspect().GetOffices({"o"}, [&](std::vector<OfficeInfo> got) { answers += got.empty(); });
  domain->inspect().FindMembers(OfficeId{"o"}, Role::kNone, "n",
                                [&](std::vector<SessionInfo> got) { answers += got.empty(); });
  domain->inspect().ReadJournal({}, [&](std::vector<JournalPart> got) { answers += got.empty(); });
  domain->admin().Disconnect(
      "sid", true, [&](Or<SessionInfo> got) { answers += absl::IsUnavailable(got.status()); });
  domain->admin().CloseOffice(
      OfficeId{"o"}, true, [&](Or<size_t> got) { answers += absl::IsUnavailable(got.status()); });
  EXPECT_EQ(answers, 6);
}

TEST_P(Inspect, TasksThatAreDroppedAnswerToo) {
  int answers = 0;
  {
    World world(GetParam());
    world.domain->inspect().GetSessions({"a"}, [&](std::vector<SessionInfo>) { ++answers; });
    world.domain->inspect().PageOffices({}, 1, {}, [&](OfficePage) { ++answers; });
    world.domain->admin().SetOfficeSettings(OfficeId{"o"}, {}, true, [&](Or<OfficeInfo> got) {
      answers += absl::IsUnavailable(got.status());
    });
    for (size_t shard = 0; shard < GetParam(); ++shard) world.scheduler.Step(shard);
  }
  EXPECT_EQ(answers, 3);
}

}  // namespace
}  // namespace smcp::test
