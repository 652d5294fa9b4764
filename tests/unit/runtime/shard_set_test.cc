#include "gateway/runtime/shard_set.h"

#include <gtest/gtest.h>

#include <atomic>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "tests/unit/support/wait.h"

namespace smcp {
namespace {

using PostTo = std::function<void(int loop, std::function<void()>)>;

// The trap: loop 0 posts X to itself, then something to loop 1, which posts Y to loop 0, all
// before the task on loop 0 ends. X caused Y, so X has to run first. Returns the order.
std::string OrderOfCausalPosts(const PostTo& post) {
  std::string order;
  std::atomic<bool> overtaking{false};
  test::Signal done;
  post(0, [&] {
    post(0, [&] {
      order += 'X';
      done.Raise();
    });
    post(1, [&] {
      post(0, [&] {
        order += 'Y';
        done.Raise();
      });
      overtaking = true;
    });
    while (!overtaking) std::this_thread::yield();
  });
  EXPECT_TRUE(done.Wait(2));
  return order;
}

TEST(ShardSet, PostIsCausallyOrdered) {
  ShardSet shards(2);
  shards.Start();
  for (int round = 0; round < 100; ++round) {
    ASSERT_EQ(OrderOfCausalPosts([&](int loop, std::function<void()> task) {
                shards.Post(static_cast<uint16_t>(loop), std::move(task));
              }),
              "XY");
  }
  shards.Stop();
}

// Why the test above is worth having: with concurrency hint 1 its scenario comes out wrong. If this
// fails with a later Boost, the trap is gone there, and with it the reason for hint 2.
TEST(ShardSet, AnEventLoopWithConcurrencyHintOneIsOvertaken) {
  struct Loop {
    boost::asio::io_context io{1};
    boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work{
        io.get_executor()};
    std::thread thread{[this] { io.run(); }};
    ~Loop() {
      io.stop();
      thread.join();
    }
  };
  Loop loops[2];
  EXPECT_EQ(OrderOfCausalPosts([&](int loop, std::function<void()> task) {
              boost::asio::post(loops[loop].io, std::move(task));
            }),
            "YX");
}

TEST(ShardSet, PostsOfOneThreadRunInTheirOrder) {
  ShardSet shards(2);
  shards.Start();
  std::vector<int> seen;
  test::Signal done;
  for (int i = 0; i < 1000; ++i) {
    shards.Post(1, [&, i] {
      seen.push_back(i);
      if (i == 999) done.Raise();
    });
  }
  ASSERT_TRUE(done.Wait());
  shards.Stop();
  ASSERT_EQ(seen.size(), 1000u);
  for (int i = 0; i < 1000; ++i) ASSERT_EQ(seen[static_cast<size_t>(i)], i);
}

TEST(ShardSet, HasAsManyShardsAsAskedForAndAtLeastOne) {
  EXPECT_EQ(ShardSet(3).shard_count(), 3);
  EXPECT_GE(ShardSet(0).shard_count(), 1);
  ShardSet shards(3);
  for (uint16_t i = 0; i < 3; ++i) EXPECT_EQ(shards.shard(i).index(), i);
}

TEST(ShardSet, AfterStopTasksAreDestroyedUnrun) {
  ShardSet shards(2);
  shards.Start();
  shards.Stop();
  auto held = std::make_shared<int>(0);
  bool ran = false;
  shards.Post(0, [held, &ran] { ran = true; });
  EXPECT_EQ(held.use_count(), 1);
  EXPECT_FALSE(ran);
  shards.Stop();  // a second time does nothing
}

TEST(ShardSet, MayBeStoppedByOneThreadWhileOthersPost) {
  ShardSet shards(2);
  shards.Start();
  std::atomic<bool> go{true};
  std::atomic<int> ran{0};
  test::Signal busy;
  std::thread poster([&] {
    while (go) {
      shards.Post(0, [&] {
        ++ran;
        busy.Raise();
      });
      std::this_thread::yield();
    }
  });
  EXPECT_TRUE(busy.Wait(10));
  shards.Stop();
  go = false;
  poster.join();
  const int after = ran;
  shards.Post(0, [&] { ++ran; });
  EXPECT_EQ(ran, after);
}

}  // namespace
}  // namespace smcp
