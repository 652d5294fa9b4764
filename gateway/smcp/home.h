// The offices whose home is this shard: who is in them, in which order things happen to them.
//
// Every join, leave, list and piece of news of an office passes through its home, one after
// another; while the backplane decides about a seat, later requests of that office wait in its
// queue. What leaves here is posted, so what a member hears is in the order in which it was decided
// (SMCP-PROTOCOL.md 4.1, 4.4, 4.6).
//
// Thread rule: one per shard, used by tasks of that shard only. Ends with its Router.
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/container/btree_map.h"
#include "absl/container/flat_hash_map.h"
#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "gateway/base/clock.h"
#include "gateway/smcp/admin.h"
#include "gateway/smcp/backplane.h"
#include "gateway/smcp/inspect.h"
#include "gateway/smcp/links.h"
#include "gateway/smcp/messages.h"
#include "gateway/smcp/options.h"
#include "gateway/smcp/reply.h"

namespace smcp {

struct OfficeSummary {
  OfficeId office_id{};
  size_t agents = 0;
  size_t computers = 0;
  Generation generation = Generation::kG1;  // of its first member
};

class Home final : public BackplaneEvents {
 public:
  Home(const Links& links, const SmcpOptions& options, Backplane& backplane, const Clock& clock);
  Home(const Home&) = delete;
  Home& operator=(const Home&) = delete;

  void Join(JoinRequest request);
  void Leave(LeaveRequest request);
  // The other half of a switch: the others are told of the seat now, if it still exists.
  void Announce(const OfficeId& office, MemberRef ref);
  void Publish(NewsRequest request);
  void List(ListRequest request);

  void OnRemoteNews(const RemoteNews& news) override;

  // --- what administrators ask for, in home_admin.cc

  // An office, and the Agent whose shard knows how many of its calls are in flight.
  struct Row {
    OfficeInfo info{};
    MemberRef agent{};
  };
  struct Chunk {
    std::vector<Row> rows{};  // by id
    bool more = false;        // there are others behind the last one
    size_t total = 0;
  };
  // At most `max`, and fewer if their members are many: what a task may take.
  Chunk NextOffices(std::string_view after, size_t max) const;
  std::optional<Row> Describe(const OfficeId& office) const;
  // Members by that name; kNone: of either role.
  std::vector<MemberRef> FindSeats(const OfficeId& office, Role role, std::string_view name) const;
  struct CallTarget {
    MemberRef computer{};
    Generation generation = Generation::kG1;
    OfficeKey key = 0;
    std::shared_ptr<const CallPolicy> policy{};
    uint32_t calls_in_flight = 0;  // that this shard knows of
  };
  absl::StatusOr<CallTarget> TargetOf(const OfficeId& office, std::string_view computer) const;

  void SetSettings(OfficeId office, OfficeSettings settings, bool any_revision,
                   Reply<absl::StatusOr<Row>> reply);
  // `done(true)` runs on the member's shard, after it has heard; `done(false)` here if it had left.
  void Evict(OfficeId office, MemberRef ref, absl::AnyInvocable<void(bool) &&> done);
  void CloseOffice(OfficeId office, bool disconnect, Reply<absl::StatusOr<size_t>> reply);
  void Notify(OfficeId office, std::string computer, NoticeKind kind,
              Reply<absl::StatusOr<NoticeResult>> reply);
  // As if an Agent of that name had cancelled; `req_id` is raw JSON.
  void PublishCancel(OfficeId office, std::string agent, std::string req_id);

  // Those that have members, or will soon.
  size_t office_count() const;
  size_t news_dropped() const { return news_dropped_; }
  std::vector<OfficeSummary> Offices() const;
  std::vector<Session> Sessions(const OfficeId& office) const;

 private:
  struct Seat {
    MemberRef ref{};
    Role role = Role::kNone;
    Generation generation = Generation::kG1;
    bool announced = false;
    std::string name{};
    std::string sid{};
    std::string a2c_version{};
  };
  using Operation = absl::AnyInvocable<void(Home&) &&>;
  struct Settings {
    OfficeSettings said{};
    std::shared_ptr<const CallPolicy> policy{};
  };
  struct Office {
    OfficeId id{};
    OfficeKey key = 0;                                  // new with every first member
    std::vector<Seat> seats;                            // in join order
    std::vector<std::pair<uint16_t, uint32_t>> shards;  // members per shard, none with 0
    bool deciding = false;                              // the backplane has been asked
    std::unique_ptr<std::deque<Operation>> queue;       // null while empty
    int64_t created_ms = 0;                             // when its first member came
    std::unique_ptr<Settings> settings;                 // null: as if never made; keeps it alive
  };

  Office& Make(const OfficeId& id);
  Office* Find(const OfficeId& id);
  static Seat* FindSeat(Office& office, MemberRef ref);
  static BaseSession ToSession(const Office& office, const Seat& seat);
  bool MayWait(const OfficeId& id);
  void InOrder(const OfficeId& id, Operation operation);
  void Resume(const OfficeId& id);
  void DropIfEmpty(Office& office);

  void BeginJoin(JoinRequest request);
  void BeginRename(JoinRequest request);
  void FinishJoin(JoinRequest request, SeatResult result);
  void Commit(Office& office, const JoinRequest& request);
  void CommitRename(Office& office, const JoinRequest& request);
  void Answer(const JoinRequest& request, Refusal refusal);
  void DoLeave(const LeaveRequest& request);
  void RemoveSeat(Office& office, MemberRef ref);
  void DoAnnounce(const OfficeId& id, MemberRef ref);
  void DoPublish(const NewsRequest& request);
  void DoList(const ListRequest& request);
  void Spread(Office& office, MemberRef originator, std::vector<Bulletin::News> news);
  Refusal JudgeSettings(const Office& office, const JoinRequest& request) const;
  uint32_t MembersMax(const Office& office, Role role) const;
  Row ToRow(const Office& office) const;
  absl::StatusOr<Row> DoSetSettings(const OfficeId& id, OfficeSettings settings, bool any_revision);
  absl::StatusOr<size_t> DoClose(const OfficeId& id, bool disconnect);
  absl::StatusOr<NoticeResult> DoNotify(const OfficeId& id, std::string_view computer,
                                        NoticeKind kind);

  const Links& links_;
  const SmcpOptions& options_;
  Backplane& backplane_;
  const Clock& clock_;
  absl::flat_hash_map<OfficeId, std::unique_ptr<Office>> offices_;
  absl::btree_map<std::string_view, Office*> in_order_;  // the same, by id, for listings
  size_t with_settings_ = 0;
  uint64_t revisions_ = 0;  // of settings; never one twice, also for offices forgotten meanwhile
  uint64_t keys_ = 0;
  size_t news_dropped_ = 0;
};

}  // namespace smcp
