// A gateway of plain data for the tests of control/: what it is asked is answered at once, from
// tables the test fills, and what it is told to do is done to them and written into its journal.
// Thread rule: the test's thread. It has one shard; a session's place is its index.
#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "control/schemas.h"
#include "gateway/smcp/admin.h"
#include "gateway/smcp/inspect.h"

namespace smcp::control {

class FakeGateway final : public GatewayInspect, public GatewayAdmin {
 public:
  template <class T>
  using Done = absl::AnyInvocable<void(T) &&>;  // both interfaces have it

  // --- what the test does

  void Connect(const std::string& sid) {
    SessionInfo session;
    session.sid = sid;
    session.websocket = true;
    session.connected_ms = 1'000;
    slots.push_back(session);
    Journal(smcp::Change::Kind::kConnected, slots.back()->sid, "", "");
  }
  void Join(const std::string& sid, Role role, const std::string& name, const std::string& office) {
    SessionInfo& session = *Find(sid);
    session.role = role;
    session.name = name;
    session.office_id = office;
    session.joined_ms = 2'000 + ++joins_;
    OfficeInfo& in = OfficeOf(office);
    in.created_ms = 1'500;
    in.members.push_back({sid, role, name});
    ++(role == Role::kAgent ? in.agents : in.computers);
    Journal(smcp::Change::Kind::kJoined, sid, name, office);
  }
  void Add(const std::string& sid, Role role, const std::string& name, const std::string& office) {
    Connect(sid);
    Join(sid, role, name, office);
  }
  void Leave(const std::string& sid) {
    SessionInfo& session = *Find(sid);
    const std::string office = std::exchange(session.office_id, "");
    session.joined_ms = 0;
    OfficeInfo& in = OfficeOf(office);
    std::erase_if(in.members, [&](const OfficeMember& m) { return m.sid == sid; });
    --(session.role == Role::kAgent ? in.agents : in.computers);
    if (in.members.empty()) in.created_ms = 0;
    if (in.members.empty() && in.settings.revision == 0) {
      std::erase_if(offices, [&](const OfficeInfo& o) { return o.office_id.value == office; });
    }
    Journal(smcp::Change::Kind::kLeft, sid, session.name, office);
  }
  void Drop(const std::string& sid) {
    if (!Find(sid)->office_id.empty()) Leave(sid);
    for (auto& slot : slots) {
      if (slot && slot->sid == sid) slot.reset();
    }
    Journal(smcp::Change::Kind::kDisconnected, sid, "", "", "transport_close");
  }
  void Begin(CallInfoRecord call) {
    calls.push_back(call);
    Journal(smcp::Change::Kind::kCallBegan, "", "", call.office_id);
    journal.back().call = call;
  }
  void End(const std::string& req_id, CallState state) {
    for (CallInfoRecord& call : calls) {
      if (call.req_id != req_id) continue;
      call.state = state;
      call.ended_ms = 9'000;
      Journal(smcp::Change::Kind::kCallEnded, "", "", call.office_id);
      journal.back().call = call;
    }
  }
  SessionInfo* Find(const std::string& sid) {
    for (auto& slot : slots) {
      if (slot && slot->sid == sid) return &*slot;
    }
    return nullptr;
  }
  OfficeInfo& OfficeOf(const std::string& id) {
    const auto at = std::lower_bound(
        offices.begin(), offices.end(), id,
        [](const OfficeInfo& o, const std::string& wanted) { return o.office_id.value < wanted; });
    if (at != offices.end() && at->office_id.value == id) return *at;
    OfficeInfo office;
    office.office_id.value = id;
    return *offices.insert(at, office);
  }

  std::vector<std::optional<SessionInfo>> slots;
  std::vector<OfficeInfo> offices;  // by id
  std::vector<CallInfoRecord> calls;
  std::vector<smcp::Change> journal;
  bool lose_next = false;    // the next reading of the journal says `lost`
  bool forget_next = false;  // and its changes are not there
  size_t journal_reads = 0;
  size_t fetched = 0;             // sessions asked for by id
  std::vector<std::string> told;  // what was done, in words
  std::vector<InvokeRequest> invoked;
  bool aborts_once = false;
  std::vector<Done<absl::StatusOr<SessionInfo>>> held;  // disconnects, where hold is set
  bool hold = false;

  // --- GatewayInspect

  void PageSessions(std::optional<SessionCursor> after, size_t max, SessionPredicate match,
                    Done<SessionPage> done) override {
    SessionPage page;
    size_t at = after ? after->slot + 1 : 0;
    for (; at < slots.size() && page.sessions.size() < max; ++at) {
      if (slots[at] && (!match || match(ViewOf(*slots[at])))) page.sessions.push_back(*slots[at]);
    }
    if (at < slots.size()) page.next = SessionCursor{0, static_cast<uint32_t>(at - 1)};
    for (const auto& slot : slots) page.total += slot ? 1 : 0;
    std::move(done)(std::move(page));
  }
  void GetSessions(std::vector<std::string> sids, Done<std::vector<SessionInfo>> done) override {
    std::vector<SessionInfo> found;
    fetched += sids.size();
    for (const std::string& sid : sids) {
      if (const auto* session = Find(sid)) found.push_back(*session);
    }
    std::move(done)(std::move(found));
  }
  void FindMembers(OfficeId office, Role role, std::string name,
                   Done<std::vector<SessionInfo>> done) override {
    std::vector<SessionInfo> found;
    for (const auto& slot : slots) {
      if (!slot || slot->office_id != office.value || slot->name != name) continue;
      if (role == Role::kNone || slot->role == role) found.push_back(*slot);
    }
    std::move(done)(std::move(found));
  }
  void PageOffices(std::string after, size_t max, OfficePredicate match,
                   Done<OfficePage> done) override {
    OfficePage page;
    page.total = offices.size();
    for (const OfficeInfo& office : offices) {
      if (!after.empty() && office.office_id.value <= after) continue;
      if (match && !match(office)) continue;
      if (page.offices.size() == max) {
        page.more = true;
        break;
      }
      page.offices.push_back(office);
    }
    std::move(done)(std::move(page));
  }
  void GetOffices(std::vector<std::string> ids, Done<std::vector<OfficeInfo>> done) override {
    std::vector<OfficeInfo> found;
    for (const std::string& id : ids) {
      for (const OfficeInfo& office : offices) {
        if (office.office_id.value == id) found.push_back(office);
      }
    }
    std::move(done)(std::move(found));
  }
  void ListCalls(bool in_flight, bool recent, size_t max,
                 Done<std::vector<CallInfoRecord>> done) override {
    std::vector<CallInfoRecord> found;
    for (const CallInfoRecord& call : calls) {
      if ((call.ended_ms == 0 ? in_flight : recent) && found.size() < max) found.push_back(call);
    }
    std::move(done)(std::move(found));
  }
  void ReadJournal(std::vector<uint64_t> from, Done<std::vector<JournalPart>> done) override {
    ++journal_reads;
    JournalPart part;
    part.lost = std::exchange(lose_next, false);
    const bool forget = std::exchange(forget_next, false);
    for (const smcp::Change& change : journal) {
      if (!forget && (from.empty() || change.seq >= from[0])) part.changes.push_back(change);
    }
    part.next = journal.size() + 1;
    std::vector<JournalPart> parts;
    parts.push_back(std::move(part));
    std::move(done)(std::move(parts));
  }

  // --- GatewayAdmin

  void Disconnect(std::string sid, bool terminal, Done<absl::StatusOr<SessionInfo>> done) override {
    if (hold) return held.push_back(std::move(done));
    const auto* session = Find(sid);
    if (session == nullptr) return std::move(done)(absl::NotFoundError("gone"));
    const SessionInfo was = *session;
    told.push_back("disconnect " + sid + (terminal ? " for good" : ""));
    Drop(sid);
    std::move(done)(was);
  }
  void RemoveFromOffice(std::string sid, Done<absl::StatusOr<SessionInfo>> done) override {
    const SessionInfo was = *Find(sid);
    if (was.office_id.empty()) return std::move(done)(absl::FailedPreconditionError("no office"));
    told.push_back("remove " + sid);
    Leave(sid);
    std::move(done)(was);
  }
  void SetOfficeSettings(OfficeId office, OfficeSettings settings, bool any_revision,
                         Done<absl::StatusOr<OfficeInfo>> done) override {
    OfficeInfo& info = OfficeOf(office.value);
    if (std::exchange(aborts_once, false)) ++info.settings.revision;
    if (!any_revision && settings.revision != info.settings.revision) {
      return std::move(done)(absl::AbortedError("changed"));
    }
    ++settings.revision;
    info.settings = settings;
    told.push_back("settings " + office.value);
    Journal(smcp::Change::Kind::kOfficeSettings, "", "", office.value);
    std::move(done)(info);
  }
  void CloseOffice(OfficeId office, bool disconnect, Done<absl::StatusOr<size_t>> done) override {
    const auto members = OfficeOf(office.value).members;
    for (const OfficeMember& member : members) disconnect ? Drop(member.sid) : Leave(member.sid);
    told.push_back("close " + office.value);
    std::move(done)(members.size());
  }
  void CancelCall(CallKey key, std::string by, Done<absl::StatusOr<CallInfoRecord>> done) override {
    for (CallInfoRecord& call : calls) {
      if (call.req_id != key.req_id) continue;
      call.cancel_requested = true;
      call.cancelled_by = by;
      return std::move(done)(call);
    }
    std::move(done)(absl::NotFoundError("no call"));
  }
  void Invoke(InvokeRequest request, Done<CallInfoRecord> progress,
              Done<absl::StatusOr<InvokeAnswer>> done) override {
    invoked.push_back(request);
    CallInfoRecord call;
    call.office_id = request.office.value;
    call.computer_name = request.computer;
    call.tool_name = request.tool;
    call.event = request.event;
    std::move(progress)(call);
    call.state = CallState::kDone;
    std::move(done)(InvokeAnswer{call, R"([{"content":[1,2]}])"});
  }
  void Notify(OfficeId, std::string, NoticeKind, Done<absl::StatusOr<NoticeResult>> done) override {
    std::move(done)(NoticeResult{});
  }

 private:
  void Journal(smcp::Change::Kind kind, const std::string& sid, const std::string& name,
               const std::string& office, const std::string& cause = "") {
    smcp::Change change;
    change.kind = kind;
    change.seq = journal.size() + 1;
    change.time_ms = 5'000 + static_cast<int64_t>(change.seq);
    change.sid = sid;
    change.name = name;
    change.office_id = office;
    change.cause = cause;
    journal.push_back(change);
  }
  int64_t joins_ = 0;
};

}  // namespace smcp::control
