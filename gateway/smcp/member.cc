#include "gateway/smcp/member.h"

#include <numeric>
#include <utility>

namespace smcp {

size_t ParkedEvent::bytes() const {
  return std::accumulate(attachments.begin(), attachments.end(),
                         sizeof(ParkedEvent) + name.size() + payload.size(),
                         [](size_t sum, const std::string& bytes) { return sum + bytes.size(); });
}

Member& Members::Add() {
  uint32_t slot;
  if (free_.empty()) {
    slot = static_cast<uint32_t>(slots_.size());
    slots_.push_back(std::make_unique<Member>());
    slots_.back()->ref = MemberRef{slot, 1, shard_};
  } else {
    slot = free_.back();
    free_.pop_back();
  }
  ++size_;
  return *slots_[slot];
}

Member* Members::Find(MemberRef ref) {
  if (!ref || ref.shard != shard_ || ref.slot >= slots_.size()) return nullptr;
  Member& member = *slots_[ref.slot];
  return member.ref == ref && member.egress != nullptr ? &member : nullptr;
}

Member* Members::FindSlot(uint32_t slot) {
  if (slot >= slots_.size() || slots_[slot]->egress == nullptr) return nullptr;
  return slots_[slot].get();
}

Member Members::Take(Member& member) {
  Member taken = std::move(member);
  member = Member();
  const uint32_t generation = taken.ref.generation;
  member.ref = MemberRef{taken.ref.slot, generation == UINT32_MAX ? 1 : generation + 1, shard_};
  free_.push_back(taken.ref.slot);
  --size_;
  return taken;
}

}  // namespace smcp
