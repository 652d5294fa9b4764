// churn: connect, join, leave, disconnect, again and again: what a client's whole life costs. As
// fast as it goes, or so many lives a second (--rate).
#include <memory>
#include <string>
#include <vector>

#include "clients/bench/workload.h"

namespace smcp_bench {
namespace {

constexpr uint64_t kLeaveId = 2;
constexpr uint64_t kDefaultCycles = 2000;

class Churn final : public Workload {
 public:
  using Workload::Workload;

  bool Run() override;

 private:
  void Reopen(int64_t now);
  void OnJoined(Session* session) override;
  void OnAck(Session* session, uint64_t id, std::string_view json) override;
  void OnDown(Session* session, bool refused, std::string_view why) override;

  std::vector<Session*> ready_;  // closed; opened again in the next turn
  uint64_t wanted_ = 0;
  uint64_t started_ = 0;
  uint64_t ended_ = 0;
  uint64_t completed_ = 0;
  int64_t begun_ = 0;
};

bool Churn::Run() {
  wanted_ = options().operations > 0 ? options().operations : kDefaultCycles;
  Param("concurrency", options().concurrency);
  Param("operations", static_cast<double>(wanted_));
  if (options().rate > 0) Param("rate", options().rate);
  Param("sources", options().sources);
  for (uint32_t i = 0; i < options().concurrency; ++i) ready_.push_back(Add(false, i, i));
  result().rss_before = SettledRss();
  result().window.Begin();
  begun_ = NowNs();
  const int64_t end = begun_ + Ns(options().seconds);
  loop().RunUntil(std::min(end, deadline()), [this](int64_t now) {
    Reopen(now);
    Progress(now, [this] { return std::to_string(completed_) + " cycles"; });
    return ended_ >= wanted_ || result().refused > 0;
  });
  // Those under way when time is up are finished, so that each counted cycle is a whole one.
  wanted_ = started_;
  loop().RunUntil(NowNs() + kLossAfter,
                  [this](int64_t) { return ended_ >= wanted_ || result().refused > 0; });
  result().window.End();
  result().operations = completed_;
  result().losses += started_ - ended_;
  result().rss_after = SettledRss();
  return completed_ > 0;
}

void Churn::Reopen(int64_t now) {
  while (!ready_.empty() && started_ < wanted_) {
    if (options().rate > 0) {
      const int64_t due = begun_ + Ns(static_cast<double>(started_) / options().rate);
      if (due > now) return loop().WakeAt(due);
    }
    Session* session = ready_.back();
    ready_.pop_back();
    session->member().mark = static_cast<uint64_t>(now);
    session->Open(Source(started_++));
  }
}

void Churn::OnJoined(Session* session) { session->Leave(kLeaveId); }

void Churn::OnAck(Session* session, uint64_t id, std::string_view json) {
  if (id != kLeaveId || json.starts_with("[false") || json.starts_with(R"([{"code")")) {
    ++result().refused;
    return result().Note(json.substr(0, 200));
  }
  session->member().office_index =
      1;  // has left: the end that follows is the one that was asked for
  session->Disconnect();
}

void Churn::OnDown(Session* session, bool refused, std::string_view why) {
  ++ended_;
  if (std::exchange(session->member().office_index, 0) == 1) {
    ++completed_;
    result().latency.Record(NowNs() - static_cast<int64_t>(session->member().mark));
  } else {
    ++(refused ? result().refused : result().disconnects);
    result().Note(why);
  }
  ready_.push_back(session);
}

}  // namespace

std::unique_ptr<Workload> MakeChurn(const Options& options, SessionSetup* setup) {
  return std::make_unique<Churn>(options, setup);
}

}  // namespace smcp_bench
