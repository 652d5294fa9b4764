// What is remembered of calls: those in flight, and the last ones that ended. One book per shard,
// for the calls that begin there; never an argument or a result.
//
// A call's texts are copied once, when it begins, into a record that had been another call's, and
// stay there when it ends: in steady state nothing is allocated. Thread rule: the shard's. Times
// are microseconds of the shard's clock, 0 for what has not happened.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/base/clock.h"
#include "gateway/base/ids.h"
#include "gateway/smcp/inspect.h"

namespace smcp {

struct CallRecord {
  // In the order in which they stand in `text`; escapes of kReqId and kTool are as they came.
  enum Text : uint8_t { kOffice, kAgent, kReqId, kComputer, kTool, kEvent, kCancelledBy, kTexts };
  // Longer ones are cut, or a client could have each record hold a megabyte.
  static constexpr size_t kTextBytesMax = 1024;
  using Texts = std::array<std::string_view, kCancelledBy>;

  std::string_view Get(Text which) const;
  void SetTexts(const Texts& texts);
  bool HasReqId(std::string_view req_id) const;  // as it reads, without escapes
  CallInfoRecord ToInfo(const Clock& clock) const;

  std::string text{};
  std::array<uint16_t, kTexts> ends{};
  CallState state = CallState::kSent;
  bool cancel_requested = false;
  bool invoked = false;  // by an administrator: there is no Agent
  bool in_flight = false;
  MemberRef computer{};
  int64_t started_us = 0;
  int64_t deadline_ms = 0;
  int64_t delivered_us = 0;
  int64_t answered_us = 0;
  int64_t ended_us = 0;
  uint64_t request_bytes = 0;
  uint64_t response_bytes = 0;
  uint32_t next = UINT32_MAX;  // of the same caller's in flight
  uint32_t previous = UINT32_MAX;
};

class CallBook {
 public:
  static constexpr uint32_t kNone = UINT32_MAX;
  static constexpr size_t kRecentMax = 1024;

  CallBook() { records_.reserve(kRecentMax + 64); }

  // A record in flight, with its texts set and in front of the list that begins with *first.
  uint32_t Begin(const CallRecord::Texts& texts, uint32_t* first);
  // Takes it out of the caller's list and among the recent ones.
  CallRecord& End(uint32_t slot, uint32_t* first, CallState state, int64_t now_us);
  void Cancel(uint32_t slot, std::string_view by);

  CallRecord& At(uint32_t slot) { return records_[slot]; }
  const CallRecord& At(uint32_t slot) const { return records_[slot]; }
  // The one of that list, in flight; kNone if there is none.
  uint32_t Find(uint32_t first, std::string_view req_id) const;
  size_t in_flight() const { return in_flight_; }
  // `f(slot, record)` until it returns false. The recent ones newest first.
  template <class F>
  void ForEachInFlight(F f) const {
    for (uint32_t slot = 0; slot < records_.size(); ++slot) {
      if (records_[slot].in_flight && !f(slot, records_[slot])) return;
    }
  }
  template <class F>
  void ForEachRecent(F f) const {
    for (size_t i = 0; i < recent_.size(); ++i) {
      const size_t at = (oldest_ + recent_.size() - 1 - i) % recent_.size();
      if (!f(records_[recent_[at]])) return;
    }
  }

 private:
  std::vector<CallRecord> records_;
  std::vector<uint32_t> free_;
  std::vector<uint32_t> recent_;  // a ring once it has kRecentMax slots
  size_t oldest_ = 0;
  size_t in_flight_ = 0;
};

}  // namespace smcp
