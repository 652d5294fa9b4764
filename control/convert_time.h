// Times and durations of protobuf from and to milliseconds and microseconds. 0 as a time means
// "has not happened"; it is the caller's to leave the field out. Thread rule: pure, any thread.
#pragma once

#include <cstdint>

#include "google/protobuf/duration.pb.h"
#include "google/protobuf/timestamp.pb.h"

namespace smcp::control {

inline google::protobuf::Timestamp TimestampOf(int64_t unix_ms) {
  google::protobuf::Timestamp time;
  const int64_t part = ((unix_ms % 1000) + 1000) % 1000;  // nanos count upwards before 1970, too
  time.set_seconds((unix_ms - part) / 1000);
  time.set_nanos(static_cast<int32_t>(part) * 1'000'000);
  return time;
}

inline google::protobuf::Duration DurationOfMicros(int64_t us) {
  google::protobuf::Duration duration;
  duration.set_seconds(us / 1'000'000);
  duration.set_nanos(static_cast<int32_t>(us % 1'000'000) * 1'000);
  return duration;
}

inline google::protobuf::Duration DurationOfMillis(int64_t ms) {
  google::protobuf::Duration duration;
  duration.set_seconds(ms / 1000);
  duration.set_nanos(static_cast<int32_t>(ms % 1000) * 1'000'000);
  return duration;
}

// Clipped to what fits; a part of a millisecond counts as a whole one.
inline int64_t MillisOf(const google::protobuf::Duration& duration) {
  constexpr int64_t kSecondsMax = 315'576'000'000;  // what the type may hold
  const int64_t seconds = duration.seconds() > kSecondsMax    ? kSecondsMax
                          : duration.seconds() < -kSecondsMax ? -kSecondsMax
                                                              : duration.seconds();
  return seconds * 1000 + (int64_t{duration.nanos()} + 999'999) / 1'000'000;
}

}  // namespace smcp::control
