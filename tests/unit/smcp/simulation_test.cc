// Everything at once, in thousands of orders: clients on four shards join, leave, switch, rename,
// call, answer and vanish while a seeded scheduler picks which shard moves next. In every second
// game an administrator puts members out, invokes, cancels, notifies, lists and sets limits at the
// same time. After each step what was sent is judged; at the end nothing may be left. A failure
// names its seed:
//   SMCP_SIM_SEED=<n> smcp_domain_test --gtest_filter='Simulation.*'
#include <gtest/gtest.h>

#include <cstdlib>
#include <map>
#include <set>
#include <string>
#include <tuple>

#include "gateway/codec/json_text.h"
#include "tests/unit/smcp/support/world.h"

namespace smcp::test {
namespace {

constexpr int kClients = 14;
constexpr int kActions = 1500;
constexpr const char* kOffices[] = {"red", "green", "blue"};
constexpr const char* kNames[] = {"ann", "bob", "cid", "dan"};

// The value of a field in the flat JSON the gateway and this test write.
std::string Field(const std::string& text, const std::string& key) {
  const std::string mark = "\"" + key + "\":\"";
  const size_t at = text.find(mark);
  if (at == std::string::npos) return {};
  const size_t from = at + mark.size();
  return text.substr(from, text.find('"', from) - from);
}

// What one client knows and what it is owed.
struct Player {
  Client* client = nullptr;
  bool agent = false;
  // By acks: where it is. `moving` is set between a request and its ack; then it may be in either.
  std::string office;
  std::map<std::string, std::string> requests;  // ack id -> "join <office>" | "leave" | "call"
  std::vector<uint32_t> to_answer;              // ack ids of requests it was sent
  // (role, name) -> present, as told by notifications since it entered the office.
  std::map<std::pair<std::string, std::string>, bool> presence;
  int answered = 0;
  int asked = 0;
};

class Game {
 public:
  // Every fourth game is played in generation 5: other acks, one Computer per office, no renaming.
  explicit Game(uint64_t seed)
      : random_(seed * 0x9e3779b97f4a7c15u),
        generation_(seed % 4 == 0 ? Generation::kG5 : Generation::kG1),
        administered_(seed % 2 == 0 || seed % 3 == 0),
        world_(4) {
    for (int i = 0; i < kClients; ++i) AddPlayer();
  }

  void Play() {
    for (int i = 0; i < kActions && !testing::Test::HasFailure(); ++i) {
      Act(players_[random_.Next() % players_.size()]);
      const uint64_t steps = random_.Next() % 8;
      for (uint64_t step = 0; step < steps; ++step) {
        world_.scheduler.StepRandom(random_);
        Judge();
      }
    }
    while (world_.scheduler.StepRandom(random_)) Judge();
    Finish();
  }

 private:
  void AddPlayer() {
    Player player;
    player.client = &world_.ConnectAt(static_cast<uint16_t>(random_.Next() % 4), generation_);
    player.agent = random_.Next() % 3 == 0;
    players_.push_back(player);
  }

  template <size_t N>
  const char* Pick(const char* const (&list)[N]) {
    return list[random_.Next() % N];
  }

  void Act(Player& player) {
    Client& client = *player.client;
    // A session whose reading is paused sends nothing, now and then more than nothing.
    if (client.egress.paused > 0 && random_.Next() % 4 != 0) return;
    const uint64_t dice = random_.Next() % 100;
    if (dice < 22) return DoJoin(player);
    if (dice < 30) return Ask(player, "leave", "server:leave_office", R"({"office_id":"any"})");
    if (dice < 60) return DoCall(player);
    if (dice < 82) return DoAnswer(player);
    if (dice < 86) return client.Emit("server:update_config", R"({"computer":"liar"})");
    if (dice < 90) {
      return client.Emit("server:tool_call_cancel", R"({"agent":"liar","req_id":"r"})");
    }
    if (dice < 94) return DoList(player);
    if (dice < 96) return Expire();
    if (dice < 99) return administered_ ? Administer(player) : void();
    client.Disconnect();
    const size_t index = static_cast<size_t>(&player - players_.data());
    Retire(player);
    AddPlayer();
    std::swap(players_[index], players_.back());
    players_.pop_back();
  }

  void Ask(Player& player, const std::string& what, std::string_view event,
           const std::string& args) {
    const std::string id = std::to_string(++ids_);
    player.requests[id] = what;
    ++player.asked;
    player.client->Emit(event, args, id);
    Judge();
  }

  void DoJoin(Player& player) {
    const std::string office = Pick(kOffices);
    const std::string role = player.agent ? "agent" : "computer";
    Ask(player, "join " + office, "server:join_office",
        R"({"role":")" + role + R"(","name":")" + Pick(kNames) + R"(","office_id":")" + office +
            "\"}");
  }

  void DoCall(Player& player) {
    // The request names the office its caller is in, so that whoever gets it can be judged.
    Ask(player, "call", "client:get_tools",
        R"({"agent":"a","req_id":"r","office":")" + player.office + R"(","computer":")" +
            Pick(kNames) + "\"}");
  }

  void DoList(Player& player) {
    Ask(player, "list", "server:list_room",
        R"({"agent":"a","req_id":"r","office_id":")" + player.office + "\"}");
  }

  void DoAnswer(Player& player) {
    if (player.to_answer.empty()) return;
    const size_t at = random_.Next() % player.to_answer.size();
    const uint32_t id = player.to_answer[at];
    if (random_.Next() % 8 != 0) {  // else it may answer twice
      player.to_answer.erase(player.to_answer.begin() + static_cast<int64_t>(at));
    }
    player.client->Answer(id, "[{\"answer\":" + std::to_string(id) + "}]");
    Judge();
  }

  // Counts questions and answers: each has to be answered once.
  template <class T>
  GatewayAdmin::Done<T> Answered() {
    ++questions_;
    return [this](T) { ++replies_; };
  }

  void Administer(const Player& player) {
    GatewayAdmin& admin = world_.domain->admin();
    GatewayInspect& inspect = world_.domain->inspect();
    const OfficeId office{Pick(kOffices)};
    switch (random_.Next() % 7) {
      case 0:
        ++questions_;
        return admin.RemoveFromOffice(player.client->sid, [this](absl::StatusOr<SessionInfo> was) {
          ++replies_;
          if (!was.ok()) return;
          for (Player& one : players_) {
            // It may have gone on to another office by itself meanwhile.
            if (one.client->sid == was->sid && one.office == was->office_id) Move(one, {});
          }
        });
      case 1:
        return admin.Invoke(
            {.office = office,
             .computer = Pick(kNames),
             .tool = "t",
             .arguments_json = "{}",
             .caller = "root",
             .req_id = "r"},
            [](CallInfoRecord) {}, Answered<absl::StatusOr<InvokeAnswer>>());
      case 2:
        return admin.CancelCall({office.value, Pick(kNames), "r"}, "root",
                                Answered<absl::StatusOr<CallInfoRecord>>());
      case 3:
        return admin.Notify(office, {}, NoticeKind::kToolList,
                            Answered<absl::StatusOr<NoticeResult>>());
      case 4:
        inspect.PageSessions({}, 100, {}, Answered<SessionPage>());
        return inspect.ListCalls(true, true, 50, Answered<std::vector<CallInfoRecord>>());
      case 5:
        inspect.PageOffices({}, 10, {}, Answered<OfficePage>());
        return inspect.ReadJournal({}, Answered<std::vector<JournalPart>>());
      default:
        return SetLimits(office, static_cast<uint32_t>(random_.Next() % 3));
    }
  }

  void SetLimits(const OfficeId& office, uint32_t calls_max) {
    world_.domain->admin().SetOfficeSettings(office, {.calls_in_flight_max = calls_max}, true,
                                             Answered<absl::StatusOr<OfficeInfo>>());
  }

  void Expire() {
    world_.clock.now_ms += 61'000;
    for (uint16_t shard = 0; shard < 4; ++shard) world_.Advance(shard);
    Judge();
  }

  void Judge() {
    for (Player& player : players_) {
      for (const Sent& packet : std::exchange(player.client->egress.sent, {})) {
        if (packet.ack) {
          JudgeAck(player, packet);
        } else if (packet.payload.starts_with("[\"client:")) {
          JudgeRequest(player, packet);
        } else {
          JudgeNews(player, packet);
        }
      }
    }
  }

  void JudgeAck(Player& player, const Sent& packet) {
    const auto it = player.requests.find(packet.ack_id);
    ASSERT_NE(it, player.requests.end()) << "second answer to " << packet.ack_id;
    const std::string what = it->second;
    player.requests.erase(it);
    ++player.answered;
    if (packet.payload != MembershipSuccess(generation_)) return;
    if (what == "leave") return Move(player, {});
    ASSERT_EQ(what.substr(0, 5), "join ");
    if (what.substr(5) != player.office) Move(player, what.substr(5));
  }

  static void Move(Player& player, const std::string& office) {
    player.office = office;
    player.presence.clear();
  }

  void JudgeRequest(Player& player, const Sent& packet) {
    EXPECT_FALSE(player.agent) << "a request reached an Agent";
    EXPECT_FALSE(player.office.empty()) << "a request reached a Computer in no office";
    const std::string from = Field(packet.payload, "office");
    // A caller whose join was not acked when it called did not know its office.
    if (!from.empty()) {
      EXPECT_EQ(from, player.office) << packet.payload;
    }
    player.to_answer.push_back(static_cast<uint32_t>(std::stoul(packet.ack_id)));
  }

  void JudgeNews(Player& player, const Sent& packet) {
    EXPECT_FALSE(player.office.empty()) << packet.payload;
    EXPECT_EQ(packet.payload.find("liar"), std::string::npos) << packet.payload;
    const bool enter = packet.payload.starts_with("[\"notify:enter_office\"");
    if (!enter && !packet.payload.starts_with("[\"notify:leave_office\"")) return;
    EXPECT_EQ(Field(packet.payload, "office_id"), player.office);
    for (const char* role : {"agent", "computer"}) {
      const std::string name = Field(packet.payload, role);
      if (name.empty()) continue;
      const auto [it, first] = player.presence.try_emplace({role, name}, enter);
      EXPECT_TRUE(first || it->second != enter) << "twice: " << packet.payload;
      it->second = enter;
    }
  }

  // A client that went away: its answers are not owed, nothing more may be sent to it.
  void Retire(Player& player) {
    player.client->egress.sent.clear();
    retired_.push_back(player.client);
  }

  void Finish() {
    // Calls that nobody answered end by their deadline.
    world_.clock.now_ms += 61'000;
    for (uint16_t shard = 0; shard < 4; ++shard) world_.Advance(shard);
    while (world_.scheduler.StepRandom(random_)) Judge();
    Judge();
    for (Player& player : players_) {
      EXPECT_EQ(player.answered, player.asked) << player.client->sid;
      EXPECT_EQ(player.client->egress.paused, 0);
      EXPECT_FALSE(player.client->egress.disconnected);
    }
    JudgeMembership();
    for (const char* office : kOffices) SetLimits(OfficeId{office}, 0);
    for (Player& player : players_) player.client->Disconnect();
    while (world_.scheduler.StepRandom(random_)) {
    }
    for (const Client* client : retired_) EXPECT_TRUE(client->egress.sent.empty());
    const RouterCounts left = world_.Count();
    EXPECT_EQ(left.connections + left.members + left.offices + left.branches + left.branch_members +
                  left.calls_in_flight + left.calls_pending + left.parked_events,
              0u);
    EXPECT_EQ(world_.Seats(), 0u);
    EXPECT_EQ(world_.TimersArmed(), 0u);
    EXPECT_EQ(replies_, questions_);
    for (uint16_t shard = 0; shard < 4; ++shard) {
      EXPECT_EQ(world_.RouterAt(shard).calls().in_flight(), 0u);
    }
  }

  // Once all is quiet, what clients, members' shards, homes and backplane believe is one truth.
  void JudgeMembership() {
    std::map<std::string, std::set<std::string>> by_acks;
    std::set<std::tuple<std::string, bool, std::string>> seats;
    size_t members = 0;
    for (Player& player : players_) {
      const Member* member = world_.RouterAt(player.client->shard).Find(player.client->ref);
      ASSERT_NE(member, nullptr);
      EXPECT_EQ(member->office.value, player.office);
      if (player.office.empty()) continue;
      ++members;
      by_acks[player.office].insert(player.client->sid);
      EXPECT_TRUE(seats
                      .insert({player.office, player.agent,
                               player.agent ? "the agent" : std::string(member->name.view())})
                      .second)
          << "a seat is taken twice";
    }
    for (const char* office : kOffices) {
      std::set<std::string> listed;
      world_.domain->ListSessions(OfficeId{office}, [&](std::vector<Session> sessions) {
        for (const Session& session : sessions) {
          std::visit([&](const BaseSession& base) { listed.insert(base.sid.value); }, session);
        }
      });
      world_.Run();
      EXPECT_EQ(listed, by_acks[office]) << office;
    }
    EXPECT_EQ(world_.Count().members, members);
    EXPECT_EQ(world_.Count().branch_members, members);
    EXPECT_EQ(world_.Seats(), members);
    EXPECT_EQ(world_.Count().calls_in_flight, 0u);
    EXPECT_EQ(world_.Count().calls_pending, 0u);
    for (Player& player : players_) {
      const Member* member = world_.RouterAt(player.client->shard).Find(player.client->ref);
      if (member->roster == nullptr) continue;
      size_t computers = 0;
      for (const auto& [office, agent, name] : seats) {
        if (office == player.office && !agent) {
          ++computers;
          EXPECT_TRUE(static_cast<bool>(member->roster->Find(name))) << name;
        }
      }
      EXPECT_EQ(member->roster->size(), computers);
    }
  }

  SeededRandom random_;
  const Generation generation_;
  const bool administered_;
  World world_;
  std::vector<Player> players_;
  std::vector<const Client*> retired_;
  uint64_t ids_ = 0;
  int questions_ = 0;
  int replies_ = 0;
};

TEST(Simulation, NothingCrossesOfficesNothingIsLostNothingIsLeft) {
  const char* only = std::getenv("SMCP_SIM_SEED");
  const uint64_t first = only == nullptr ? 1 : std::strtoull(only, nullptr, 10);
  const uint64_t last = only == nullptr ? 150 : first;
  for (uint64_t seed = first; seed <= last; ++seed) {
    SCOPED_TRACE("SMCP_SIM_SEED=" + std::to_string(seed));
    Game(seed).Play();
    if (HasFailure()) return;
  }
}

}  // namespace
}  // namespace smcp::test
