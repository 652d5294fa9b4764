// relay and polling: one Agent and one Computer in each office; the Agent calls, the Computer
// answers, and both compare every byte. Closed loop: a slot's next call follows its answer. Open
// loop
// (--rate): calls are due at fixed times, and latency counts from when a call was due, so a server
// that stalls cannot hide it.
#include <array>
#include <charconv>
#include <cmath>
#include <memory>
#include <string>
#include <vector>

#include "clients/bench/call_text.h"
#include "clients/bench/workload.h"

namespace smcp_bench {
namespace {

bool IsRefusal(std::string_view json) {
  return json.starts_with(R"([{"code":)") || json.starts_with("[false") ||
         json.starts_with(R"([{"Err":)") || json.find(R"("isError":true)") != json.npos;
}

class Relay final : public Workload {
 public:
  Relay(const Options& options, SessionSetup* setup)
      : Workload(options, setup),
        text_(options.bytes, Name('a', 0).size()),
        event_prefix_("42" + setup->target.namespace_name + ","),
        ack_prefix_("43" + setup->target.namespace_name + ",") {}

  bool Run() override;

 private:
  enum class Step : uint8_t { kFree, kSent, kAtComputer };

  // A call's number is slot + n * outstanding, so it names its slot; it is the ack id too.
  struct Slot {
    uint64_t call = 0;
    int64_t since = 0;
    Step step = Step::kFree;
  };
  struct Office {
    Session* agent = nullptr;
    Session* computer = nullptr;
    CallParties parties;
    bool alive = true;
  };

  void AddOffices();
  bool Turn(int64_t now);
  void IssueDue(int64_t now);
  bool IssueIn(uint32_t office, int64_t since);
  void Issue(uint32_t office, Slot* slot, int64_t since);
  void Free(uint32_t office, Slot* slot, int64_t now);
  void FindLost(int64_t now, int64_t older_than);
  void Measure();

  void OnEvent(Session* session, std::string_view id, std::string_view json) override;
  void OnAck(Session* session, uint64_t id, std::string_view json) override;
  void OnDown(Session* session, bool refused, std::string_view why) override;
  void TakeAnswer(uint32_t office, Slot* slot, std::string_view json, int64_t now);
  void Wrong(uint64_t* counter, const char* what, std::string_view json);

  Slot* SlotOf(uint32_t office, uint64_t call) {
    return &slots_[office * options().outstanding + call % options().outstanding];
  }

  CallText text_;
  const std::string event_prefix_;
  const std::string ack_prefix_;
  std::vector<Office> offices_;
  std::vector<Slot> slots_;
  bool issuing_ = false;
  bool measuring_ = false;
  uint64_t completed_ = 0;
  uint64_t in_flight_ = 0;
  size_t alive_ = 0;
  double due_ = 0;  // ns, of the open loop's next call
  uint32_t next_office_ = 0;
  int64_t next_scan_ = 0;
};

void Relay::AddOffices() {
  const uint32_t outstanding = options().outstanding;
  offices_.resize(options().offices);
  slots_.resize(offices_.size() * outstanding);
  for (uint32_t i = 0; i < offices_.size(); ++i) {
    Office& office = offices_[i];
    office.agent = Add(true, i, i);
    office.computer = Add(false, i, i);
    office.parties = CallText::Parties(office.agent->member().name, office.computer->member().name);
    for (uint32_t k = 0; k < outstanding; ++k) {
      SlotOf(i, k)->call = k + outstanding * (Session::kFirstFreeId - 1);
    }
  }
  alive_ = offices_.size();
}

bool Relay::Run() {
  Param("offices", options().offices);
  Param("outstanding", options().outstanding);
  Param("bytes", options().bytes);
  if (options().rate > 0) Param("rate", options().rate);
  result().params.emplace_back("transport", JsonText(options().transport));
  AddOffices();
  result().rss_before = SettledRss();
  if (!OpenAll()) return false;

  issuing_ = true;
  due_ = static_cast<double>(NowNs());
  if (options().rate == 0) {
    for (uint32_t i = 0; i < offices_.size(); ++i) {
      for (uint32_t k = 0; k < options().outstanding; ++k) Issue(i, SlotOf(i, k), NowNs());
    }
  }
  const auto warm = NowNs() + Ns(options().warmup);
  loop().RunUntil(std::min(warm, deadline()), [this](int64_t now) { return Turn(now); });
  Measure();

  issuing_ = false;
  loop().RunUntil(NowNs() + kLossAfter, [this](int64_t now) {
    FindLost(now, kLossAfter);
    return in_flight_ == 0;
  });
  FindLost(NowNs(), 0);
  result().rss_after = SettledRss();
  result().rss_connections = sessions_.size();
  return true;
}

void Relay::Measure() {
  result().latency.Reset();
  completed_ = 0;
  measuring_ = true;
  result().window.Begin();
  const auto end = NowNs() + Ns(options().seconds);
  loop().RunUntil(std::min(end, deadline()), [this](int64_t now) {
    return Turn(now) || (options().operations > 0 && completed_ >= options().operations);
  });
  result().window.End();
  measuring_ = false;
  result().operations = completed_;
}

// True when nobody is left to call.
bool Relay::Turn(int64_t now) {
  if (options().rate > 0) IssueDue(now);
  FindLost(now, kLossAfter);
  Progress(now, [this] {
    return std::to_string(completed_) + " calls" + (measuring_ ? "" : ", warming up");
  });
  return alive_ == 0;
}

void Relay::IssueDue(int64_t now) {
  const double every = 1e9 / options().rate;
  while (due_ <= static_cast<double>(now)) {
    uint32_t tried = 0;
    while (tried < offices_.size() && !IssueIn(next_office_, static_cast<int64_t>(due_))) {
      next_office_ = (next_office_ + 1) % static_cast<uint32_t>(offices_.size());
      ++tried;
    }
    if (tried == offices_.size()) return;  // all slots are taken: it stays due, and ages
    next_office_ = (next_office_ + 1) % static_cast<uint32_t>(offices_.size());
    due_ += every;
  }
  loop().WakeAt(static_cast<int64_t>(std::ceil(due_)));
}

bool Relay::IssueIn(uint32_t office, int64_t since) {
  if (!offices_[office].alive) return false;
  for (uint32_t k = 0; k < options().outstanding; ++k) {
    Slot* slot = SlotOf(office, k);
    if (slot->step == Step::kFree) {
      Issue(office, slot, since);
      return true;
    }
  }
  return false;
}

void Relay::Issue(uint32_t office, Slot* slot, int64_t since) {
  slot->call += options().outstanding;
  slot->since = since;
  slot->step = Step::kSent;
  ++in_flight_;
  std::array<char, 20> digits;
  const char* end = std::to_chars(digits.data(), digits.data() + digits.size(), slot->call).ptr;
  const CallText::CallId id = CallText::Id(office, slot->call);
  const Office& to = offices_[office];
  to.agent->SendParts({event_prefix_,
                       {digits.data(), static_cast<size_t>(end - digits.data())},
                       to.parties.head,
                       {id.data(), id.size()},
                       to.parties.middle,
                       text_.RequestFilling(office, slot->call),
                       CallText::kRequestTail});
}

void Relay::Free(uint32_t office, Slot* slot, int64_t now) {
  slot->step = Step::kFree;
  --in_flight_;
  if (issuing_ && options().rate == 0 && offices_[office].alive) Issue(office, slot, now);
}

void Relay::Wrong(uint64_t* counter, const char* what, std::string_view json) {
  ++*counter;
  if (result().first_problem.empty()) {
    result().Note(std::string(what) + ": " + std::string(json.substr(0, 400)));
  }
}

// At a Computer: is it exactly the request its Agent sent?
void Relay::OnEvent(Session* session, std::string_view ack_id, std::string_view json) {
  if (session->member().agent || !json.starts_with(R"(["client:)")) return;  // news of the office
  const auto own = static_cast<uint32_t>(session->member().office_index);
  uint32_t office = 0;
  uint64_t call = 0;
  if (!text_.ReadId(json, &office, &call)) {
    return Wrong(&result().mismatches, "unreadable request", json);
  }
  if (office != own) return Wrong(&result().misroutes, "request of another office", json);
  Slot* slot = SlotOf(own, call);
  const Verdict verdict = text_.CheckRequest(json, offices_[own].parties, own, call);
  if (slot->call != call || slot->step != Step::kSent) {
    return verdict == Verdict::kExact ? Wrong(&result().duplicates, "request not awaited", json)
                                      : Wrong(&result().mismatches, "altered request", json);
  }
  if (verdict != Verdict::kExact) Wrong(&result().mismatches, "altered request", json);
  slot->step = Step::kAtComputer;
  const CallText::CallId id = CallText::Id(own, call);
  session->SendParts({ack_prefix_,
                      ack_id,
                      CallText::kAnswerHead,
                      {id.data(), id.size()},
                      text_.AnswerFilling(own, call),
                      CallText::kAnswerTail});
}

// At an Agent: is it exactly the answer its Computer gave?
void Relay::OnAck(Session* session, uint64_t id, std::string_view json) {
  const auto office = static_cast<uint32_t>(session->member().office_index);
  Slot* slot = SlotOf(office, id);
  if (!session->member().agent || slot->call != id || slot->step == Step::kFree) {
    return Wrong(&result().duplicates, "answer not awaited", json);
  }
  const int64_t now = NowNs();
  TakeAnswer(office, slot, json, now);
  Free(office, slot, now);
}

void Relay::TakeAnswer(uint32_t office, Slot* slot, std::string_view json, int64_t now) {
  const Verdict verdict = text_.CheckAnswer(json, office, slot->call);
  if (verdict == Verdict::kExact && slot->step == Step::kAtComputer) {
    ++completed_;
    if (measuring_) result().latency.Record(now - slot->since);
    return;
  }
  if (verdict == Verdict::kOtherCall) {
    Wrong(&result().misroutes, "answer of another call", json);
  } else if (IsRefusal(json)) {
    Wrong(&result().refused, "refused", json);
  } else {
    Wrong(&result().mismatches, "altered answer", json);
  }
}

void Relay::FindLost(int64_t now, int64_t older_than) {
  if (older_than > 0 && now < next_scan_) return;
  next_scan_ = now + 500 * kMillisecond;
  for (uint32_t i = 0; i < offices_.size(); ++i) {
    for (uint32_t k = 0; k < options().outstanding; ++k) {
      Slot* slot = SlotOf(i, k);
      if (slot->step == Step::kFree || now - slot->since < older_than) continue;
      ++result().losses;
      result().Note(slot->step == Step::kSent ? "a request did not reach its Computer"
                                              : "an answer did not reach its Agent");
      Free(i, slot, now);
    }
  }
}

void Relay::OnDown(Session* session, bool refused, std::string_view why) {
  Workload::OnDown(session, refused, why);
  Office& office = offices_[session->member().office_index];
  if (office.alive) --alive_;
  office.alive = false;
}

}  // namespace

std::unique_ptr<Workload> MakeRelay(const Options& options, SessionSetup* setup) {
  return std::make_unique<Relay>(options, setup);
}

}  // namespace smcp_bench
