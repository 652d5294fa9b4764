// A gateway without sockets and threads: routers on fake shards, and clients that speak to them.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/backplane/local_backplane.h"
#include "gateway/base/clock.h"
#include "gateway/base/timer_wheel.h"
#include "gateway/codec/json_index.h"
#include "gateway/smcp/domain.h"
#include "gateway/smcp/router.h"
#include "tests/unit/smcp/support/fake_egress.h"
#include "tests/unit/smcp/support/fake_scheduler.h"

namespace smcp::test {

class FakeClock final : public Clock {
 public:
  int64_t NowMs() const override { return now_ms; }
  int64_t now_ms = 1'000'000;
};

// Keeps what operators would read, one line per event.
class FakeLog final : public EventLog {
 public:
  void Record(const LogEvent& event) override;
  std::vector<std::string> Take() { return std::exchange(lines, {}); }
  std::vector<std::string> lines;
};

class World;

// One session. Every request runs at once on the session's shard; what it causes runs with
// World::Run.
class Client {
 public:
  Client(World& world, uint16_t shard, std::string sid, Generation generation,
         std::string a2c_version);

  // `args` is what follows the name, without brackets: `{"a":1}`.
  void Emit(std::string_view event, std::string_view args, std::string_view ack_id = {},
            const Attachments& attachments = {});
  void Join(std::string_view role, std::string_view name, std::string_view office,
            std::string_view ack_id = {});
  void Leave(std::string_view office, std::string_view ack_id = {});
  void Answer(uint32_t ack_id, std::string_view payload, const Attachments& attachments = {});
  void Disconnect();

  // What it was sent since the last time.
  std::vector<std::string> Take() { return egress.Take(); }
  bool connected() const { return static_cast<bool>(ref); }

  World& world;
  uint16_t shard;
  std::string sid;
  Generation generation;
  std::string a2c_version;
  FakeEgress egress;
  MemberRef ref;
};

class World final : private RouterHost {
 public:
  struct Setup {
    uint16_t shards = 1;
    SmcpOptions options = {};
    std::shared_ptr<Backplane> backplane = std::make_shared<LocalBackplane>();
  };
  explicit World(Setup setup);
  explicit World(uint16_t shards) : World(Setup{.shards = shards}) {}
  ~World();

  // Clients are spread over the shards in turn, unless `shard` says where.
  Client& Connect(Generation generation = Generation::kG1, std::string a2c_version = {});
  Client& ConnectAt(uint16_t shard, Generation generation = Generation::kG1,
                    std::string a2c_version = {});
  void Run() { scheduler.RunAll(); }
  // Lets time pass on every shard, then runs what that causes.
  void Pass(Millis time);
  // Fires what is due on one shard by the clock.
  void Advance(uint16_t shard);
  // Sums over all shards.
  RouterCounts Count();
  size_t Seats();
  size_t TimersArmed();
  Router& RouterAt(uint16_t shard) { return *shards_[shard]->router; }
  void Feed(Client& client, const sio::EventView& event);

  std::shared_ptr<FakeLog> log = std::make_shared<FakeLog>();
  std::shared_ptr<SmcpDomain> domain;
  FakeClock clock;
  FakeScheduler scheduler;
  std::deque<Client> clients;
  std::vector<std::string> hooks;             // what the host was told
  std::map<std::string, std::string> labels;  // every client's
  json::Index index;

 private:
  struct Shard {
    explicit Shard(int64_t now_ms) : wheel(now_ms) {}
    TimerWheel wheel;
    std::unique_ptr<Router> router;
  };
  void OnReplay(const Member& member, const sio::EventView& event) override;
  void OnMemberJoined(const Member& member) override;
  void OnMemberLeft(const Member& member, const OfficeId& office) override;
  void OnCallBegan(const Member& agent, const CallInfo& call) override;
  void OnCallEnded(const Member& agent, const CallInfo& call, Refusal refusal) override;
  MemberRef MemberOf(std::string_view sid) override;
  const std::map<std::string, std::string>* LabelsOf(const Member& member) override;

  std::vector<std::unique_ptr<Shard>> shards_;
};

std::string Quote(std::string_view text);

}  // namespace smcp::test
