// One session of the SMCP namespace, and the slab of those that live on one shard.
//
// Members are addressed by MemberRef, never by pointer, across tasks: a ref to a member that is
// gone finds nothing. A Member* is good until the current task returns or Remove is called. Thread
// rule: one slab per shard, used there only.
#pragma once

#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "gateway/base/ids.h"
#include "gateway/base/payload.h"
#include "gateway/base/timer_wheel.h"
#include "gateway/codec/version.h"
#include "gateway/smcp/pending_calls.h"
#include "gateway/smcp/roster.h"
#include "gateway/smcp/sessions.h"
#include "gateway/socketio/egress.h"

namespace smcp {

// An event that waits for the answer to a join or leave, copied.
struct ParkedEvent {
  std::string name;
  std::string payload;
  std::string ack_id;
  Attachments attachments;
  size_t bytes() const;
};

// What a member waits for. Meanwhile its events are parked, so every request is judged by a settled
// state, and at most one request of a member is under way at the homes.
enum class Waiting : uint8_t {
  kNothing,
  kJoin,      // the answer to a join, switch or rename
  kAnnounce,  // switched: the old office has to hear before the new one
  kLeave,
};

struct Asked {
  AckDigits ack_id;
  OfficeId office;  // kJoin: the one asked for; tells a disconnect whom to tell
};

// An answer that came before its Computer could be held back.
struct LateAnswer {
  CallOrigin origin;
  std::string payload;
  Attachments attachments;
  int64_t answered_us = 0;
  bool is_error = false;
};

// While an Agent reads its answers too slowly: the Computers that are not read meanwhile.
struct HeldBack {
  std::vector<MemberRef> computers;
  std::deque<LateAnswer> answers;
  size_t backlog = 0;       // when last looked at
  int64_t progress_ms = 0;  // when it was last seen to shrink
  TimerWheel::Id timer = 0;
  bool given_up = false;  // it does not read at all, so the Computers are read again
};

struct Member {
  MemberRef ref;
  sio::Egress* egress = nullptr;  // the socket outlives its member
  std::string sid;
  std::string a2c_version;  // as declared; empty if not
  Generation generation = Generation::kG1;

  Role role = Role::kNone;  // bound by the first successful join, together with the name
  Payload name;
  OfficeId office;
  OfficeKey office_key = 0;  // 0: in no office
  int64_t joined_ms = 0;     // its present office

  Waiting waiting = Waiting::kNothing;
  std::unique_ptr<Asked> asked;  // null while it waits for nothing

  uint32_t calls_in_flight = 0;           // as a caller
  uint32_t first_call = UINT32_MAX;       // of their records
  std::unique_ptr<Roster> roster;         // of an Agent in an office
  std::unique_ptr<PendingCalls> pending;  // of a Computer that has been called

  std::unique_ptr<std::deque<ParkedEvent>> parked;  // null while nothing is parked
  size_t parked_bytes = 0;
  bool reading_paused = false;
  uint16_t holds = 0;  // of a Computer: how often reading is off for an Agent's sake
  std::unique_ptr<HeldBack> held_back;  // of an Agent, while its answers pile up

  bool in_office() const { return office_key != 0; }
};

class Members {
 public:
  explicit Members(uint16_t shard) : shard_(shard) {}
  Member& Add();
  // Nullptr if it is gone.
  Member* Find(MemberRef ref);
  Member* FindSlot(uint32_t slot);
  // Frees its slot; nothing finds it any more.
  std::unique_ptr<Member> Take(Member& member);
  size_t size() const { return size_; }
  // Slots have numbers below this.
  size_t slots() const { return slots_.size(); }

  template <class F>
  void ForEach(F f) {
    for (const Slot& slot : slots_) {
      if (slot.member != nullptr) f(*slot.member);
    }
  }

 private:
  struct Slot {
    std::unique_ptr<Member> member;  // null: free
    uint32_t generation = 1;
  };
  void GiveBack();

  uint16_t shard_;
  std::vector<Slot> slots_;
  std::vector<uint32_t> free_;
  uint32_t first_generation_ = 1;  // of a new slot; above that of every ref ever given out
  size_t size_ = 0;
};

}  // namespace smcp
