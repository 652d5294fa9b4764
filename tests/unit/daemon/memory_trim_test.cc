#include "gateway/daemon/memory_trim.h"

#include <gtest/gtest.h>

namespace smcp {
namespace {

TEST(MemoryTrim, AsksOnceWhenACrowdHasGone) {
  MemoryTrim trim;
  EXPECT_FALSE(trim.Observe(19'000));
  EXPECT_FALSE(trim.Observe(19'000));
  EXPECT_FALSE(trim.Observe(0));
  EXPECT_TRUE(trim.Observe(0));
  EXPECT_FALSE(trim.Observe(0));
}

TEST(MemoryTrim, WaitsWhileSessionsAreStillLeaving) {
  MemoryTrim trim;
  EXPECT_FALSE(trim.Observe(10'000));
  EXPECT_FALSE(trim.Observe(4'000));
  EXPECT_FALSE(trim.Observe(2'000));
  EXPECT_FALSE(trim.Observe(1'000));
  EXPECT_TRUE(trim.Observe(1'000));
}

TEST(MemoryTrim, LeavesFewAloneAndAFullHouse) {
  MemoryTrim trim;
  for (const uint32_t sessions : {499u, 0u, 0u}) EXPECT_FALSE(trim.Observe(sessions));
  for (const uint32_t sessions : {8'000u, 5'000u, 5'000u}) EXPECT_FALSE(trim.Observe(sessions));
}

}  // namespace
}  // namespace smcp
