// Empties the node while the process goes on: no new sessions, those that there are are closed at a
// pace, idle ones first, those with calls in flight when their calls are over or, without waiting,
// at the end. At the deadline whoever is left goes at once.
//
// Calls are served until only members with calls are left; then new ones are refused, because an
// Agent that always has one in flight would never be idle.
// Thread rule: any thread; Tick is called by one thread, again and again. Units: milliseconds of a
// monotonic clock that the caller reads.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "control/node_admin.h"
#include "gateway/smcp/admin.h"
#include "gateway/smcp/inspect.h"

namespace smcp {

class NodeDrain {
 public:
  struct Gateway {
    GatewayInspect* inspect = nullptr;
    GatewayAdmin* admin = nullptr;
    std::function<void(bool)> refuse_sessions;
    std::function<void(bool)> refuse_calls;
  };
  // How often Tick should be called while draining() holds.
  static constexpr int64_t kTickMs = 50;

  explicit NodeDrain(Gateway gateway);
  ~NodeDrain();
  NodeDrain(const NodeDrain&) = delete;
  NodeDrain& operator=(const NodeDrain&) = delete;

  // A second one replaces pace, deadline and waiting of the first.
  void Begin(double pace_per_second, int64_t deadline_ms, bool wait_for_calls, int64_t now_ms);
  // Nothing happens if it has not begun, or is frozen.
  void End();
  // The process stops: from now on nobody calls a drain off.
  void Freeze();
  void Tick(int64_t now_ms);

  // True from Begin to End.
  bool draining() const;
  control::DrainState state() const;
  int64_t deadline_ms() const;  // 0 while serving

 private:
  struct Shared;  // what answers that come late may still touch

  Gateway gateway_;
  const std::shared_ptr<Shared> shared_;
};

}  // namespace smcp
