// Decides what must be exclusive (role seats, names, the generation an office is pinned to) and
// carries news to other nodes. In memory for one node (backplane/local_backplane.h); the domain is
// written as if every decision took a network round trip.
//
// Thread rule: every method is called on the home shard of the office it names, and every callback
// arrives there as a task of its own, never inside the call that asked for it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/functional/any_invocable.h"
#include "gateway/base/ids.h"
#include "gateway/base/payload.h"
#include "gateway/base/task.h"
#include "gateway/smcp/sessions.h"

namespace smcp {

// The seat asked for, and under which rules.
struct SeatRequest {
  OfficeId office{};
  Role role = Role::kNone;
  std::string name{};
  uint8_t pin = 0;              // all members of an office have the same (SMCP-PROTOCOL.md 3.3)
  bool role_exclusive = false;  // one member of this role per office
  uint32_t members_max = 0;     // 0: no limit
  bool check_only = false;      // answer as a claim would be answered, but hold nothing
};

// In the order in which they are looked at (DECISIONS 20); the first that applies is the answer.
enum class SeatResult : uint8_t {
  kGranted,
  kOtherPin,
  kRoleTaken,
  kNameTaken,
  kFull,
  kUnavailable,  // could not be decided; nothing is held
};

// What happened in an office on another node.
struct RemoteNews {
  OfficeId office{};
  Payload packet{};  // the JSON array of a notify:* event
};

class BackplaneEvents {
 public:
  virtual void OnRemoteNews(const RemoteNews& news) = 0;

 protected:
  ~BackplaneEvents() = default;
};

class Backplane {
 public:
  using SeatDone = absl::AnyInvocable<void(SeatResult) &&>;
  virtual ~Backplane() = default;

  // Before the first use by `shard`, and after the last. `events` hears of other nodes.
  virtual void Attach(uint16_t shard, Scheduler& scheduler, BackplaneEvents& events) = 0;
  virtual void Detach(uint16_t shard) = 0;

  // Guarantee: of all claims for one (office, role, name), or for one (office, role) that is
  // exclusive, at most one is held at any moment; all held claims of an office have one pin.
  // Requests of one shard about one office are decided in the order they were made.
  virtual void Claim(uint16_t shard, SeatRequest request, SeatDone done) = 0;
  // Guarantee: at no moment are both names free or is the role seat free; kGranted or kNameTaken or
  // kUnavailable. On anything but kGranted the old name is still held.
  virtual void Rename(uint16_t shard, const OfficeId& office, Role role, const std::string& from,
                      const std::string& to, SeatDone done) = 0;
  // Guarantee: what was claimed before and is released here is free for claims made afterwards.
  // When the last seat of an office is released its pin is gone.
  virtual void Release(uint16_t shard, const OfficeId& office, Role role,
                       const std::string& name) = 0;
  // Guarantee: at most once, in order per office and shard; never blocks, drops when it must.
  virtual void Publish(uint16_t shard, const OfficeId& office, const Payload& packet) = 0;
  // Seats held through `shard`; for counts and tests.
  virtual size_t SeatCount(uint16_t shard) const = 0;
};

}  // namespace smcp
