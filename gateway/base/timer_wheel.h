// All deadlines of one shard: heartbeats, calls, handshakes. Arm and Cancel are O(1) and cost no
// system call; an idle connection costs one 32-byte node instead of a kernel or Asio timer.
//
// Deadlines are never rounded up: a timer fires in the tick that contains its deadline, so at most
// kTickMs early and, on an unloaded shard, never late. The official Engine.IO suite checks a ping
// timeout to within the tick (SOCKETIO-COMPAT.md 5.3).
//
// Thread rule: owned and used by one shard. Clients outlive their armed timers.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

namespace smcp {

class TimerClient {
 public:
  // May arm and cancel timers, its own included. A fired timer is gone: its id is no longer valid.
  virtual void OnTimer(uint64_t token) = 0;

 protected:
  ~TimerClient() = default;
};

class TimerWheel {
 public:
  using Id = uint64_t;  // generation and slot; 0: none. Stale ids are harmless.
  static constexpr int64_t kTickMs = 10;

  explicit TimerWheel(int64_t now_ms);
  Id Arm(int64_t deadline_ms, TimerClient* client, uint64_t token);
  void Cancel(Id id);
  // Fires everything that is due at `now_ms`.
  void Advance(int64_t now_ms);
  // When Advance has something to look at next; INT64_MAX if nothing is armed.
  int64_t NextLookMs();
  size_t armed() const { return armed_; }
  // Called when something is armed that is due before the last answer of NextLookMs, so that the
  // owner, who sleeps until then, can get up earlier.
  void set_on_earlier(std::function<void()> on_earlier) { on_earlier_ = std::move(on_earlier); }

 private:
  static constexpr uint32_t kSlots = 4096;  // 41 s in one turn; later deadlines stay for more turns
  static constexpr uint32_t kNil = UINT32_MAX;
  struct Node {
    uint32_t prev = kNil;
    uint32_t next = kNil;
    uint32_t generation = 1;
    uint32_t slot = kNil;  // kNil: free
    int64_t deadline_tick = 0;
    uint64_t token = 0;
    TimerClient* client = nullptr;
  };
  void Link(uint32_t index, uint32_t slot);
  void Unlink(uint32_t index);
  void Free(uint32_t index);
  void GiveBack();
  void FireSlot(int64_t tick);
  int64_t NextLookTick() const;

  std::vector<Node> nodes_;
  std::vector<uint32_t> free_;
  std::array<uint32_t, kSlots> heads_;
  std::array<uint64_t, kSlots / 64> occupied_{};
  int64_t tick_;           // everything due at or before this tick has fired
  int64_t look_tick_ = 0;  // the last answer of NextLookMs
  size_t armed_ = 0;
  uint32_t first_generation_ = 1;  // of a new node; above that of every id ever given out
  std::function<void()> on_earlier_;
};

}  // namespace smcp
