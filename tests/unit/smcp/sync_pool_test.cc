#include "gateway/smcp/sync_pool.h"

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <memory>

namespace smcp::test {
namespace {

TEST(SyncPool, RunsUpToItsThreadsKeepsUpToItsQueueAndRefusesMore) {
  std::promise<void> gate;
  std::shared_future<void> open = gate.get_future().share();
  std::atomic<int> ran = 0;
  SyncPool pool(2, 3);
  const auto blocked = [&] {
    return Task([open, &ran] {
      open.wait();
      ++ran;
    });
  };
  for (int i = 0; i < 5; ++i) {
    Task task = blocked();
    EXPECT_TRUE(pool.Run(task)) << i;
  }
  Task refused = blocked();
  EXPECT_FALSE(pool.Run(refused));
  EXPECT_TRUE(static_cast<bool>(refused)) << "a refused task is still the caller's";
  gate.set_value();
  std::promise<void> last;
  // With the gate open the queue drains; the pool takes work again as soon as there is room.
  Task task = [&] { last.set_value(); };
  while (!pool.Run(task)) std::this_thread::yield();
  last.get_future().wait();
  EXPECT_GE(ran.load(), 4);
}

TEST(SyncPool, DropsWhatWaitsWhenItEnds) {
  std::promise<void> gate;
  std::promise<void> started;
  std::promise<void> dropped;
  std::future<void> never = dropped.get_future();
  auto pool = std::make_unique<SyncPool>(1, 10);
  Task first = [&] {
    started.set_value();
    gate.get_future().wait();
  };
  ASSERT_TRUE(pool->Run(first));
  Task second = [promise = std::move(dropped)]() mutable { promise.set_value(); };
  ASSERT_TRUE(pool->Run(second));
  started.get_future().wait();
  std::thread opener([&] { gate.set_value(); });
  // Whether the second ran before the end or was dropped, it is not left behind.
  pool.reset();
  opener.join();
  EXPECT_EQ(never.wait_for(std::chrono::seconds(0)), std::future_status::ready);
}

TEST(SyncPool, MayBeEndedByItsOwnLastTask) {
  auto pool = std::make_shared<SyncPool>(1, 1);
  std::promise<void> handed;
  std::promise<void> done;
  Task task = [held = pool, &handed, &done]() mutable {
    handed.get_future().wait();
    held.reset();  // the last owner: destroyed on its own thread
    done.set_value();
  };
  ASSERT_TRUE(pool->Run(task));
  pool.reset();
  handed.set_value();
  done.get_future().wait();
}

}  // namespace
}  // namespace smcp::test
