// Joining, leaving, moving: the member's side. The home decides (home.h).
#include <algorithm>
#include <utility>

#include "gateway/base/check.h"
#include "gateway/base/give_back.h"
#include "gateway/smcp/router.h"
#include "gateway/smcp/wire_error.h"

namespace smcp {

// What can be judged without asking anyone: the session's own binding of role and name.
Refusal Router::JudgeIdentity(const Member& member, const JoinFields& fields) const {
  if (member.role == Role::kNone) return Refusal::kNone;
  if (fields.role != member.role) return Refusal::kRoleMismatch;
  const bool renames = fields.name != member.name.view();
  if (renames && member.generation == Generation::kG5) return Refusal::kNameMismatch;
  return Refusal::kNone;
}

void Router::RefuseJoin(Member& member, std::string_view ack_id, Refusal refusal,
                        const JoinFields& fields) {
  if (refusal == Refusal::kRoleMismatch || refusal == Refusal::kNameMismatch) {
    Log(LogEvent::Kind::kRefused, member, "server:join_office");
  }
  const bool own = refusal == Refusal::kAgentElsewhere;
  const RefusalFacts facts{.office_id = own ? member.office.value : fields.office_id,
                           .name = fields.name,
                           .role = fields.role,
                           .session_role = member.role,
                           .client_version = member.a2c_version,
                           .versions = &options_.versions};
  if (!ack_id.empty()) Ack(member, ack_id, MembershipRefusal(refusal, member.generation, facts));
}

void Router::Join(Member& member, const sio::EventView& event) {
  JoinFields fields;
  if (!ReadJoin(event, options_.name_bytes_max, &fields)) {
    return RefuseJoin(member, event.ack_id, Refusal::kBadRequest, fields);
  }
  if (fields.name.empty()) {
    // The same for every join of this session, so a repeated one counts as the same identity.
    fields.name.append(RoleName(fields.role)).append("_").append(member.sid.substr(0, 6));
  }
  const Refusal refusal = JudgeIdentity(member, fields);
  if (refusal != Refusal::kNone) return RefuseJoin(member, event.ack_id, refusal, fields);

  const bool same_office = member.in_office() && fields.office_id == member.office.value;
  if (same_office && fields.name == member.name.view()) {
    return Ack(member, event.ack_id, MembershipSuccess(member.generation));
  }
  JoinRequest request{.ref = member.ref,
                      .role = fields.role,
                      .generation = member.generation,
                      .office = OfficeId{std::move(fields.office_id)},
                      .name = std::move(fields.name),
                      .sid = member.sid,
                      .a2c_version = member.a2c_version};
  if (same_office) {
    request.mode = JoinMode::kRename;
  } else if (member.in_office()) {
    request.mode = member.role == Role::kAgent ? JoinMode::kCheckOnly : JoinMode::kSwitch;
  }
  BeginWaiting(member, Waiting::kJoin, event.ack_id);
  member.asked->office = request.office;
  const uint16_t home = links_.HomeOf(request.office.value);
  links_.Post(home, [request = std::move(request)](Router& router) mutable {
    router.home().Join(std::move(request));
  });
}

void Router::OnJoinAnswer(const JoinAnswer& answer) {
  // Gone meanwhile: its leave is on the way to the home, behind the join.
  Member* member = members_.Find(answer.ref);
  if (member == nullptr) return;
  const AckDigits ack_id = member->asked->ack_id;
  if (answer.refusal != Refusal::kNone) {
    JoinFields fields;
    fields.role = answer.role;
    fields.name = answer.name;
    fields.office_id = answer.office.value;
    RefuseJoin(*member, ack_id.view(), answer.refusal, fields);
    return EndWaiting(*member);
  }
  if (answer.mode == JoinMode::kRename) {
    member->name = Payload(answer.name);
    Note(Change::Kind::kJoined, *member, member->office.value, "renamed");
    Ack(*member, ack_id.view(), MembershipSuccess(member->generation));
    return EndWaiting(*member);
  }
  const LeaveRequest leave{.ref = member->ref,
                           .office = member->office,
                           .key = member->office_key,
                           .next_office = answer.office};
  // Put out of the old office while the new one decided: then it left that already.
  const bool leaves = answer.mode == JoinMode::kSwitch && member->in_office();
  if (leaves) {
    Log(LogEvent::Kind::kLeft, *member, "switched");
    Note(Change::Kind::kLeft, *member, leave.office.value, "switched");
  }
  Enter(*member, answer);
  Ack(*member, ack_id.view(), MembershipSuccess(member->generation));
  if (answer.mode == JoinMode::kSwitch) {
    if (leaves) host_.OnMemberLeft(*member, leave.office);
    member->waiting = Waiting::kAnnounce;
    PostLeave(leave);
  }
  Log(LogEvent::Kind::kJoined, *member, {});
  Note(Change::Kind::kJoined, *member, member->office.value, {});
  host_.OnMemberJoined(*member);
  if (answer.mode != JoinMode::kSwitch) EndWaiting(*member);
}

void Router::Enter(Member& member, const JoinAnswer& answer) {
  member.role = answer.role;
  member.name = Payload(answer.name);
  member.office = answer.office;
  member.office_key = answer.key;
  member.joined_ms = clock_.NowMs();
  Branch& branch = branches_[answer.key];
  branch.members.push_back(member.ref);
  if (answer.role != Role::kAgent) return;
  branch.agent = member.ref;
  member.roster = std::make_unique<Roster>();
  member.roster->Reset(answer.roster);
  member.roster->set_policy(answer.policy);
}

void Router::OnAnnounced(MemberRef ref) {
  Member* member = members_.Find(ref);
  if (member != nullptr && member->waiting == Waiting::kAnnounce) EndWaiting(*member);
}

void Router::PostLeave(LeaveRequest request) {
  const uint16_t home = links_.HomeOf(request.office.value);
  links_.Post(home, [request = std::move(request)](Router& router) mutable {
    router.home().Leave(std::move(request));
  });
}

void Router::Leave(Member& member, const sio::EventView& event) {
  std::string office_id;
  if (!ReadLeave(event, options_.name_bytes_max, &office_id)) {
    return Ack(member, event.ack_id,
               MembershipRefusal(Refusal::kBadRequest, member.generation, {}));
  }
  if (!member.in_office()) {
    return Ack(member, event.ack_id, MembershipSuccess(member.generation));
  }
  if (office_id != member.office.value) Log(LogEvent::Kind::kMismatch, member, event.name);
  BeginWaiting(member, Waiting::kLeave, event.ack_id);
  PostLeave({.ref = member.ref, .office = member.office, .key = member.office_key});
}

void Router::OnRemoved(MemberRef ref, OfficeKey key) {
  DropFromBranch(key, ref);
  Member* member = members_.Find(ref);
  if (member == nullptr || key == 0 || member->office_key != key) return;
  const std::string_view cause = member->waiting == Waiting::kLeave ? "left" : "removed";
  Log(LogEvent::Kind::kLeft, *member, cause);
  Note(Change::Kind::kLeft, *member, member->office.value, cause);
  const OfficeId office = std::exchange(member->office, {});
  member->office_key = 0;
  member->joined_ms = 0;
  member->roster.reset();
  host_.OnMemberLeft(*member, office);
  if (member->waiting != Waiting::kLeave) return;
  Ack(*member, member->asked->ack_id.view(), MembershipSuccess(member->generation));
  EndWaiting(*member);
}

void Router::OnPolicy(OfficeKey key, const std::shared_ptr<const CallPolicy>& policy) {
  const auto it = branches_.find(key);
  if (it == branches_.end()) return;
  Member* agent = members_.Find(it->second.agent);
  if (agent == nullptr || agent->office_key != key) return;
  agent->roster->set_policy(policy);
}

void Router::DropFromBranch(OfficeKey key, MemberRef ref) {
  const auto it = branches_.find(key);
  if (it == branches_.end()) return;
  Branch& branch = it->second;
  branch.members.erase(std::remove(branch.members.begin(), branch.members.end(), ref),
                       branch.members.end());
  if (branch.agent == ref) branch.agent = {};
  if (!branch.members.empty()) return;
  branches_.erase(it);
  GiveBackIfEmpty(branches_);
}

// In the order of SMCP-PROTOCOL.md 4.4: first nothing finds the member any more, then its callers
// are answered and its homes are told.
void Router::Remove(MemberRef ref, std::string_view cause) {
  Member* found = members_.Find(ref);
  if (found == nullptr) return;
  ForgetBacklog(*found);
  if (found->in_office()) {
    Note(Change::Kind::kLeft, *found, found->office.value, "disconnected");
  }
  Note(Change::Kind::kDisconnected, *found, {}, cause);
  while (found->first_call != CallBook::kNone) {
    journal_.WriteCall(Change::Kind::kCallEnded, calls_.End(found->first_call, &found->first_call,
                                                            CallState::kPeerLost, clock_.NowUs()));
  }
  const std::unique_ptr<const Member> taken = members_.Take(*found);
  const Member& member = *taken;

  if (member.pending != nullptr) {
    for (const PendingCalls::Entry& entry : member.pending->TakeAll()) {
      timers_.Cancel(entry.timer);
      Fail(entry.origin, Refusal::kComputerNotFound, entry.computer.view());
    }
  }
  CallsEnded(member.calls_in_flight);
  // A join that is still being decided must be undone too; its leave queues behind it.
  const bool joining = member.waiting == Waiting::kJoin &&
                       !(member.in_office() && member.asked->office == member.office);
  if (joining) PostLeave({.ref = ref, .office = member.asked->office});
  if (!member.in_office()) return;
  PostLeave({.ref = ref, .office = member.office, .key = member.office_key});
  Log(LogEvent::Kind::kLeft, member, "disconnected");
  host_.OnMemberLeft(member, member.office);
}

}  // namespace smcp
