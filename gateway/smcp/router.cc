#include "gateway/smcp/router.h"

#include <climits>
#include <utility>

#include "gateway/base/check.h"
#include "gateway/codec/json_text.h"

namespace smcp {
namespace {

const Attachments kNoAttachments;

}  // namespace

Router::Router(const RouterContext& context)
    : options_(*context.options),
      timers_(*context.timers),
      clock_(*context.clock),
      backplane_(*context.backplane),
      host_(*context.host),
      routers_(*context.routers),
      links_(context.shard, *context.scheduler, routers_),
      home_(links_, options_, backplane_, clock_),
      members_(context.shard),
      journal_(clock_) {
  backplane_.Attach(links_.shard(), *context.scheduler, home_);
  routers_.Set(links_.shard(), this);
}

Router::~Router() {
  members_.ForEach([this](Member& member) {
    if (member.held_back != nullptr) timers_.Cancel(member.held_back->timer);
    if (member.pending == nullptr) return;
    for (const PendingCalls::Entry& entry : member.pending->TakeAll()) timers_.Cancel(entry.timer);
  });
  routers_.Set(links_.shard(), nullptr);
  backplane_.Detach(links_.shard());
}

MemberRef Router::Add(sio::Egress& egress, NewMember added) {
  OnShardThread() = true;
  Member& member = members_.Add();
  member.egress = &egress;
  member.sid = std::move(added.sid);
  member.a2c_version = std::move(added.a2c_version);
  member.generation = added.generation;
  Note(Change::Kind::kConnected, member, {}, {});
  return member.ref;
}

void Router::Note(Change::Kind kind, const Member& member, std::string_view office,
                  std::string_view cause) {
  if (!journal_.on()) return;
  journal_.Write({.kind = kind,
                  .sid = member.sid,
                  .role = member.role,
                  .name = member.name.view(),
                  .office_id = office,
                  .address = member.egress->Facts().address,
                  .cause = cause});
}

void Router::Log(LogEvent::Kind kind, const Member& member, std::string_view detail) const {
  if (options_.log == nullptr) return;
  options_.log->Record({.kind = kind,
                        .sid = member.sid,
                        .role = member.role,
                        .name = member.name.view(),
                        .office = member.office.value,
                        .remote_address = {},
                        .detail = detail});
}

void Router::Ack(Member& member, std::string_view ack_id, std::string_view payload) {
  if (!ack_id.empty()) member.egress->SendAck(ack_id, payload, kNoAttachments);
}

bool Router::Park(MemberRef ref, const sio::EventView& event) {
  Member* member = members_.Find(ref);
  if (member == nullptr || member->waiting == Waiting::kNothing) return false;
  if (member->parked == nullptr) member->parked = std::make_unique<std::deque<ParkedEvent>>();
  ParkedEvent& parked =
      member->parked->emplace_back(ParkedEvent{std::string(event.name), std::string(event.payload),
                                               std::string(event.ack_id), event.attachments});
  member->parked_bytes += parked.bytes();
  // Reading is paused meanwhile, so only a client that had sent all this at once comes here.
  if (member->parked->size() > 1 && member->parked_bytes > options_.parked_bytes_max) {
    member->parked_bytes -= parked.bytes();
    member->parked->pop_back();
    member->egress->Disconnect();
  }
  return true;
}

void Router::BeginWaiting(Member& member, Waiting waiting, std::string_view ack_id) {
  member.waiting = waiting;
  member.asked = std::make_unique<Asked>(Asked{AckDigits(ack_id), {}});
  if (member.reading_paused) return;
  member.reading_paused = true;
  member.egress->PauseReading();
}

// Handles what was parked, in order, until one of those events makes the member wait again.
void Router::EndWaiting(Member& settled) {
  settled.waiting = Waiting::kNothing;
  settled.asked.reset();
  const MemberRef ref = settled.ref;
  for (;;) {
    Member* member = members_.Find(ref);
    if (member == nullptr || member->waiting != Waiting::kNothing) return;
    if (member->parked == nullptr) {
      if (!std::exchange(member->reading_paused, false)) return;
      return member->egress->ResumeReading();
    }
    const ParkedEvent parked = std::move(member->parked->front());
    member->parked->pop_front();
    if (member->parked->empty()) member->parked.reset();
    member->parked_bytes = member->parked == nullptr ? 0 : member->parked_bytes - parked.bytes();
    // It was valid when it came; the depth was judged then.
    if (replay_index_.Build(parked.payload, INT_MAX) != json::Error::kNone) continue;
    host_.OnReplay(*member, {.name = parked.name,
                             .payload = parked.payload,
                             .ack_id = parked.ack_id,
                             .index = replay_index_,
                             .attachments = parked.attachments});
  }
}

const EventRow* Router::RowOf(std::string_view event, Generation generation) const {
  if (const EventRow* row = FindEvent(event, generation)) return row;
  return options_.passthrough_events.contains(event) ? &PassthroughEvent() : nullptr;
}

bool Router::OnEvent(MemberRef ref, const sio::EventView& event) {
  Member* member = members_.Find(ref);
  if (member == nullptr) return true;
  const EventRow* row = RowOf(event.name, member->generation);
  if (row == nullptr) return false;
  switch (row->kind) {
    case EventKind::kCall:
      Call(*member, *row, event);
      break;
    case EventKind::kJoin:
      Join(*member, event);
      break;
    case EventKind::kLeave:
      Leave(*member, event);
      break;
    case EventKind::kListRoom:
      ListRoom(*member, event);
      break;
    case EventKind::kUpdate:
      Update(*member, *row, event);
      break;
    case EventKind::kCancel:
      Cancel(*member, *row, event);
      break;
  }
  return true;
}

void Router::OnUnknownEvent(MemberRef ref, const sio::EventView& event) {
  Member* member = members_.Find(ref);
  if (member == nullptr || event.ack_id.empty()) return;
  if (event.name.starts_with("client:")) {
    Ack(*member, event.ack_id, CallRefusal(Refusal::kUnknownEvent, member->generation, false, {}));
  } else {
    Ack(*member, event.ack_id, kEmptyAck);
  }
}

void Router::ListRoom(Member& member, const sio::EventView& event) {
  ListFields fields;
  Refusal refusal = Refusal::kNone;
  if (!ReadList(event, options_.name_bytes_max, &fields)) {
    refusal = Refusal::kBadRequest;
  } else if (!member.in_office()) {
    refusal = Refusal::kNotInOffice;
  } else if (fields.office_id != member.office.value) {
    refusal = Refusal::kOtherOffice;
    Log(LogEvent::Kind::kCrossOffice, member, fields.office_id);
  }
  if (event.ack_id.empty()) return;
  if (refusal != Refusal::kNone) {
    const RefusalFacts facts{.office_id = fields.office_id};
    return Ack(member, event.ack_id, CallRefusal(refusal, member.generation, false, facts));
  }
  links_.Post(links_.HomeOf(member.office.value),
              [request = ListRequest{member.ref, member.office, AckDigits(event.ack_id),
                                     std::string(fields.req_id)}](Router& router) mutable {
                router.home().List(std::move(request));
              });
}

void Router::OnListAnswer(MemberRef ref, AckDigits ack_id, std::string_view payload) {
  if (Member* member = members_.Find(ref)) Ack(*member, ack_id.view(), payload);
}

void Router::Update(Member& member, const EventRow& row, const sio::EventView& event) {
  std::string computer;
  if (!ReadUpdate(event, &computer)) {
    Log(LogEvent::Kind::kDropped, member, row.name);
  } else {
    if (computer != member.name.view() && member.in_office()) {
      Log(LogEvent::Kind::kMismatch, member, row.name);
    }
    Publish(member, row, {});
  }
  if (options_.ack_notifications) Ack(member, event.ack_id, kEmptyAck);
}

void Router::Cancel(Member& member, const EventRow& row, const sio::EventView& event) {
  std::string_view req_id;
  if (ReadCancel(event, options_.name_bytes_max, &req_id)) {
    Publish(member, row, req_id);
    if (member.first_call != CallBook::kNone) {
      std::string text;
      json::Unescape(req_id.substr(1, req_id.size() - 2), &text);
      MarkCancelled(member.first_call, text, "agent");
    }
  } else {
    Log(LogEvent::Kind::kDropped, member, row.name);
  }
  if (options_.ack_notifications) Ack(member, event.ack_id, kEmptyAck);
}

// News go through the home, which owns their order. A cancel cannot overtake its call: the call was
// handed to the Computer's shard before the home can hear of the cancel.
void Router::Publish(Member& member, const EventRow& row, std::string_view req_id) {
  if (!member.in_office()) return Log(LogEvent::Kind::kDropped, member, row.name);
  if (member.role != row.sender) return Log(LogEvent::Kind::kRefused, member, row.name);
  links_.Post(links_.HomeOf(member.office.value),
              [request = NewsRequest{member.ref, member.office, &row, std::string(req_id)}](
                  Router& router) mutable { router.home().Publish(std::move(request)); });
}

void Router::OnBulletin(const Bulletin& bulletin) {
  const auto it = branches_.find(bulletin.key);
  if (it == branches_.end()) return;
  const Branch& branch = it->second;
  for (const Bulletin::News& news : bulletin.news) {
    Member* agent = members_.Find(branch.agent);
    if (agent != nullptr && agent->office_key == bulletin.key && agent->roster != nullptr) {
      if (news.change == Bulletin::RosterChange::kSet) agent->roster->Set(news.name, news.computer);
      if (news.change == Bulletin::RosterChange::kErase) agent->roster->Erase(news.name);
    }
    for (const MemberRef ref : branch.members) {
      if (ref == bulletin.originator) continue;
      Member* member = members_.Find(ref);
      // A member that moved on stays in the branch until its old home has heard of it.
      if (member == nullptr || member->office_key != bulletin.key) continue;
      member->egress->SendEvent({}, news.packet.view(), kNoAttachments, false);
    }
  }
}

void Router::Reconfigure(const SmcpOptions& options) {
  std::shared_ptr<EventLog> log = std::move(options_.log);
  options_ = options;
  options_.log = std::move(log);
}

void Router::WhenIdle(Task done) {
  if (calls_in_flight_ == 0) return std::move(done)();
  when_idle_.push_back(std::move(done));
}

RouterCounts Router::Count() {
  RouterCounts counts{.connections = members_.size(),
                      .offices = home_.office_count(),
                      .branches = branches_.size(),
                      .calls_in_flight = calls_in_flight_};
  for (const auto& [key, branch] : branches_) counts.branch_members += branch.members.size();
  members_.ForEach([&counts](const Member& member) {
    if (member.in_office()) ++counts.members;
    if (member.pending != nullptr) counts.calls_pending += member.pending->size();
    if (member.parked != nullptr) counts.parked_events += member.parked->size();
    if (member.roster != nullptr) counts.roster_entries += member.roster->size();
  });
  return counts;
}

}  // namespace smcp
