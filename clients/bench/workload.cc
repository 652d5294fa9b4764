#include "clients/bench/workload.h"

#include <netinet/in.h>
#include <unistd.h>

#include <array>
#include <cmath>
#include <cstdio>
#include <utility>

namespace smcp_bench {
namespace {

constexpr int64_t kProgressEvery = 5 * kSecond;
constexpr int64_t kRestProbe = 300 * kMillisecond;
constexpr int64_t kRestCpu = 10 * kMillisecond;

}  // namespace

Workload::Workload(const Options& options, SessionSetup* setup)
    : options_(options),
      setup_(setup),
      result_(options.server_pid),
      deadline_(NowNs() + Ns(options.deadline)),
      next_progress_(NowNs() + kProgressEvery) {}

Workload::~Workload() {
  for (auto& session : sessions_) session->Close();
}

std::string Workload::Name(char kind, size_t index) const {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%c%05x-%05zu", kind,
                static_cast<unsigned>(getpid()) & 0xfffff, index);
  return text.data();
}

Session* Workload::Add(bool agent, size_t index, size_t office) {
  Member member;
  member.agent = agent;
  member.name = Name(agent ? 'a' : 'c', index);
  member.office = Name('o', office);
  member.office_index = office;
  sessions_.push_back(std::make_unique<Session>(setup_, this, std::move(member)));
  return sessions_.back().get();
}

uint32_t Workload::Source(size_t index) const {
  const auto* to = reinterpret_cast<const sockaddr_in*>(&setup_->target.endpoint.address);
  const bool loopback = to->sin_family == AF_INET && (ntohl(to->sin_addr.s_addr) >> 24) == 127;
  if (options_.sources < 2 || !loopback) return 0;
  return (127U << 24) + 2 + static_cast<uint32_t>(index % options_.sources);
}

bool Workload::OpenAll() {
  return Connect([this] { return joined_ + down_ >= sessions_.size(); });
}

bool Workload::OpenThenJoin(int64_t* began) {
  setup_->hold_joins = true;
  const bool connected = Connect([this] { return connected_ + down_ >= sessions_.size(); });
  setup_->hold_joins = false;
  *began = NowNs();
  if (!connected) return false;
  for (auto& session : sessions_) session->Join();
  return Connect([this] { return joined_ + down_ >= sessions_.size(); });
}

bool Workload::Connect(const std::function<bool()>& done) {
  const bool settled = loop().RunUntil(deadline_, [&](int64_t now) {
    while (opening_ < options_.concurrency && opened_ < sessions_.size()) {
      ++opening_;
      OnOpening(sessions_[opened_].get());
      sessions_[opened_]->Open(Source(opened_));
      ++opened_;
    }
    Progress(now, [&] { return std::to_string(joined_) + " have joined"; });
    return down_ > 0 || done();
  });
  if (!settled) result_.Note("time was up while connecting");
  return settled && down_ == 0;
}

void Workload::Goodbye() {
  leaving_ = true;
  size_t left = 0;
  for (auto& session : sessions_) {
    if (session->state() != Session::State::kJoined) continue;
    session->Disconnect();
    ++left;
  }
  down_ = 0;
  loop().RunUntil(NowNs() + 5 * kSecond, [&](int64_t) { return down_ >= left; });
}

void Workload::OnConnected(Session*) {
  ++connected_;
  --opening_;
}

void Workload::OnJoined(Session*) {
  if (joined_ == 0) first_joined_ = loop().now();
  ++joined_;
  if (connected_ == 0) --opening_;  // else it was counted out when it had connected
}

void Workload::OnDown(Session*, bool refused, std::string_view why) {
  ++down_;
  if (leaving_) return;
  ++(refused ? result_.refused : result_.disconnects);
  result_.Note(why);
}

void Workload::Param(std::string name, double value) {
  result_.params.emplace_back(std::move(name), JsonNumber(value));
}

void Workload::Extra(std::string name, double value) {
  result_.extras.emplace_back(std::move(name), value);
}

void Workload::Progress(int64_t now, const std::function<std::string()>& text) {
  if (now < next_progress_) return;
  next_progress_ = now + kProgressEvery;
  if (options_.quiet) return;
  std::fprintf(stderr, "smcp-bench %s: %s\n", options_.workload.c_str(), text().c_str());
}

int64_t Workload::SettledRss() {
  const pid_t server = options_.server_pid;
  if (server == 0) return 0;
  int64_t rss = -1;
  int64_t cpu = SampleProcess(server).cpu_ns;
  int64_t next = NowNs() + kRestProbe;
  loop().RunUntil(std::min(deadline_, NowNs() + 10 * kSecond), [&](int64_t now) {
    if (now < next) return false;
    next = now + kRestProbe;
    const int64_t last_cpu = std::exchange(cpu, SampleProcess(server).cpu_ns);
    const int64_t last_rss = std::exchange(rss, ResidentBytes(server));
    return rss == last_rss && cpu - last_cpu < kRestCpu;
  });
  return rss;
}

}  // namespace smcp_bench
