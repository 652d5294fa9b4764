// The calls one Computer has not answered yet (SMCP-PROTOCOL.md 4.5). Whoever takes an entry out
// answers the call: taking is what makes the answer unique.
//
// Ack ids are the Computer's own, below 2^31 because some clients keep them in an i32, so a caller
// cannot be packed into one and this table is needed. In steady state it does not allocate.
// Thread rule: part of a Computer's member, on its shard.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "gateway/base/ids.h"
#include "gateway/base/limits.h"
#include "gateway/base/payload.h"
#include "gateway/base/timer_wheel.h"

namespace smcp {

// Digits of a client's ack id, kept as they came (DECISIONS 15). Empty: no ack is expected.
class AckDigits {
 public:
  AckDigits() = default;
  // At most kAckDigitsMax digits, which the packet decoder guarantees.
  explicit AckDigits(std::string_view digits)
      : size_(static_cast<uint8_t>(std::min(digits.size(), kAckDigitsMax))) {
    std::copy_n(digits.data(), size_, digits_.data());
  }
  std::string_view view() const { return {digits_.data(), size_}; }
  bool empty() const { return size_ == 0; }

 private:
  std::array<char, kAckDigitsMax> digits_{};
  uint8_t size_ = 0;
};

// Who asked, and how the answer is told to it.
struct CallOrigin {
  // Of no generation if an administrator asked: then only its shard counts.
  MemberRef agent{};
  AckDigits ack_id{};
  bool tool_call = false;
  uint32_t call = UINT32_MAX;  // its record in the book of the Agent's shard
  int64_t delivered_us = 0;    // when the Computer's outbox had it; 0: never
};

class PendingCalls {
 public:
  struct Entry {
    CallOrigin origin;
    // The name the Computer was called by: it may be renamed meanwhile, and a 404 names this one.
    Payload computer;
    TimerWheel::Id timer = 0;
  };

  bool Has(uint32_t ack_id) const { return entries_.contains(ack_id); }
  void Add(uint32_t ack_id, Entry entry) { entries_.emplace(ack_id, std::move(entry)); }
  std::optional<Entry> Take(uint32_t ack_id);
  std::vector<Entry> TakeAll();
  size_t size() const { return entries_.size(); }
  // When that record's call was delivered; 0 if it is not here any more.
  int64_t DeliveredUs(uint16_t shard, uint32_t call) const {
    for (const auto& [ack_id, entry] : entries_) {
      const CallOrigin& origin = entry.origin;
      if (origin.agent.shard == shard && origin.call == call) return origin.delivered_us;
    }
    return 0;
  }

 private:
  absl::flat_hash_map<uint32_t, Entry> entries_;
};

}  // namespace smcp
