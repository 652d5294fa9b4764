// The events of the node, numbered, in a bounded ring; its watchers read it each at their own pace.
//
// A watcher that falls off the ring is told how many events it missed and goes on from the oldest
// one kept. An event is serialized once for all. Thread rule: one thread, the executor's.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "control/call.h"
#include "control/hub_limits.h"
#include "smcp/control/v1/event_service.pb.h"

namespace smcp::control {

class EventFeed {
 public:
  using Match = std::function<bool(const v1::Event&)>;
  using TokenOf = std::function<std::string(uint64_t)>;
  struct Watch {
    std::shared_ptr<Call> call{};
    Match match{};
    uint64_t backlog = 0;
    std::optional<uint64_t> resume{};
  };

  EventFeed(TokenOf token, const HubLimits& limits) : token_(std::move(token)), limits_(limits) {}

  bool empty() const { return watchers_.empty(); }
  size_t watchers() const { return watchers_.size(); }
  void DropWatchers() { watchers_.clear(); }
  void Add(v1::Event event);
  // Forgets what is kept; no token of before is good after.
  void Clear();
  // False: the place to resume from is not kept any more.
  bool Join(Watch watch, int64_t now_ms);
  // As Feed::Pump.
  bool Pump(int64_t now_ms, int64_t unix_ms);
  uint64_t last() const { return last_; }

 private:
  struct Kept {
    v1::Event event{};
    Bytes bytes{};  // made when first wanted
  };
  struct Watcher {
    Watch watch{};
    uint64_t at = 0;
    int64_t next_bookmark_ms = 0;
  };
  static constexpr size_t kShare = 4'096;

  uint64_t first() const { return last_ + 1 - ring_.size(); }
  bool Room(const Watcher& watcher) const;
  bool PumpOne(Watcher& watcher, int64_t now_ms, int64_t unix_ms);
  void SendMark(const Watcher& watcher, v1::Event::Kind kind, uint64_t lost, int64_t unix_ms);

  TokenOf token_;
  const HubLimits& limits_;
  std::deque<Kept> ring_;
  uint64_t last_ = 0;
  std::vector<Watcher> watchers_;
};

}  // namespace smcp::control
