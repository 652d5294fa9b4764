// The door of the control plane into the gateway: GatewayInspect and GatewayAdmin for all shards.
// Owns nothing; every question is a chain of tasks of the shards that know the answer, none of them
// longer than a step, and its Reply is carried along, so it is answered even if a task is dropped.
//
// Thread rule: any thread; made and reached by SmcpDomain. Parts: control_sessions.cc,
// control_offices.cc, control_calls.cc (calls and journal), control_admin.cc.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "gateway/smcp/admin.h"
#include "gateway/smcp/domain.h"
#include "gateway/smcp/home.h"
#include "gateway/smcp/inspect.h"
#include "gateway/smcp/reply.h"
#include "gateway/smcp/router.h"

namespace smcp {

class ControlDoor final : public GatewayInspect, public GatewayAdmin {
 public:
  template <class T>
  using Done = absl::AnyInvocable<void(T) &&>;
  explicit ControlDoor(SmcpDomain& domain) : domain_(domain) {}

  // GatewayInspect
  void PageSessions(std::optional<SessionCursor> after, size_t max, SessionPredicate match,
                    Done<SessionPage> done) override;
  void GetSessions(std::vector<std::string> sids, Done<std::vector<SessionInfo>> done) override;
  void FindMembers(OfficeId office, Role role, std::string name,
                   Done<std::vector<SessionInfo>> done) override;
  void PageOffices(std::string after, size_t max, OfficePredicate match,
                   Done<OfficePage> done) override;
  void GetOffices(std::vector<std::string> office_ids, Done<std::vector<OfficeInfo>> done) override;
  void ListCalls(bool in_flight, bool recent, size_t max,
                 Done<std::vector<CallInfoRecord>> done) override;
  void ReadJournal(std::vector<uint64_t> from, Done<std::vector<JournalPart>> done) override;

  // GatewayAdmin
  void Disconnect(std::string sid, bool terminal, Done<absl::StatusOr<SessionInfo>> done) override;
  void RemoveFromOffice(std::string sid, Done<absl::StatusOr<SessionInfo>> done) override;
  void SetOfficeSettings(OfficeId office, OfficeSettings settings, bool any_revision,
                         Done<absl::StatusOr<OfficeInfo>> done) override;
  void CloseOffice(OfficeId office, bool disconnect, Done<absl::StatusOr<size_t>> done) override;
  void CancelCall(CallKey key, std::string by, Done<absl::StatusOr<CallInfoRecord>> done) override;
  void Invoke(InvokeRequest request, Done<CallInfoRecord> progress,
              Done<absl::StatusOr<InvokeAnswer>> done) override;
  void Notify(OfficeId office, std::string computer, NoticeKind kind,
              Done<absl::StatusOr<NoticeResult>> done) override;

 private:
  struct SessionScan;
  struct OfficeScan;
  struct Search;
  struct Found {
    SessionInfo info{};
    MemberRef ref{};
    OfficeId office{};
  };

  // `part(Router&)` of every shard, then `then(parts)`, which carries a Reply. If nothing serves,
  // both are dropped, and the Reply says so.
  template <class Part, class PartFn, class Then>
  void Gather(PartFn part, Then then) {
    const uint16_t shards = domain_.shard_count();
    if (shards == 0) return;
    auto gathering = std::make_shared<Gathering<Part>>(shards, std::move(then));
    for (uint16_t shard = 0; shard < shards; ++shard) {
      domain_.Post(
          shard, [gathering, shard, part](Router& router) { gathering->Add(shard, part(router)); });
    }
  }
  // `f(Router&)` at the office's home; dropped if nothing serves.
  template <class F>
  void AtHome(const OfficeId& office, F f) {
    const uint16_t shards = domain_.shard_count();
    if (shards != 0) domain_.Post(HomeShardOf(office.value, shards), std::move(f));
  }

  void ScanSessions(std::unique_ptr<SessionScan> scan);
  void SearchNext(std::unique_ptr<Search> search);
  // Finds the session and runs `act(Router&, Found&)` there.
  void WithSession(std::string sid, absl::AnyInvocable<void(Router&, const Found&) const> act,
                   absl::AnyInvocable<void(std::optional<Found>) &&> then);
  void ScanOffices(std::unique_ptr<OfficeScan> scan);
  void TakeOffices(std::unique_ptr<OfficeScan> scan, std::vector<Home::Chunk> chunks);
  // Adds the calls in flight that the Agents' shards know of.
  void CountCalls(std::vector<Home::Row> rows,
                  absl::AnyInvocable<void(std::vector<OfficeInfo>) &&> then);

  SmcpDomain& domain_;
};

SessionInfo CopyOf(const SessionView& view);

}  // namespace smcp
