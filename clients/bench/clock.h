// Time for the generator: monotonic nanoseconds. Any thread; never fails.
#pragma once

#include <ctime>

#include <cstdint>

namespace smcp_bench {

inline constexpr int64_t kMicrosecond = 1'000;
inline constexpr int64_t kMillisecond = 1'000'000;
inline constexpr int64_t kSecond = 1'000'000'000;

inline int64_t NowNs() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * kSecond + now.tv_nsec;
}

inline int64_t Ns(double seconds) { return static_cast<int64_t>(seconds * 1e9); }

inline double Seconds(int64_t ns) { return static_cast<double>(ns) / static_cast<double>(kSecond); }

}  // namespace smcp_bench
