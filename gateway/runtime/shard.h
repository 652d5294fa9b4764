// One event loop, one thread, and everything that lives there. Shards share nothing; the only way
// from one to another is Post.
//
// The io_context is made with concurrency hint 2 although one thread runs it: with hint 1 a post
// from the own thread waits in a private queue and can be overtaken by a later one that travelled
// over another shard, and the domain's correctness rests on causal order (ARCHITECTURE.md,
// "Causal posts"; guarded by the test ShardSet.PostIsCausallyOrdered).
#pragma once

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <thread>

#include "gateway/base/clock.h"
#include "gateway/base/task.h"
#include "gateway/base/timer_wheel.h"

namespace smcp {

class Shard {
 public:
  explicit Shard(uint16_t index);
  ~Shard();
  Shard(const Shard&) = delete;
  Shard& operator=(const Shard&) = delete;

  uint16_t index() const { return index_; }
  boost::asio::io_context& io() { return io_; }
  // Only on the shard.
  TimerWheel& timers() { return timers_; }
  const Clock& clock() const { return clock_; }

  // Any thread. Always queued, never run in place: see task.h.
  void Post(Task task);
  // How many posted tasks have begun; only on the shard. Who compares two readings knows whether
  // others ran in between.
  uint64_t tasks_begun() const { return tasks_begun_; }
  bool IsCurrent() const;
  void AssertCurrent() const;
  // The index of the shard whose thread this is, or -1.
  static int CurrentIndex();

  void Start();
  // Any thread; the loop ends as soon as the handler that runs now returns. Join before destroying
  // what posted tasks may touch.
  void Stop();
  void Join();

 private:
  void Run();
  void ArmTick();
  void OnTick();

  const uint16_t index_;
  boost::asio::io_context io_{2};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_;
  SteadyClock clock_;
  TimerWheel timers_;
  uint64_t tasks_begun_ = 0;
  boost::asio::basic_waitable_timer<std::chrono::steady_clock,
                                    boost::asio::wait_traits<std::chrono::steady_clock>,
                                    boost::asio::io_context::executor_type>
      tick_;
  std::thread thread_;
};

}  // namespace smcp
