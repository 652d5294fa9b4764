// When the process should give memory back to the system. The allocator keeps what a crowd of
// connections has freed, spread over its heaps, until somebody asks for it back; to ask costs
// milliseconds, so it is done after a crowd has gone and not otherwise.
//
// Thread rule: one thread. Pure: asks nothing, frees nothing.
#pragma once

#include <algorithm>
#include <cstdint>

namespace smcp {

class MemoryTrim {
 public:
  // Below this many sessions gone there is not enough to be worth a pause.
  static constexpr uint32_t kGoneMin = 500;

  // To be told the number of sessions now and then; true if memory should be given back now. That
  // is when half of the most sessions seen since the last time have gone, and the number has come
  // to rest: in the middle of a mass disconnect it would have to be done again.
  bool Observe(uint32_t sessions) {
    const bool at_rest = sessions == last_;
    last_ = sessions;
    peak_ = std::max(peak_, sessions);
    if (!at_rest || sessions > peak_ / 2 || peak_ - sessions < kGoneMin) return false;
    peak_ = sessions;
    return true;
  }

 private:
  uint32_t peak_ = 0;
  uint32_t last_ = 0;
};

}  // namespace smcp
