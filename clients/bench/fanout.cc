// fanout: one office. First the storm: everybody connects and joins, and everybody present hears of
// each newcomer. Then notifications, one at a time: a Computer says something and all others hear
// it.
#include <memory>
#include <string>

#include "clients/bench/workload.h"

namespace smcp_bench {
namespace {

constexpr uint32_t kDefaultMembers = 2000;
constexpr uint64_t kDefaultNotifications = 50;
constexpr std::string_view kNews = R"(["notify:update_config",{"computer":")";

class Fanout final : public Workload {
 public:
  using Workload::Workload;

  bool Run() override;

 private:
  void AddMembers();
  bool Storm();
  void Notify(size_t sender);
  void NotifyAll();
  void OnEvent(Session* session, std::string_view id, std::string_view json) override;

  uint64_t expected_enters_ = 0;
  uint64_t enters_ = 0;
  int64_t last_enter_ = 0;
  uint64_t round_ = 0;  // the notification under way; a member's mark is the last it heard
  uint64_t heard_ = 0;  // of this round
  int64_t sent_at_ = 0;
  std::string expected_;
};

void Fanout::AddMembers() {
  const uint32_t members = options().members > 0 ? options().members : kDefaultMembers;
  Param("members", members);
  Param("concurrency", options().concurrency);
  Param("sources", options().sources);
  result().params.emplace_back("join_together", options().join_together ? "true" : "false");
  for (size_t i = 0; i < members; ++i) Add(i == 0, i, 0);
  // The n-th to join is announced to the n - 1 that are there.
  expected_enters_ = uint64_t{members} * (members - 1) / 2;
}

bool Fanout::Run() {
  AddMembers();
  result().rss_before = SettledRss();
  if (!Storm()) return false;
  result().rss_after = SettledRss();
  result().rss_connections = joined_;
  NotifyAll();
  return true;
}

bool Fanout::Storm() {
  Window window(options().server_pid);
  window.Begin();
  int64_t began = 0;
  const bool opened = options().join_together ? OpenThenJoin(&began) : OpenAll();
  if (began == 0) began = first_joined_;
  const int64_t all_joined = NowNs();
  const int64_t patience = std::min(deadline(), NowNs() + 120 * kSecond);
  if (opened) {
    loop().RunUntil(patience, [this](int64_t now) {
      Progress(now, [this] { return std::to_string(enters_) + " arrivals were announced"; });
      return enters_ >= expected_enters_;
    });
  }
  window.End();
  if (!opened) return false;
  result().losses += expected_enters_ - std::min(enters_, expected_enters_);
  Extra("join_storm_s", Seconds(std::max(last_enter_, all_joined) - began));
  Extra("join_storm_join_s", Seconds(all_joined - began));
  Extra("join_storm_deliveries", static_cast<double>(enters_));
  if (window.has_server()) {
    Extra("join_storm_server_cpu_s", window.server_cpu_us() / 1e6);
    Extra("join_storm_client_share", window.client_share());
  }
  return true;
}

void Fanout::NotifyAll() {
  const uint64_t wanted = options().operations > 0 ? options().operations : kDefaultNotifications;
  const size_t computers = sessions_.size() - 1;
  const int64_t end = std::min(deadline(), NowNs() + Ns(options().seconds));
  result().window.Begin();
  while (computers > 0 && result().operations < wanted && NowNs() < end && down_ == 0) {
    Notify(1 + result().operations % computers);
  }
  result().window.End();
  result().duplicates += enters_ - std::min(enters_, expected_enters_);
  result().cpu_operations = result().operations * computers;
  Extra("deliveries", static_cast<double>(result().cpu_operations));
}

void Fanout::Notify(size_t sender) {
  const std::string& name = sessions_[sender]->member().name;
  expected_ = std::string(kNews) + name + "\"}]";
  ++round_;
  heard_ = 0;
  sessions_[sender]->member().mark = round_;
  sent_at_ = NowNs();
  sessions_[sender]->Emit(0, {R"(["server:update_config",{"computer":")", name, "\"}]"});
  const uint64_t others = sessions_.size() - 1;
  int64_t last = sent_at_;
  loop().RunUntil(sent_at_ + kLossAfter, [&](int64_t now) {
    Progress(now, [this] { return std::to_string(result().operations) + " notifications"; });
    last = now;
    return heard_ >= others || down_ > 0;
  });
  ++result().operations;
  if (heard_ >= others) {
    result().latency.Record(last - sent_at_);
  } else {
    result().losses += others - heard_;
    result().Note("a notification did not reach everybody");
  }
}

void Fanout::OnEvent(Session* session, std::string_view, std::string_view json) {
  if (json.starts_with(R"(["notify:enter_office")")) {
    ++enters_;
    if (json.find(session->member().office) == json.npos) {
      ++result().misroutes;
      result().Note(json.substr(0, 200));
    }
    if (enters_ == expected_enters_) last_enter_ = NowNs();
    return;
  }
  if (json != expected_) {
    ++result().mismatches;
    return result().Note(json.substr(0, 200));
  }
  if (session->member().mark == round_) {
    ++result().duplicates;
    return result().Note("a notification came twice, or to who sent it");
  }
  session->member().mark = round_;
  ++heard_;
}

}  // namespace

std::unique_ptr<Workload> MakeFanout(const Options& options, SessionSetup* setup) {
  return std::make_unique<Fanout>(options, setup);
}

}  // namespace smcp_bench
