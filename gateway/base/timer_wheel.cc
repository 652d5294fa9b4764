#include "gateway/base/timer_wheel.h"

#include <algorithm>
#include <bit>
#include <limits>

#include "gateway/base/give_back.h"

namespace smcp {

TimerWheel::TimerWheel(int64_t now_ms) : tick_(now_ms / kTickMs) { heads_.fill(kNil); }

TimerWheel::Id TimerWheel::Arm(int64_t deadline_ms, TimerClient* client, uint64_t token) {
  uint32_t index;
  if (free_.empty()) {
    index = static_cast<uint32_t>(nodes_.size());
    nodes_.emplace_back().generation = first_generation_;
  } else {
    index = free_.back();
    free_.pop_back();
  }
  Node& node = nodes_[index];
  // The current tick has been looked at already: what is due in it fires with the next.
  node.deadline_tick = std::max(deadline_ms / kTickMs, tick_ + 1);
  node.client = client;
  node.token = token;
  Link(index, static_cast<uint32_t>(node.deadline_tick) % kSlots);
  ++armed_;
  if (node.deadline_tick < look_tick_ && on_earlier_) {
    look_tick_ = node.deadline_tick;
    on_earlier_();
  }
  return (static_cast<uint64_t>(node.generation) << 32) | index;
}

void TimerWheel::Cancel(Id id) {
  const auto index = static_cast<uint32_t>(id);
  if (id == 0 || index >= nodes_.size()) return;
  const Node& node = nodes_[index];
  if (node.slot == kNil || node.generation != static_cast<uint32_t>(id >> 32)) return;
  Unlink(index);
  Free(index);
}

void TimerWheel::Advance(int64_t now_ms) {
  const int64_t target = now_ms / kTickMs;
  // After a long pause every slot is looked at once, not once per missed turn.
  if (target - tick_ > static_cast<int64_t>(kSlots)) tick_ = target - kSlots;
  while (tick_ < target) {
    ++tick_;
    const auto slot = static_cast<uint32_t>(tick_) % kSlots;
    if ((occupied_[slot / 64] >> (slot % 64)) & 1) FireSlot(tick_);
  }
}

void TimerWheel::FireSlot(int64_t tick) {
  const auto slot = static_cast<uint32_t>(tick) % kSlots;
  // A callback may cancel or arm anything, so the list is started over after each one; it ends
  // because what is armed meanwhile lies in a later tick.
  for (bool fired = true; fired;) {
    fired = false;
    for (uint32_t i = heads_[slot]; i != kNil; i = nodes_[i].next) {
      if (nodes_[i].deadline_tick > tick) continue;
      TimerClient* client = nodes_[i].client;
      const uint64_t token = nodes_[i].token;
      Unlink(i);
      Free(i);
      client->OnTimer(token);
      fired = true;
      break;
    }
  }
}

int64_t TimerWheel::NextLookMs() {
  look_tick_ = NextLookTick();
  if (look_tick_ == std::numeric_limits<int64_t>::max()) return look_tick_;
  return look_tick_ * kTickMs;
}

int64_t TimerWheel::NextLookTick() const {
  if (armed_ == 0) return std::numeric_limits<int64_t>::max();
  const auto first = static_cast<uint32_t>(tick_ + 1) % kSlots;
  for (uint32_t step = 0; step < kSlots;) {
    const uint32_t slot = (first + step) % kSlots;
    const uint64_t word = occupied_[slot / 64] >> (slot % 64);
    if (word != 0) return tick_ + 1 + step + static_cast<uint32_t>(std::countr_zero(word));
    step += 64 - slot % 64;
  }
  return tick_ + kSlots;
}

void TimerWheel::Link(uint32_t index, uint32_t slot) {
  Node& node = nodes_[index];
  node.slot = slot;
  node.prev = kNil;
  node.next = heads_[slot];
  if (node.next != kNil) nodes_[node.next].prev = index;
  heads_[slot] = index;
  occupied_[slot / 64] |= uint64_t{1} << (slot % 64);
}

void TimerWheel::Unlink(uint32_t index) {
  Node& node = nodes_[index];
  if (node.prev == kNil) {
    heads_[node.slot] = node.next;
  } else {
    nodes_[node.prev].next = node.next;
  }
  if (node.next != kNil) nodes_[node.next].prev = node.prev;
  if (heads_[node.slot] == kNil) {
    occupied_[node.slot / 64] &= ~(uint64_t{1} << (node.slot % 64));
  }
}

void TimerWheel::Free(uint32_t index) {
  Node& node = nodes_[index];
  node.slot = kNil;
  if (++node.generation == 0) node.generation = 1;
  free_.push_back(index);
  if (--armed_ == 0 && nodes_.size() > kKeptCapacity) GiveBack();
}

void TimerWheel::GiveBack() {
  // The crowd has gone. Ids of its timers may still be kept somewhere, so new nodes must not bear
  // their generations.
  for (const Node& node : nodes_) first_generation_ = std::max(first_generation_, node.generation);
  if (first_generation_ > UINT32_MAX / 2) return;  // too close to a wrap, after years: keep them
  nodes_ = std::vector<Node>();
  free_ = std::vector<uint32_t>();
}

}  // namespace smcp
