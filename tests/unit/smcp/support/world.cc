#include "tests/unit/smcp/support/world.h"

#include "gateway/base/check.h"
#include "gateway/codec/json_text.h"

namespace smcp::test {
namespace {

// No connection is authenticated here: clients are members from the start.
class Nobody final : public AuthenticationProvider {
 public:
  void Authenticate(AuthRequest /*request*/, Done /*done*/) override { SMCP_CHECK(false); }
};

}  // namespace

std::string Quote(std::string_view text) { return json::Quoted(text); }

void FakeLog::Record(const LogEvent& event) {
  static constexpr std::string_view kKinds[] = {"auth",    "cross-office", "refused", "mismatch",
                                                "dropped", "joined",       "left"};
  std::string line(kKinds[static_cast<size_t>(event.kind)]);
  line.append(" ").append(event.name).append(" ").append(event.office).append(" ");
  lines.push_back(line.append(event.detail));
}

Client::Client(World& w, uint16_t at, std::string id, Generation gen, std::string version)
    : world(w), shard(at), sid(std::move(id)), generation(gen), a2c_version(std::move(version)) {
  world.scheduler.As(shard, [this] {
    ref = world.RouterAt(shard).Add(egress, {sid, a2c_version, generation});
  });
}

void Client::Emit(std::string_view event, std::string_view args, std::string_view ack_id,
                  const Attachments& attachments) {
  std::string payload = "[" + Quote(event);
  if (!args.empty()) payload.append(",").append(args);
  payload.push_back(']');
  SMCP_CHECK(world.index.Build(payload, 64) == json::Error::kNone);
  world.Feed(*this, {event, payload, ack_id, world.index, attachments});
}

void Client::Join(std::string_view role, std::string_view name, std::string_view office,
                  std::string_view ack_id) {
  Emit("server:join_office",
       R"({"role":)" + Quote(role) + R"(,"name":)" + Quote(name) + R"(,"office_id":)" +
           Quote(office) + "}",
       ack_id);
}

void Client::Leave(std::string_view office, std::string_view ack_id) {
  Emit("server:leave_office", R"({"office_id":)" + Quote(office) + "}", ack_id);
}

void Client::Answer(uint32_t ack_id, std::string_view payload, const Attachments& attachments) {
  SMCP_CHECK(world.index.Build(payload, 64) == json::Error::kNone);
  world.scheduler.As(shard, [&] {
    world.RouterAt(shard).OnAck(ref, {ack_id, payload, world.index, attachments});
  });
}

void Client::Disconnect() {
  if (!connected()) return;
  world.scheduler.As(shard, [this] { world.RouterAt(shard).Remove(ref); });
  ref = {};
}

World::World(Setup setup) : scheduler(setup.shards) {
  setup.options.log = log;
  domain = SmcpDomain::Create(std::move(setup.options), std::make_shared<Nobody>(),
                              std::move(setup.backplane));
  domain->Serve(scheduler);
  for (uint16_t shard = 0; shard < setup.shards; ++shard) {
    shards_.push_back(std::make_unique<Shard>(clock.now_ms));
    RouterHost& host = *this;
    shards_.back()->router =
        std::make_unique<Router>(RouterContext{.shard = shard,
                                               .scheduler = &scheduler,
                                               .timers = &shards_[shard]->wheel,
                                               .clock = &clock,
                                               .routers = &domain->routers(),
                                               .options = &domain->options(),
                                               .backplane = &domain->backplane(),
                                               .host = &host});
  }
}

World::~World() = default;

Client& World::Connect(Generation generation, std::string a2c_version) {
  return ConnectAt(static_cast<uint16_t>(clients.size() % shards_.size()), generation,
                   std::move(a2c_version));
}

Client& World::ConnectAt(uint16_t shard, Generation generation, std::string a2c_version) {
  std::string sid = "sid" + std::to_string(clients.size()) + "-abcdefgh";
  return clients.emplace_back(*this, shard, std::move(sid), generation, std::move(a2c_version));
}

void World::Feed(Client& client, const sio::EventView& event) {
  if (!client.connected()) return;
  scheduler.As(client.shard, [&] {
    Router& router = RouterAt(client.shard);
    if (router.Park(client.ref, event)) return;
    if (!router.OnEvent(client.ref, event)) router.OnUnknownEvent(client.ref, event);
  });
}

void World::Pass(Millis time) {
  clock.now_ms += time.count();
  for (uint16_t shard = 0; shard < shards_.size(); ++shard) Advance(shard);
  Run();
}

void World::Advance(uint16_t shard) {
  scheduler.As(shard, [&] { shards_[shard]->wheel.Advance(clock.now_ms); });
}

RouterCounts World::Count() {
  RouterCounts sum;
  for (const auto& shard : shards_) {
    const RouterCounts part = shard->router->Count();
    sum.connections += part.connections;
    sum.members += part.members;
    sum.offices += part.offices;
    sum.branches += part.branches;
    sum.branch_members += part.branch_members;
    sum.calls_in_flight += part.calls_in_flight;
    sum.calls_pending += part.calls_pending;
    sum.parked_events += part.parked_events;
    sum.roster_entries += part.roster_entries;
  }
  return sum;
}

size_t World::Seats() {
  size_t seats = 0;
  for (uint16_t shard = 0; shard < shards_.size(); ++shard)
    seats += domain->backplane().SeatCount(shard);
  return seats;
}

size_t World::TimersArmed() {
  size_t armed = 0;
  for (const auto& shard : shards_) armed += shard->wheel.armed();
  return armed;
}

void World::OnReplay(const Member& member, const sio::EventView& event) {
  Router& router = RouterAt(member.ref.shard);
  const MemberRef ref = member.ref;
  if (!router.OnEvent(ref, event)) router.OnUnknownEvent(ref, event);
}

void World::OnMemberJoined(const Member& member) {
  hooks.push_back("joined " + std::string(member.name.view()) + " " + member.office.value);
}

void World::OnMemberLeft(const Member& member, const OfficeId& office) {
  hooks.push_back("left " + std::string(member.name.view()) + " " + office.value);
}

// Only whom the shard that runs would find.
MemberRef World::MemberOf(std::string_view sid) {
  for (const Client& client : clients) {
    if (client.sid == sid && scheduler.running(client.shard)) return client.ref;
  }
  return {};
}

const std::map<std::string, std::string>* World::LabelsOf(const Member& /*member*/) {
  return &labels;
}

void World::OnCallBegan(const Member& /*agent*/, const CallInfo& call) {
  hooks.push_back("call " + std::string(call.event) + " " + std::string(call.computer));
}

void World::OnCallEnded(const Member& /*agent*/, const CallInfo& call, Refusal refusal) {
  hooks.push_back("ended " + std::string(call.ack_id) + " " + std::to_string(RefusalCode(refusal)));
}

}  // namespace smcp::test
