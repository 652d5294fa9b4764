#include "clients/bench/histogram.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace smcp_bench {

void Histogram::Record(int64_t ns) {
  ns = std::clamp<int64_t>(ns, 0, (int64_t{1} << kTopBits) - 1);
  ++counts_[Index(static_cast<uint64_t>(ns))];
  ++samples_;
  max_ = std::max(max_, ns);
}

void Histogram::Reset() {
  counts_.fill(0);
  samples_ = 0;
  max_ = 0;
}

int64_t Histogram::Percentile(double share) const {
  if (samples_ == 0) return 0;
  const auto wanted = static_cast<uint64_t>(std::ceil(share * static_cast<double>(samples_)));
  uint64_t seen = 0;
  for (size_t i = 0; i < kBuckets; ++i) {
    seen += counts_[i];
    if (seen >= std::max<uint64_t>(wanted, 1)) {
      return std::min(static_cast<int64_t>(Highest(i)), max_);
    }
  }
  return max_;
}

// Values below 2^kSubBits have a bucket each; above, the top kSubBits + 1 bits choose it.
size_t Histogram::Index(uint64_t value) {
  const auto width = static_cast<int>(std::bit_width(value));
  if (width <= kSubBits) return value;
  const int shift = width - kSubBits - 1;
  return ((static_cast<size_t>(shift) + 1) << kSubBits) + (value >> shift) -
         (size_t{1} << kSubBits);
}

uint64_t Histogram::Highest(size_t index) {
  const size_t group = index >> kSubBits;
  if (group == 0) return index;
  const size_t shift = group - 1;
  const uint64_t top = (uint64_t{1} << kSubBits) + (index & ((size_t{1} << kSubBits) - 1));
  return ((top + 1) << shift) - 1;
}

}  // namespace smcp_bench
