#include "gateway/daemon/node_drain.h"

#include <algorithm>
#include <mutex>
#include <utility>

namespace smcp {
namespace {

// Closed in one go; a page of a listing.
constexpr double kBatchMax = 500;

}  // namespace

struct NodeDrain::Shared {
  enum class Stage : uint8_t {
    kIdleFirst,  // members without calls
    kWait,       // the same, and new calls are refused
    kAll,
  };

  mutable std::mutex mutex;
  bool on = false;
  bool frozen = false;  // the process stops: nobody calls it off any more
  bool empty = false;
  bool asking = false;  // for a page; the answer is on its way
  bool wait_for_calls = false;
  Stage stage = Stage::kIdleFirst;
  double pace = 0;    // per millisecond
  double budget = 0;  // sessions that may be closed now
  int64_t ticked_ms = 0;
  int64_t deadline_ms = 0;
  uint64_t round = 0;  // counts Begin and End, so that late answers are known
};

NodeDrain::NodeDrain(Gateway gateway)
    : gateway_(std::move(gateway)), shared_(std::make_shared<Shared>()) {}

NodeDrain::~NodeDrain() = default;

void NodeDrain::Begin(double pace_per_second, int64_t deadline_ms, bool wait_for_calls,
                      int64_t now_ms) {
  {
    const std::lock_guard lock(shared_->mutex);
    if (!shared_->on) {
      shared_->stage = Shared::Stage::kIdleFirst;
      shared_->budget = 1;
      shared_->empty = false;
      shared_->ticked_ms = now_ms;
      ++shared_->round;
    }
    shared_->on = true;
    shared_->pace = pace_per_second / 1000;
    shared_->deadline_ms = deadline_ms;
    shared_->wait_for_calls = wait_for_calls;
    gateway_.refuse_sessions(true);  // under the lock, so that it cannot overtake an End
  }
}

void NodeDrain::Freeze() {
  const std::lock_guard lock(shared_->mutex);
  shared_->frozen = true;
}

void NodeDrain::End() {
  {
    const std::lock_guard lock(shared_->mutex);
    if (!shared_->on || shared_->frozen) return;
    shared_->on = false;
    shared_->asking = false;
    shared_->deadline_ms = 0;
    ++shared_->round;
    gateway_.refuse_calls(false);
    gateway_.refuse_sessions(false);
  }
}

void NodeDrain::Tick(int64_t now_ms) {
  size_t wanted = 0;
  bool idle_only = false;
  uint64_t round = 0;
  {
    Shared& shared = *shared_;
    const std::lock_guard lock(shared.mutex);
    if (!shared.on) return;
    const auto passed = static_cast<double>(now_ms - shared.ticked_ms);
    shared.ticked_ms = now_ms;
    // What a slow tick left over is caught up with, up to one batch.
    shared.budget = std::min(shared.budget + passed * shared.pace, kBatchMax);
    if (now_ms >= shared.deadline_ms) {
      shared.stage = Shared::Stage::kAll;
      shared.budget = kBatchMax;
    }
    if (shared.asking || shared.budget < 1) return;
    shared.asking = true;
    wanted = static_cast<size_t>(shared.budget);
    idle_only = shared.stage != Shared::Stage::kAll;
    round = shared.round;
  }
  SessionPredicate match;
  if (idle_only) match = [](const SessionView& session) { return session.calls_in_flight == 0; };
  gateway_.inspect->PageSessions(
      std::nullopt, wanted, std::move(match),
      [shared = shared_, gateway = gateway_, round](SessionPage page) {
        {
          const std::lock_guard lock(shared->mutex);
          if (shared->round != round) return;
          shared->asking = false;
          shared->empty = page.total == 0;
          shared->budget -= static_cast<double>(page.sessions.size());
          if (page.sessions.empty() && !page.next && page.total != 0 &&
              shared->stage == Shared::Stage::kIdleFirst) {
            shared->stage = shared->wait_for_calls ? Shared::Stage::kWait : Shared::Stage::kAll;
            gateway.refuse_calls(true);
          }
        }
        for (SessionInfo& session : page.sessions) {
          gateway.admin->Disconnect(std::move(session.sid), /*terminal=*/false,
                                    [](absl::StatusOr<SessionInfo>) {});
        }
      });
}

bool NodeDrain::draining() const {
  const std::lock_guard lock(shared_->mutex);
  return shared_->on;
}

control::DrainState NodeDrain::state() const {
  const std::lock_guard lock(shared_->mutex);
  if (!shared_->on) return control::DrainState::kServing;
  return shared_->empty ? control::DrainState::kDrained : control::DrainState::kDraining;
}

int64_t NodeDrain::deadline_ms() const {
  const std::lock_guard lock(shared_->mutex);
  return shared_->deadline_ms;
}

}  // namespace smcp
