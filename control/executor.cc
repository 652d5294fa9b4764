#include "control/executor.h"

#include <pthread.h>

#include <chrono>
#include <utility>

namespace smcp::control {
namespace {

template <class Clock>
int64_t MillisOf(typename Clock::time_point now) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(now.time_since_epoch()).count();
}

}  // namespace

ThreadExecutor::ThreadExecutor()
    : thread_([this] {
        pthread_setname_np(pthread_self(), "control");
        Run();
      }) {}

ThreadExecutor::~ThreadExecutor() { Stop(); }

void ThreadExecutor::Post(Task task) {
  {
    const std::lock_guard lock(mutex_);
    if (stopping_) return;
    ready_.push_back(std::move(task));
  }
  wake_.notify_one();
}

void ThreadExecutor::After(int64_t delay_ms, Task task) {
  {
    const std::lock_guard lock(mutex_);
    if (stopping_) return;
    timers_.emplace(NowMs() + delay_ms, std::move(task));
  }
  wake_.notify_one();
}

int64_t ThreadExecutor::NowMs() const {
  return MillisOf<std::chrono::steady_clock>(std::chrono::steady_clock::now());
}

int64_t ThreadExecutor::UnixMs() const {
  return MillisOf<std::chrono::system_clock>(std::chrono::system_clock::now());
}

void ThreadExecutor::Stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  if (thread_.joinable()) thread_.join();
  // Destroyed without the lock: what a task holds may post from its destructor.
  std::deque<Task> ready;
  std::multimap<int64_t, Task> timers;
  {
    const std::lock_guard lock(mutex_);
    ready.swap(ready_);
    timers.swap(timers_);
  }
}

void ThreadExecutor::Run() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    const int64_t now = NowMs();
    while (!timers_.empty() && timers_.begin()->first <= now) {
      ready_.push_back(std::move(timers_.extract(timers_.begin()).mapped()));
    }
    if (!ready_.empty()) {
      Task task = std::move(ready_.front());
      ready_.pop_front();
      lock.unlock();
      std::move(task)();
      task = nullptr;
      lock.lock();
    } else if (timers_.empty()) {
      wake_.wait(lock);
    } else {
      wake_.wait_for(lock, std::chrono::milliseconds(timers_.begin()->first - now));
    }
  }
}

}  // namespace smcp::control
