// idle: joined connections that only answer heartbeats. What one costs in memory, what all of them
// cost in CPU while nothing happens, how fast they came, and whether all are alive afterwards.
#include <memory>
#include <string>

#include "clients/bench/workload.h"

namespace smcp_bench {
namespace {

class Idle final : public Workload {
 public:
  using Workload::Workload;

  bool Run() override;

 private:
  void AddMembers();
  void Hold();
  void AskAll();
  void DropAll();
  void OnOpening(Session* session) override;
  void OnJoined(Session* session) override;
  void OnAck(Session* session, uint64_t id, std::string_view json) override;

  uint64_t answered_ = 0;
  int64_t asked_at_ = 0;
};

void Idle::AddMembers() {
  const uint32_t members = options().members > 0 ? options().members : 2;
  Param("connections", options().connections);
  Param("members", members);
  Param("hold", options().hold);
  Param("sources", options().sources);
  for (size_t i = 0; i < options().connections; ++i) Add(i % members == 0, i, i / members);
}

bool Idle::Run() {
  AddMembers();
  result().rss_before = SettledRss();
  const int64_t begun = NowNs();
  const ProcessSample before = SampleProcess(options().server_pid);
  if (!OpenAll()) return false;
  const ProcessSample after = SampleProcess(options().server_pid);
  if (before.ok && after.ok) {
    Extra("connect_server_cpu_us",
          static_cast<double>(after.cpu_ns - before.cpu_ns) / 1000 / static_cast<double>(joined_));
  }
  result().rate = static_cast<double>(joined_) / Seconds(NowNs() - begun);
  Extra("connect_rate", result().rate);
  result().rss_after = SettledRss();
  result().rss_connections = joined_;
  Hold();
  AskAll();
  if (options().drop_all) DropAll();
  return true;
}

void Idle::Hold() {
  result().window.Begin();
  const int64_t end = NowNs() + Ns(options().hold);
  loop().RunUntil(std::min(end, deadline()), [this, end](int64_t now) {
    Progress(now, [&] {
      return std::to_string(joined_ - down_) + " alive, " +
             std::to_string(static_cast<int64_t>(Seconds(end - now))) + " s to hold";
    });
    return false;
  });
  result().window.End();
  uint64_t pings = 0;
  for (const auto& session : sessions_) pings += session->pings();
  Extra("pings_answered", static_cast<double>(pings));
  if (options().server_pid > 0) {
    Extra("rss_after_hold", static_cast<double>(ResidentBytes(options().server_pid)));
  }
}

// A join of where one is already changes nothing and is answered: the cheapest sign of life that
// every server knows.
void Idle::AskAll() {
  asked_at_ = NowNs();
  uint64_t asked = 0;
  for (const auto& session : sessions_) {
    if (session->state() != Session::State::kJoined) continue;
    session->Join();
    ++asked;
  }
  loop().RunUntil(NowNs() + kLossAfter,
                  [this, asked](int64_t) { return answered_ + down_ >= asked; });
  result().operations = answered_;
  Extra("alive_check_s", Seconds(NowNs() - asked_at_));
  result().losses += asked - std::min(asked, answered_);
  Extra("alive", static_cast<double>(answered_));
}

void Idle::OnOpening(Session* session) { session->member().mark = static_cast<uint64_t>(NowNs()); }

// The latency of this workload is that of coming in.
void Idle::OnJoined(Session* session) {
  Workload::OnJoined(session);
  result().latency.Record(NowNs() - static_cast<int64_t>(session->member().mark));
}

void Idle::OnAck(Session*, uint64_t id, std::string_view json) {
  if (id != Session::kJoinId || json.starts_with("[false") || json.starts_with(R"([{"code")")) {
    ++result().refused;
    return result().Note(json.substr(0, 200));
  }
  ++answered_;
}

void Idle::DropAll() {
  for (const auto& session : sessions_) session->Close();
  Extra("rss_after_drop", static_cast<double>(SettledRss()));
}

}  // namespace

std::unique_ptr<Workload> MakeIdle(const Options& options, SessionSetup* setup) {
  return std::make_unique<Idle>(options, setup);
}

}  // namespace smcp_bench
