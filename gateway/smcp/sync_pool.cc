#include "gateway/smcp/sync_pool.h"

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <utility>

namespace smcp {

struct SyncPool::State {
  std::mutex mutex;
  std::condition_variable wake;
  std::deque<Task> queue;
  size_t unfinished = 0;  // queued and running
  bool stopping = false;
};

SyncPool::SyncPool(size_t threads_max, size_t queue_max)
    : threads_max_(std::max<size_t>(threads_max, 1)),
      queue_max_(queue_max),
      state_(std::make_shared<State>()) {}

SyncPool::~SyncPool() {
  std::deque<Task> dropped;
  {
    const std::lock_guard lock(state_->mutex);
    state_->stopping = true;
    dropped.swap(state_->queue);  // destroyed without the lock: a destructor may do anything
  }
  state_->wake.notify_all();
  for (std::thread& thread : threads_) {
    // A thread cannot wait for itself; it ends when its task does.
    thread.get_id() == std::this_thread::get_id() ? thread.detach() : thread.join();
  }
}

bool SyncPool::Run(Task& task) {
  const std::lock_guard lock(state_->mutex);
  if (state_->stopping) return false;
  if (state_->unfinished >= threads_max_ + queue_max_) return false;
  ++state_->unfinished;
  state_->queue.push_back(std::move(task));
  if (state_->unfinished > threads_.size() && threads_.size() < threads_max_) {
    threads_.emplace_back([state = state_] { Work(*state); });
  }
  state_->wake.notify_one();
  return true;
}

void SyncPool::Work(State& state) {
  std::unique_lock lock(state.mutex);
  for (;;) {
    state.wake.wait(lock, [&state] { return state.stopping || !state.queue.empty(); });
    if (state.stopping) return;
    Task task = std::move(state.queue.front());
    state.queue.pop_front();
    lock.unlock();
    std::move(task)();
    task = nullptr;
    lock.lock();
    --state.unfinished;
  }
}

}  // namespace smcp
