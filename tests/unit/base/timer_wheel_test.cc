#include "gateway/base/timer_wheel.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <functional>
#include <limits>
#include <map>
#include <vector>

#include "gateway/base/rng.h"

namespace smcp {
namespace {

class Recorder final : public TimerClient {
 public:
  void OnTimer(uint64_t token) override {
    fired.push_back(token);
    if (then) then(token);
  }
  std::vector<uint64_t> fired;
  std::function<void(uint64_t)> then;
};

using Tokens = std::vector<uint64_t>;

TEST(TimerWheel, FiresInTheTickOfTheDeadlineAndNotBefore) {
  TimerWheel wheel(1000);
  Recorder client;
  wheel.Arm(1505, &client, 1);
  wheel.Advance(1499);
  EXPECT_EQ(client.fired, Tokens{});
  wheel.Advance(1500);
  EXPECT_EQ(client.fired, Tokens{1});
  EXPECT_EQ(wheel.armed(), 0u);
}

TEST(TimerWheel, FiresADeadlineInThePastWithTheNextTick) {
  TimerWheel wheel(1000);
  Recorder client;
  wheel.Arm(10, &client, 1);
  wheel.Advance(1009);
  EXPECT_EQ(client.fired, Tokens{});
  wheel.Advance(1010);
  EXPECT_EQ(client.fired, Tokens{1});
}

TEST(TimerWheel, KeepsADeadlineSeveralTurnsAway) {
  TimerWheel wheel(0);
  Recorder client;
  wheel.Arm(200'000, &client, 1);
  for (int64_t now = 0; now < 200'000; now += 7'000) wheel.Advance(now);
  wheel.Advance(199'999);
  EXPECT_EQ(client.fired, Tokens{});
  wheel.Advance(200'000);
  EXPECT_EQ(client.fired, Tokens{1});
}

TEST(TimerWheel, FiresEverythingDueAfterALongPause) {
  TimerWheel wheel(0);
  Recorder client;
  for (uint64_t i = 0; i < 100; ++i) wheel.Arm(static_cast<int64_t>(i) * 999, &client, i);
  wheel.Arm(1'000'001'000, &client, 1000);
  wheel.Advance(1'000'000'000);
  EXPECT_EQ(client.fired.size(), 100u);
  EXPECT_EQ(wheel.armed(), 1u);
}

TEST(TimerWheel, DoesNotFireWhatWasCancelled) {
  TimerWheel wheel(0);
  Recorder client;
  const TimerWheel::Id id = wheel.Arm(100, &client, 1);
  wheel.Arm(100, &client, 2);
  wheel.Cancel(id);
  wheel.Advance(1000);
  EXPECT_EQ(client.fired, Tokens{2});
}

TEST(TimerWheel, IgnoresStaleIds) {
  TimerWheel wheel(0);
  Recorder client;
  const TimerWheel::Id first = wheel.Arm(100, &client, 1);
  wheel.Cancel(first);
  wheel.Arm(100, &client, 2);  // takes the slot over
  wheel.Cancel(first);
  wheel.Cancel(0);
  wheel.Cancel(uint64_t{1} << 32 | 12345);
  wheel.Advance(1000);
  EXPECT_EQ(client.fired, Tokens{2});
}

TEST(TimerWheel, AStaleIdOfACrowdThatHasGoneCancelsNobody) {
  TimerWheel wheel(0);
  Recorder client;
  std::vector<TimerWheel::Id> crowd;
  for (int i = 0; i < 10'000; ++i) crowd.push_back(wheel.Arm(100, &client, 1));
  for (const TimerWheel::Id id : crowd) wheel.Cancel(id);
  ASSERT_EQ(wheel.armed(), 0u);
  for (int i = 0; i < 10'000; ++i) wheel.Arm(200, &client, 2);
  for (const TimerWheel::Id id : crowd) wheel.Cancel(id);
  EXPECT_EQ(wheel.armed(), 10'000u);
  wheel.Advance(1000);  // the last one to fire takes the memory away under the loop
  EXPECT_EQ(client.fired.size(), 10'000u);
  wheel.Arm(1100, &client, 3);
  wheel.Advance(2000);
  EXPECT_EQ(client.fired.back(), 3u);
}

TEST(TimerWheel, LetsACallbackCancelATimerOfTheSameTick) {
  TimerWheel wheel(0);
  Recorder client;
  std::map<uint64_t, TimerWheel::Id> ids;
  for (const uint64_t token : {1, 2}) ids[token] = wheel.Arm(100, &client, token);
  client.then = [&](uint64_t token) { wheel.Cancel(ids[3 - token]); };
  wheel.Advance(1000);
  EXPECT_EQ(client.fired.size(), 1u);
  EXPECT_EQ(wheel.armed(), 0u);
}

TEST(TimerWheel, LetsACallbackArmItselfAgainWithoutEnd) {
  TimerWheel wheel(0);
  Recorder client;
  client.then = [&](uint64_t) { wheel.Arm(0, &client, 1); };
  wheel.Arm(0, &client, 1);
  wheel.Advance(100);  // ten ticks, one firing each
  EXPECT_EQ(client.fired.size(), 10u);
}

TEST(TimerWheel, SaysWhenToLookNextAndNeverTooLate) {
  TimerWheel wheel(0);
  Recorder client;
  EXPECT_EQ(wheel.NextLookMs(), std::numeric_limits<int64_t>::max());
  wheel.Arm(25'000, &client, 1);
  EXPECT_EQ(wheel.NextLookMs(), 25'000);
  wheel.Arm(299, &client, 2);
  EXPECT_EQ(wheel.NextLookMs(), 290);
  wheel.Advance(wheel.NextLookMs());
  EXPECT_EQ(client.fired, Tokens{2});
}

TEST(TimerWheel, AgreesWithAMapOfDeadlinesOverARandomRun) {
  SeededRandom random(2024);
  int64_t now = 5'000;
  TimerWheel wheel(now);
  Recorder client;
  std::map<uint64_t, int64_t> deadlines;
  std::map<uint64_t, TimerWheel::Id> ids;
  for (uint64_t step = 1; step <= 20'000; ++step) {
    const uint64_t dice = random.Next() % 10;
    if (dice < 6) {
      // The wheel's contract in ticks: not before the tick of the deadline, not in a tick gone by.
      const int64_t deadline = now + static_cast<int64_t>(random.Next() % 100'000);
      ids[step] = wheel.Arm(deadline, &client, step);
      deadlines[step] = std::max(deadline / 10, now / 10 + 1);
    } else if (dice < 8 && !ids.empty()) {
      auto victim = ids.lower_bound(random.Next() % step);
      if (victim == ids.end()) victim = ids.begin();
      wheel.Cancel(victim->second);
      deadlines.erase(victim->first);
      ids.erase(victim);
    } else {
      now += static_cast<int64_t>(random.Next() % 400);
      wheel.Advance(now);
      for (const uint64_t token : client.fired) {
        ASSERT_TRUE(deadlines.contains(token)) << token;
        ASSERT_LE(deadlines[token], now / 10);
        deadlines.erase(token);
        ids.erase(token);
      }
      client.fired.clear();
      for (const auto& [token, tick] : deadlines) ASSERT_GT(tick, now / 10) << token;
      ASSERT_EQ(wheel.armed(), deadlines.size());
      ASSERT_GT(wheel.NextLookMs(), now / 10 * 10);
    }
  }
}

}  // namespace
}  // namespace smcp
