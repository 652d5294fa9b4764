#include "gateway/runtime/admission.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

namespace smcp {
namespace {

TEST(SessionAdmission, CountsUpToTheLimitOfAllAddressesTogether) {
  SessionAdmission admission(2, 0);
  EXPECT_TRUE(admission.TryEnter("a"));
  EXPECT_TRUE(admission.TryEnter("b"));
  EXPECT_FALSE(admission.TryEnter("c"));
  EXPECT_EQ(admission.sessions(), 2u);
  admission.Leave("a");
  EXPECT_TRUE(admission.TryEnter("c"));
}

TEST(SessionAdmission, CountsEveryAddressByItself) {
  SessionAdmission admission(0, 2);
  EXPECT_TRUE(admission.TryEnter("a"));
  EXPECT_TRUE(admission.TryEnter("a"));
  EXPECT_FALSE(admission.TryEnter("a"));
  EXPECT_TRUE(admission.TryEnter("b"));
  EXPECT_EQ(admission.sessions(), 3u);
  admission.Leave("a");
  EXPECT_TRUE(admission.TryEnter("a"));
  EXPECT_FALSE(admission.TryEnter("a"));
}

TEST(SessionAdmission, ARefusalCountsNothing) {
  SessionAdmission admission(1, 1);
  EXPECT_TRUE(admission.TryEnter("a"));
  for (int i = 0; i < 3; ++i) {
    EXPECT_FALSE(admission.TryEnter("a"));
    EXPECT_FALSE(admission.TryEnter("b"));
  }
  EXPECT_EQ(admission.sessions(), 1u);
  admission.Leave("a");
  EXPECT_TRUE(admission.TryEnter("b"));
}

TEST(SessionAdmission, ZeroTurnsALimitOff) {
  SessionAdmission admission(0, 0);
  for (int i = 0; i < 1000; ++i) ASSERT_TRUE(admission.TryEnter("a"));
  EXPECT_EQ(admission.sessions(), 1000u);
}

TEST(SessionAdmission, LeavingWithoutHavingEnteredChangesNothing) {
  SessionAdmission admission(0, 1);
  admission.Leave("a");
  EXPECT_EQ(admission.sessions(), 0u);
  EXPECT_TRUE(admission.TryEnter("a"));
  EXPECT_FALSE(admission.TryEnter("a"));
}

TEST(SessionAdmission, ManyThreadsNeverGetPastTheLimitTogether) {
  constexpr uint32_t kMax = 10;
  SessionAdmission admission(kMax, 0);
  std::atomic<uint32_t> inside{0};
  std::atomic<bool> exceeded{false};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, address = std::string(1, static_cast<char>('a' + t % 2))] {
      for (int i = 0; i < 5000; ++i) {
        if (!admission.TryEnter(address)) continue;
        if (inside.fetch_add(1) + 1 > kMax) exceeded = true;
        inside.fetch_sub(1);
        admission.Leave(address);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_FALSE(exceeded);
  EXPECT_EQ(admission.sessions(), 0u);
}

}  // namespace
}  // namespace smcp
