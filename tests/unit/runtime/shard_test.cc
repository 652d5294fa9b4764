#include "gateway/runtime/shard.h"

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <vector>

#include "tests/unit/support/wait.h"

namespace smcp {
namespace {

class Recorder final : public TimerClient {
 public:
  explicit Recorder(Shard& shard) : shard_(shard) {}
  void OnTimer(uint64_t token) override {
    fired_on_shard = fired_on_shard && shard_.IsCurrent();
    fired_at_ms.push_back(shard_.clock().NowMs());
    tokens.push_back(token);
    signal.Raise();
  }
  std::vector<uint64_t> tokens;
  std::vector<int64_t> fired_at_ms;
  bool fired_on_shard = true;
  test::Signal signal;

 private:
  Shard& shard_;
};

TEST(Shard, RunsItsTasksOnOneThreadOfItsOwn) {
  Shard shard(3);
  shard.Start();
  EXPECT_FALSE(shard.IsCurrent());
  EXPECT_EQ(Shard::CurrentIndex(), -1);
  test::Signal done;
  bool current = false;
  int index = -1;
  shard.Post([&] {
    current = shard.IsCurrent();
    index = Shard::CurrentIndex();
    shard.AssertCurrent();
    done.Raise();
  });
  ASSERT_TRUE(done.Wait());
  EXPECT_TRUE(current);
  EXPECT_EQ(index, 3);
}

TEST(Shard, APostIsNeverRunInPlace) {
  Shard shard(0);
  shard.Start();
  test::Signal done;
  std::vector<int> order;
  shard.Post([&] {
    shard.Post([&] {
      order.push_back(2);
      done.Raise();
    });
    order.push_back(1);
  });
  ASSERT_TRUE(done.Wait());
  EXPECT_EQ(order, (std::vector<int>{1, 2}));
}

TEST(Shard, WhatIsPostedBeforeStartRunsAfterIt) {
  Shard shard(0);
  test::Signal done;
  shard.Post([&] { done.Raise(); });
  shard.Start();
  EXPECT_TRUE(done.Wait());
}

TEST(Shard, ItsTimersFireInTheOrderOfTheirDeadlines) {
  Shard shard(0);
  Recorder recorder(shard);
  int64_t armed_ms = 0;
  shard.Start();
  shard.Post([&] {
    armed_ms = shard.clock().NowMs();
    shard.timers().Arm(armed_ms + 60, &recorder, 60);
    shard.timers().Arm(armed_ms + 20, &recorder, 20);
    shard.timers().Arm(armed_ms + 40, &recorder, 40);
  });
  ASSERT_TRUE(recorder.signal.Wait(3));
  shard.Stop();
  shard.Join();
  EXPECT_EQ(recorder.tokens, (std::vector<uint64_t>{20, 40, 60}));
  EXPECT_TRUE(recorder.fired_on_shard);
  for (size_t i = 0; i < 3; ++i) {
    EXPECT_GT(recorder.fired_at_ms[i] + TimerWheel::kTickMs,
              armed_ms + static_cast<int64_t>(recorder.tokens[i]));
  }
}

TEST(Shard, AnEarlierTimerWakesAShardThatSleepsForALaterOne) {
  Shard shard(0);
  Recorder recorder(shard);
  shard.Start();
  test::Signal asleep;
  shard.Post([&] {
    shard.timers().Arm(shard.clock().NowMs() + 3'600'000, &recorder, 1);
    asleep.Raise();
  });
  ASSERT_TRUE(asleep.Wait());
  shard.Post([&] { shard.timers().Arm(shard.clock().NowMs() + 20, &recorder, 2); });
  ASSERT_TRUE(recorder.signal.Wait());
  shard.Stop();
  shard.Join();
  EXPECT_EQ(recorder.tokens, (std::vector<uint64_t>{2}));
}

TEST(Shard, ATimerMayArmTheNext) {
  class Chain final : public TimerClient {
   public:
    explicit Chain(Shard& shard) : shard_(shard) {}
    void OnTimer(uint64_t token) override {
      if (token == 0) return done.Raise();
      shard_.timers().Arm(shard_.clock().NowMs() + 10, this, token - 1);
    }
    test::Signal done;

   private:
    Shard& shard_;
  };
  Shard shard(0);
  Chain chain(shard);
  shard.Start();
  shard.Post([&] { shard.timers().Arm(shard.clock().NowMs() + 10, &chain, 3); });
  EXPECT_TRUE(chain.done.Wait());
}

TEST(Shard, TasksThatNeverRanAreDestroyed) {
  auto held = std::make_shared<int>(0);
  {
    Shard shard(0);
    shard.Start();
    shard.Stop();
    shard.Join();
    shard.Post([held] {});
    EXPECT_EQ(held.use_count(), 2);
  }
  EXPECT_EQ(held.use_count(), 1);
}

}  // namespace
}  // namespace smcp
