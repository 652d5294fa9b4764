// What can be seen of a running gateway from outside its shards: plain structs and one interface.
// With admin.h the only door for control/.
//
// Nothing here is a snapshot of the whole: each shard answers for a moment of its own. A page is
// read in bounded steps, so a listing of any size delays no event by more than one step.
//
// Thread rule: any thread may ask; a callback runs on the shard that answered last, must not block,
// and gets values. Predicates run on shards, on views, and must be pure. Units: times are Unix
// milliseconds, 0 means "has not happened"; durations say their unit.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "gateway/base/ids.h"
#include "gateway/codec/version.h"
#include "gateway/smcp/sessions.h"

namespace smcp {

// --- sessions

// One session of the namespace, joined or not. Text is T: a view on a shard, a copy elsewhere.
template <class Text>
struct BasicSessionInfo {
  Text sid{};
  Role role = Role::kNone;
  Text name{};
  Text office_id{};  // empty: in no office
  Text a2c_version{};
  Generation generation = Generation::kG1;
  // The connection below it.
  bool websocket = false;
  Text path{};
  Text origin{};
  Text address{};
  uint16_t port = 0;
  Text forwarded_for{};
  Text user_agent{};
  int64_t connected_ms = 0;
  int64_t joined_ms = 0;         // its present office
  int64_t last_activity_ms = 0;  // last packet from the client
  int64_t ping_us = -1;          // round trip of the last ping; -1: none yet
  uint64_t events_in = 0;
  uint64_t events_out = 0;
  uint64_t bytes_in = 0;
  uint64_t bytes_out = 0;
  uint64_t send_queue_bytes = 0;
  uint32_t calls_in_flight = 0;  // as a caller and as a Computer
  // Set by the authentication provider. Of a view: may be null.
  using Labels = std::map<std::string, std::string>;
  std::conditional_t<std::is_same_v<Text, std::string>, Labels, const Labels*> labels{};
};
using SessionView = BasicSessionInfo<std::string_view>;
using SessionInfo = BasicSessionInfo<std::string>;
using SessionPredicate = std::function<bool(const SessionView&)>;  // empty: all

// Where a page of sessions ended: a place in a slab, not a row number, so a session that stays
// keeps its place in front of it or behind it whatever others do.
struct SessionCursor {
  uint16_t shard = 0;
  uint32_t slot = 0;
};
struct SessionPage {
  std::vector<SessionInfo> sessions{};
  std::optional<SessionCursor> next{};  // none: that was the last page
  size_t total = 0;                     // sessions of the namespace, whatever the predicate says
};

// --- offices

enum class Admission : uint8_t { kOpen, kLocked, kAgentsOnly, kComputersOnly };

struct ToolRule {
  bool allow = false;
  std::string computer{};  // glob; empty: any
  std::string tool{};      // glob; empty: any
  std::string id{};
};

// What an administrator has said about an office. Kept at its home whether it exists or not.
struct OfficeSettings {
  Admission admission = Admission::kOpen;
  int64_t call_timeout_max_ms = 0;   // 0: no bound of its own
  uint32_t computers_max = 0;        // 0: no bound of its own
  uint32_t calls_in_flight_max = 0;  // 0: no bound of its own
  std::vector<ToolRule> tool_rules{};
  std::map<std::string, std::string> labels{};
  uint64_t revision = 0;  // counts changes; 0: never set
};

struct OfficeMember {
  std::string sid{};
  Role role = Role::kNone;
  std::string name{};
};
struct OfficeInfo {
  OfficeId office_id{};
  int64_t created_ms = 0;  // 0: there are settings, but nobody is in it
  Generation generation = Generation::kG1;
  uint32_t agents = 0;
  uint32_t computers = 0;
  uint32_t calls_in_flight = 0;
  std::vector<OfficeMember> members{};  // in join order
  OfficeSettings settings{};
};
using OfficePredicate = std::function<bool(const OfficeInfo&)>;  // empty: all
struct OfficePage {
  std::vector<OfficeInfo> offices{};  // by office_id, bytewise
  bool more = false;                  // go on behind the last one's id
  size_t total = 0;
};

// --- calls

enum class CallState : uint8_t {
  kSent,
  kDone,
  kToolError,  // the answer said isError
  kTimeout,
  kCancelled,  // answered after a cancel
  kPeerLost,
  kDenied,       // by the office's tool rules
  kUndelivered,  // not found, or its Computer does not read
};
struct CallInfoRecord {
  std::string office_id{};
  std::string agent_name{};
  std::string req_id{};  // without quotes where it is a JSON string, otherwise as it came
  std::string computer_name{};
  std::string tool_name{};
  std::string event{};
  CallState state = CallState::kSent;
  int64_t started_ms = 0;
  int64_t deadline_ms = 0;
  int64_t ended_ms = 0;
  int64_t to_computer_us = -1;  // -1: has not happened
  int64_t computer_us = -1;
  int64_t to_agent_us = -1;
  uint64_t request_bytes = 0;
  uint64_t response_bytes = 0;
  bool cancel_requested = false;
  std::string cancelled_by{};  // "agent" or an administrator's name
};
struct CallKey {
  std::string office_id{};
  std::string agent_name{};
  std::string req_id{};
};

// --- the journal: what has happened, in order per shard

struct Change {
  enum class Kind : uint8_t {
    kConnected,
    kRefused,  // authentication said no; `cause` is a status code's name
    kJoined,   // also after a rename
    kLeft,     // `office_id` is the one it left
    kDisconnected,
    kCallBegan,
    kCallEnded,
    kOfficeSettings,
  };
  Kind kind = Kind::kConnected;
  uint64_t seq = 0;  // of its shard, from 1
  int64_t time_ms = 0;
  std::string sid{};
  Role role = Role::kNone;
  std::string name{};
  std::string office_id{};
  std::string address{};
  std::string cause{};
  std::optional<CallInfoRecord> call{};
};
// One shard's part since what was read before.
struct JournalPart {
  uint64_t next = 1;             // ask from here the next time
  bool lost = false;             // a ring has overwritten changes that were not read
  bool only_calls_lost = false;  // of those, none but kCallBegan and kCallEnded
  std::vector<Change> changes{};
};

class GatewayInspect {
 public:
  template <class T>
  using Done = absl::AnyInvocable<void(T) &&>;
  virtual ~GatewayInspect() = default;

  // At most `max` sessions that match, from behind `after`. No order but that of the places.
  virtual void PageSessions(std::optional<SessionCursor> after, size_t max, SessionPredicate match,
                            Done<SessionPage> done) = 0;
  // Those that exist, in the order asked for, at most one per sid.
  virtual void GetSessions(std::vector<std::string> sids, Done<std::vector<SessionInfo>> done) = 0;
  // The member of that office; kNone: of either role. Several only if the name is both an Agent's
  // and a Computer's.
  virtual void FindMembers(OfficeId office, Role role, std::string name,
                           Done<std::vector<SessionInfo>> done) = 0;

  // Offices that exist or have settings, behind `after` by office_id.
  virtual void PageOffices(std::string after, size_t max, OfficePredicate match,
                           Done<OfficePage> done) = 0;
  virtual void GetOffices(std::vector<std::string> office_ids,
                          Done<std::vector<OfficeInfo>> done) = 0;

  // At most `max`, those in flight first, then the recent ones, newest first.
  virtual void ListCalls(bool in_flight, bool recent, size_t max,
                         Done<std::vector<CallInfoRecord>> done) = 0;

  // `from` has one number per shard (empty: from the oldest kept). The answer has one part per
  // shard.
  virtual void ReadJournal(std::vector<uint64_t> from, Done<std::vector<JournalPart>> done) = 0;
};

}  // namespace smcp
