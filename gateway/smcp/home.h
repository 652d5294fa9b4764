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
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/functional/any_invocable.h"
#include "gateway/smcp/backplane.h"
#include "gateway/smcp/links.h"
#include "gateway/smcp/messages.h"
#include "gateway/smcp/options.h"

namespace smcp {

struct OfficeSummary {
  OfficeId office_id{};
  size_t agents = 0;
  size_t computers = 0;
  Generation generation = Generation::kG1;  // of its first member
};

class Home final : public BackplaneEvents {
 public:
  Home(const Links& links, const SmcpOptions& options, Backplane& backplane);
  Home(const Home&) = delete;
  Home& operator=(const Home&) = delete;

  void Join(JoinRequest request);
  void Leave(LeaveRequest request);
  // The other half of a switch: the others are told of the seat now, if it still exists.
  void Announce(const OfficeId& office, MemberRef ref);
  void Publish(NewsRequest request);
  void List(ListRequest request);

  void OnRemoteNews(const RemoteNews& news) override;

  size_t office_count() const { return offices_.size(); }
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
  struct Office {
    OfficeId id{};
    OfficeKey key = 0;                                  // new with every first member
    std::vector<Seat> seats;                            // in join order
    std::vector<std::pair<uint16_t, uint32_t>> shards;  // members per shard, none with 0
    bool deciding = false;                              // the backplane has been asked
    std::unique_ptr<std::deque<Operation>> queue;       // null while empty
  };

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

  const Links& links_;
  const SmcpOptions& options_;
  Backplane& backplane_;
  absl::flat_hash_map<OfficeId, std::unique_ptr<Office>> offices_;
  uint64_t keys_ = 0;
  size_t news_dropped_ = 0;
};

}  // namespace smcp
