#include "gateway/runtime/cpus.h"

#include <gtest/gtest.h>
#include <sched.h>

#include <thread>

namespace smcp {
namespace {

TEST(Cpus, AQuotaIsRoundedUpToWholeCpus) {
  EXPECT_EQ(CpusOfQuota("100000 100000"), 1u);
  EXPECT_EQ(CpusOfQuota("150000 100000"), 2u);
  EXPECT_EQ(CpusOfQuota("50000 100000\n"), 1u);
  EXPECT_EQ(CpusOfQuota("400000 100000"), 4u);
}

TEST(Cpus, NoQuotaAndNoTextAreNoRestriction) {
  EXPECT_EQ(CpusOfQuota("max 100000"), 0u);
  EXPECT_EQ(CpusOfQuota(""), 0u);
  EXPECT_EQ(CpusOfQuota("100000"), 0u);
  EXPECT_EQ(CpusOfQuota("100000 0"), 0u);
}

TEST(Cpus, AThreadBoundToOneCpuMayUseOne) {
  unsigned seen = 0;
  std::thread([&seen] {
    cpu_set_t set;
    ASSERT_EQ(::sched_getaffinity(0, sizeof(set), &set), 0);
    int first = 0;
    while (!CPU_ISSET(first, &set)) ++first;
    CPU_ZERO(&set);
    CPU_SET(first, &set);
    ASSERT_EQ(::sched_setaffinity(0, sizeof(set), &set), 0);
    seen = UsableCpus();
  }).join();
  EXPECT_EQ(seen, 1u);
}

}  // namespace
}  // namespace smcp
