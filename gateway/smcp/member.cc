#include "gateway/smcp/member.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "gateway/base/give_back.h"

namespace smcp {

size_t ParkedEvent::bytes() const {
  return std::accumulate(attachments.begin(), attachments.end(),
                         sizeof(ParkedEvent) + name.size() + payload.size(),
                         [](size_t sum, const std::string& bytes) { return sum + bytes.size(); });
}

Member& Members::Add() {
  uint32_t index;
  if (free_.empty()) {
    index = static_cast<uint32_t>(slots_.size());
    slots_.emplace_back().generation = first_generation_;
  } else {
    index = free_.back();
    free_.pop_back();
  }
  Slot& slot = slots_[index];
  slot.member = std::make_unique<Member>();
  slot.member->ref = MemberRef{index, slot.generation, shard_};
  ++size_;
  return *slot.member;
}

Member* Members::Find(MemberRef ref) {
  if (!ref || ref.shard != shard_ || ref.slot >= slots_.size()) return nullptr;
  const Slot& slot = slots_[ref.slot];
  return slot.generation == ref.generation ? slot.member.get() : nullptr;
}

Member* Members::FindSlot(uint32_t slot) {
  return slot < slots_.size() ? slots_[slot].member.get() : nullptr;
}

std::unique_ptr<Member> Members::Take(Member& member) {
  const uint32_t index = member.ref.slot;
  Slot& slot = slots_[index];
  slot.generation = slot.generation == UINT32_MAX ? 1 : slot.generation + 1;
  free_.push_back(index);
  std::unique_ptr<Member> taken = std::move(slot.member);
  if (--size_ == 0 && slots_.size() > kKeptCapacity) GiveBack();
  return taken;
}

void Members::GiveBack() {
  // Refs to members of the crowd that has gone may still be under way, so new slots must not bear
  // their generations.
  for (const Slot& slot : slots_) first_generation_ = std::max(first_generation_, slot.generation);
  if (first_generation_ > UINT32_MAX / 2) return;  // too close to a wrap, after years: keep them
  slots_ = std::vector<Slot>();
  free_ = std::vector<uint32_t>();
}

}  // namespace smcp
