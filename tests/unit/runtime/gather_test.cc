#include "gateway/runtime/gather.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "gateway/runtime/shard_set.h"
#include "tests/unit/smcp/support/fake_scheduler.h"
#include "tests/unit/support/wait.h"

namespace smcp {
namespace {

using ::testing::ElementsAre;

TEST(Gather, DeliversTheAnswersInShardOrderWhoeverAnswersFirst) {
  test::FakeScheduler scheduler(3);
  std::vector<std::string> parts;
  int calls = 0;
  Gather<std::string>(
      scheduler, [](uint16_t shard) { return "from " + std::to_string(shard); },
      [&](std::vector<std::string> all) {
        ++calls;
        parts = std::move(all);
      });
  EXPECT_TRUE(scheduler.Step(2));
  EXPECT_TRUE(scheduler.Step(0));
  EXPECT_EQ(calls, 0);
  EXPECT_TRUE(scheduler.Step(1));
  EXPECT_EQ(calls, 1);
  EXPECT_THAT(parts, ElementsAre("from 0", "from 1", "from 2"));
  EXPECT_TRUE(scheduler.idle());
}

TEST(Gather, AsksEachShardOnItsOwnThreadAndAnswersOnce) {
  ShardSet shards(4);
  shards.Start();
  for (int round = 0; round < 50; ++round) {
    test::Signal done;
    std::vector<int> parts;
    Gather<int>(
        shards, [](uint16_t) { return Shard::CurrentIndex(); },
        [&](std::vector<int> all) {
          parts = std::move(all);
          done.Raise();
        });
    ASSERT_TRUE(done.Wait());
    EXPECT_THAT(parts, ElementsAre(0, 1, 2, 3));
  }
  shards.Stop();
}

}  // namespace
}  // namespace smcp
