// What members' shards and home shards tell each other. Values: they own what they hold.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "gateway/base/ids.h"
#include "gateway/base/payload.h"
#include "gateway/codec/version.h"
#include "gateway/smcp/events.h"
#include "gateway/smcp/office_policy.h"
#include "gateway/smcp/pending_calls.h"
#include "gateway/smcp/roster.h"
#include "gateway/smcp/sessions.h"
#include "gateway/smcp/wire_error.h"

namespace smcp {

enum class JoinMode : uint8_t {
  kEnter,      // from no office
  kSwitch,     // a Computer that is in another office until this is granted
  kRename,     // in the office already, under another name
  kCheckOnly,  // an Agent that is in another office: refused in any case, but for which reason?
};

// Member's shard -> home.
struct JoinRequest {
  MemberRef ref{};
  JoinMode mode = JoinMode::kEnter;
  Role role = Role::kNone;
  Generation generation = Generation::kG1;
  OfficeId office{};
  std::string name{};
  std::string sid{};
  std::string a2c_version{};
};

// Home -> member's shard.
struct JoinAnswer {
  MemberRef ref{};
  JoinMode mode = JoinMode::kEnter;
  Refusal refusal = Refusal::kNone;
  Role role = Role::kNone;
  OfficeId office{};
  std::string name{};
  OfficeKey key = 0;
  std::vector<RosterEntry> roster{};           // for an Agent: every Computer announced so far
  std::shared_ptr<const CallPolicy> policy{};  // for an Agent
};

// Member's shard -> home: a leave, a disconnect, or the second half of a switch.
struct LeaveRequest {
  MemberRef ref{};
  OfficeId office{};
  OfficeKey key = 0;  // as the member knew it; 0 if its join was not answered yet
  // A switch: the office that announces the member once this one has heard that it left. Empty:
  // none.
  OfficeId next_office{};
};

// Member's shard -> home.
struct NewsRequest {
  MemberRef ref{};
  OfficeId office{};
  const EventRow* event = nullptr;
  std::string req_id{};  // raw JSON, of a cancel
};
struct ListRequest {
  MemberRef ref{};
  OfficeId office{};
  AckDigits ack_id{};
  std::string req_id{};  // raw JSON
};

// Home -> every shard with members of the office: news in order, each with the change to the
// Agent's roster that belongs to it. Built once and shared.
struct Bulletin {
  enum class RosterChange : uint8_t { kNone, kSet, kErase };
  struct News {
    Payload packet{};
    RosterChange change = RosterChange::kNone;
    std::string name{};
    MemberRef computer{};
  };
  OfficeKey key = 0;
  MemberRef originator{};  // hears nothing
  std::vector<News> news{};
};

}  // namespace smcp
