// Latencies in log-linear buckets: 256 per power of two, so a percentile is at most 0.4 % above the
// true one. Nanoseconds; fixed memory, no allocation when recording. One thread.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace smcp_bench {

class Histogram {
 public:
  // Negative values count as 0, values above 2^40 ns (18 minutes) as that.
  void Record(int64_t ns);
  void Reset();

  uint64_t samples() const { return samples_; }
  int64_t max_ns() const { return max_; }
  // `share` within 0..1; 0 when nothing was recorded.
  int64_t Percentile(double share) const;

 private:
  static constexpr int kSubBits = 8;
  static constexpr int kTopBits = 40;
  static constexpr size_t kBuckets = (size_t{kTopBits - kSubBits} + 1) << kSubBits;

  static size_t Index(uint64_t value);
  static uint64_t Highest(size_t index);

  std::array<uint64_t, kBuckets> counts_{};
  uint64_t samples_ = 0;
  int64_t max_ = 0;
};

}  // namespace smcp_bench
