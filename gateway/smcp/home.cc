#include "gateway/smcp/home.h"

#include <algorithm>
#include <utility>

#include "gateway/base/check.h"
#include "gateway/base/give_back.h"
#include "gateway/smcp/news.h"
#include "gateway/smcp/router.h"

namespace smcp {
namespace {

// Offices hold one generation; if mixing is allowed, 0.5 still keeps apart, for its seats follow
// another rule (SMCP-PROTOCOL.md 3.3).
uint8_t PinOf(Generation generation, bool mixed) {
  const bool legacy = generation != Generation::kG5;
  return static_cast<uint8_t>(mixed && legacy ? Generation::kG1 : generation);
}

Refusal RefusalOf(SeatResult result) {
  switch (result) {
    case SeatResult::kGranted:
      return Refusal::kNone;
    case SeatResult::kOtherPin:
      return Refusal::kOtherGeneration;
    case SeatResult::kRoleTaken:
      return Refusal::kRoleTaken;
    case SeatResult::kNameTaken:
      return Refusal::kNameTaken;
    case SeatResult::kFull:
      return Refusal::kOfficeFull;
    case SeatResult::kUnavailable:
      return Refusal::kInternal;
  }
  return Refusal::kInternal;
}

}  // namespace

Home::Home(const Links& links, const SmcpOptions& options, Backplane& backplane, const Clock& clock)
    : links_(links), options_(options), backplane_(backplane), clock_(clock) {}

Home::Office* Home::Find(const OfficeId& id) {
  const auto it = offices_.find(id);
  return it == offices_.end() ? nullptr : it->second.get();
}

Home::Seat* Home::FindSeat(Office& office, MemberRef ref) {
  const auto it = std::find_if(office.seats.begin(), office.seats.end(),
                               [ref](const Seat& seat) { return seat.ref == ref; });
  return it == office.seats.end() ? nullptr : &*it;
}

void Home::InOrder(const OfficeId& id, Operation operation) {
  Office* office = Find(id);
  if (office != nullptr && (office->deciding || office->queue != nullptr)) {
    if (office->queue == nullptr) office->queue = std::make_unique<std::deque<Operation>>();
    office->queue->push_back(std::move(operation));
    return;
  }
  std::move(operation)(*this);
}

// Memberships are bounded by the number of members; news and lists are not, and a backplane that is
// slow to decide must not make an office's queue grow without end.
bool Home::MayWait(const OfficeId& id) {
  const Office* office = Find(id);
  if (office == nullptr || office->queue == nullptr) return true;
  if (office->queue->size() < options_.office_queue_max) return true;
  ++news_dropped_;
  return false;
}

void Home::Resume(const OfficeId& id) {
  for (;;) {
    Office* office = Find(id);
    if (office == nullptr || office->deciding) return;
    if (office->queue == nullptr) return DropIfEmpty(*office);
    Operation next = std::move(office->queue->front());
    office->queue->pop_front();
    if (office->queue->empty()) office->queue.reset();
    std::move(next)(*this);
  }
}

void Home::DropIfEmpty(Office& office) {
  if (office.deciding || !office.seats.empty() || office.queue != nullptr) return;
  if (office.settings != nullptr) return;
  const OfficeId id = office.id;  // the key must outlive the element it finds
  in_order_.erase(id.value);
  offices_.erase(id);
  GiveBackIfEmpty(offices_);
}

Home::Office& Home::Make(const OfficeId& id) {
  std::unique_ptr<Office>& office = offices_[id];
  if (office == nullptr) {
    office = std::make_unique<Office>();
    office->id = id;
    in_order_.emplace(office->id.value, office.get());
  }
  return *office;
}

size_t Home::office_count() const {
  size_t count = 0;
  for (const auto& [id, office] : offices_) {
    count += !office->seats.empty() || office->deciding || office->queue != nullptr;
  }
  return count;
}

Refusal Home::JudgeSettings(const Office& office, const JoinRequest& request) const {
  // An Agent that sits elsewhere hears of that first.
  if (office.settings == nullptr || request.mode == JoinMode::kCheckOnly) return Refusal::kNone;
  return JudgeAdmission(office.settings->said.admission, request.role);
}

// An office that has all the Computers it may have is full for one more; the backplane then says so
// behind everything else there is to object to.
uint32_t Home::MembersMax(const Office& office, Role role) const {
  const uint32_t computers_max =
      office.settings == nullptr ? 0 : office.settings->said.computers_max;
  if (computers_max == 0 || role != Role::kComputer) return options_.office_members_max;
  const auto computers = std::count_if(office.seats.begin(), office.seats.end(),
                                       [](const Seat& s) { return s.role == Role::kComputer; });
  if (static_cast<size_t>(computers) < computers_max) return options_.office_members_max;
  return static_cast<uint32_t>(office.seats.size());
}

void Home::Join(JoinRequest request) {
  const OfficeId id = request.office;
  InOrder(id, [request = std::move(request)](Home& home) mutable {
    if (request.mode == JoinMode::kRename) return home.BeginRename(std::move(request));
    home.BeginJoin(std::move(request));
  });
}

void Home::BeginJoin(JoinRequest request) {
  Office& office = Make(request.office);
  if (const Refusal refusal = JudgeSettings(office, request); refusal != Refusal::kNone) {
    return Answer(request, refusal);
  }
  office.deciding = true;
  const SeatRequest seat{
      .office = request.office,
      .role = request.role,
      .name = request.name,
      .pin = PinOf(request.generation, options_.mixed_offices),
      .role_exclusive = request.role == Role::kAgent || request.generation == Generation::kG5,
      .members_max = MembersMax(office, request.role),
      .check_only = request.mode == JoinMode::kCheckOnly};
  // Looked up again when the answer comes: a slow backplane may outlive this home.
  backplane_.Claim(links_.shard(), seat,
                   [links = links_, request = std::move(request)](SeatResult result) mutable {
                     Router* router = links.Here();
                     if (router != nullptr) router->home().FinishJoin(std::move(request), result);
                   });
}

void Home::BeginRename(JoinRequest request) {
  Office* office = Find(request.office);
  const Seat* seat = office == nullptr ? nullptr : FindSeat(*office, request.ref);
  if (seat == nullptr) return Answer(request, Refusal::kInternal);
  office->deciding = true;
  const std::string new_name = request.name;  // the request moves into the callback
  backplane_.Rename(links_.shard(), office->id, seat->role, seat->name, new_name,
                    [links = links_, request = std::move(request)](SeatResult result) mutable {
                      Router* router = links.Here();
                      if (router != nullptr) router->home().FinishJoin(std::move(request), result);
                    });
}

void Home::FinishJoin(JoinRequest request, SeatResult result) {
  Office* office = Find(request.office);
  SMCP_CHECK(office != nullptr && office->deciding);
  office->deciding = false;
  if (request.mode == JoinMode::kCheckOnly && result != SeatResult::kOtherPin &&
      result != SeatResult::kRoleTaken && result != SeatResult::kUnavailable) {
    // An Agent that sits elsewhere: what comes behind the seats is not looked at (DECISIONS 20).
    Answer(request, Refusal::kAgentElsewhere);
  } else if (result != SeatResult::kGranted) {
    Answer(request, RefusalOf(result));
  } else if (request.mode == JoinMode::kRename) {
    CommitRename(*office, request);
  } else {
    Commit(*office, request);
  }
  Resume(request.office);
}

void Home::Answer(const JoinRequest& request, Refusal refusal) {
  JoinAnswer answer{.ref = request.ref,
                    .mode = request.mode,
                    .refusal = refusal,
                    .role = request.role,
                    .office = request.office,
                    .name = request.name};
  links_.Post(request.ref.shard,
              [answer = std::move(answer)](Router& router) { router.OnJoinAnswer(answer); });
}

void Home::Commit(Office& office, const JoinRequest& request) {
  if (office.seats.empty()) {
    office.key = (++keys_ << 16) | links_.shard();
    office.created_ms = clock_.NowMs();
  }
  const uint16_t shard = request.ref.shard;
  const auto count = std::find_if(office.shards.begin(), office.shards.end(),
                                  [shard](const auto& entry) { return entry.first == shard; });
  if (count == office.shards.end()) {
    office.shards.emplace_back(shard, 1);
  } else {
    ++count->second;
  }
  JoinAnswer answer{.ref = request.ref,
                    .mode = request.mode,
                    .role = request.role,
                    .office = office.id,
                    .name = request.name,
                    .key = office.key};
  if (request.role == Role::kAgent) {
    if (office.settings != nullptr) answer.policy = office.settings->policy;
    for (const Seat& seat : office.seats) {
      if (seat.role == Role::kComputer && seat.announced) {
        answer.roster.push_back({seat.name, seat.ref});
      }
    }
  }
  // Offices are many and small: doubling would leave half of this empty in most of them.
  if (office.seats.size() == office.seats.capacity()) {
    office.seats.reserve(office.seats.size() + 2 + office.seats.size() / 4);
  }
  office.seats.push_back({request.ref, request.role, request.generation, false, request.name,
                          request.sid, request.a2c_version});
  // The answer is posted before the news: the joiner has its ack before anyone can call it.
  links_.Post(shard, [answer = std::move(answer)](Router& router) { router.OnJoinAnswer(answer); });
  if (request.mode == JoinMode::kEnter) DoAnnounce(office.id, request.ref);
}

void Home::CommitRename(Office& office, const JoinRequest& request) {
  Seat* seat = FindSeat(office, request.ref);
  SMCP_CHECK(seat != nullptr);  // a leave would have waited behind this rename
  const std::string old_name = std::exchange(seat->name, request.name);
  Answer(request, Refusal::kNone);
  const bool computer = seat->role == Role::kComputer;
  using enum Bulletin::RosterChange;
  Spread(office, seat->ref,
         {{LeaveNews(office.id.value, seat->role, old_name), computer ? kErase : kNone, old_name,
           seat->ref},
          {EnterNews(office.id.value, seat->role, seat->name), computer ? kSet : kNone, seat->name,
           seat->ref}});
}

void Home::Leave(LeaveRequest request) {
  const OfficeId id = request.office;
  InOrder(id, [request = std::move(request)](Home& home) { home.DoLeave(request); });
}

void Home::DoLeave(const LeaveRequest& request) {
  Office* office = Find(request.office);
  // Told even if there is no such seat: the member waits for it.
  links_.Post(request.ref.shard, [ref = request.ref, key = request.key](Router& router) {
    router.OnRemoved(ref, key);
  });
  if (office != nullptr) RemoveSeat(*office, request.ref);
  if (request.next_office.value.empty()) return;
  links_.Post(links_.HomeOf(request.next_office.value), [request](Router& router) {
    router.home().Announce(request.next_office, request.ref);
  });
}

void Home::RemoveSeat(Office& office, MemberRef ref) {
  const auto it = std::find_if(office.seats.begin(), office.seats.end(),
                               [ref](const Seat& seat) { return seat.ref == ref; });
  if (it == office.seats.end()) return;  // its join was refused
  const Seat seat = std::move(*it);
  office.seats.erase(it);
  const auto count = std::find_if(office.shards.begin(), office.shards.end(),
                                  [ref](const auto& entry) { return entry.first == ref.shard; });
  SMCP_CHECK(count != office.shards.end());
  if (--count->second == 0) office.shards.erase(count);
  backplane_.Release(links_.shard(), office.id, seat.role, seat.name);
  // Nobody has heard that a seat which was never announced exists.
  if (seat.announced) {
    const bool computer = seat.role == Role::kComputer;
    using enum Bulletin::RosterChange;
    Spread(office, ref,
           {{LeaveNews(office.id.value, seat.role, seat.name), computer ? kErase : kNone, seat.name,
             ref}});
  }
  DropIfEmpty(office);
}

void Home::Announce(const OfficeId& office, MemberRef ref) {
  InOrder(office, [office, ref](Home& home) {
    home.DoAnnounce(office, ref);
    // Found only if it is still connected; it takes part from here on.
    home.links_.Post(ref.shard, [ref](Router& router) { router.OnAnnounced(ref); });
  });
}

void Home::DoAnnounce(const OfficeId& id, MemberRef ref) {
  Office* office = Find(id);
  Seat* seat = office == nullptr ? nullptr : FindSeat(*office, ref);
  if (seat == nullptr) return;  // left before anyone heard of it
  seat->announced = true;
  const bool computer = seat->role == Role::kComputer;
  using enum Bulletin::RosterChange;
  Spread(*office, ref,
         {{EnterNews(id.value, seat->role, seat->name), computer ? kSet : kNone, seat->name, ref}});
}

void Home::Publish(NewsRequest request) {
  if (!MayWait(request.office)) return;
  const OfficeId id = request.office;
  InOrder(id, [request = std::move(request)](Home& home) { home.DoPublish(request); });
}

void Home::DoPublish(const NewsRequest& request) {
  Office* office = Find(request.office);
  const Seat* seat = office == nullptr ? nullptr : FindSeat(*office, request.ref);
  if (seat == nullptr) return;
  // The name is the session's, whatever the payload claimed (invariant I2).
  Payload packet = request.event->kind == EventKind::kCancel
                       ? CancelNews(request.event->notifies, seat->name, request.req_id)
                       : UpdateNews(request.event->notifies, seat->name);
  Spread(*office, seat->ref, {{std::move(packet), Bulletin::RosterChange::kNone, {}, {}}});
}

void Home::List(ListRequest request) {
  if (!MayWait(request.office)) {
    std::string refusal = CallRefusal(Refusal::kInternal, Generation::kG2, false, {});
    return links_.Post(request.ref.shard,
                       [ref = request.ref, ack_id = request.ack_id, refusal = std::move(refusal)](
                           Router& router) { router.OnListAnswer(ref, ack_id, refusal); });
  }
  const OfficeId id = request.office;
  InOrder(id, [request = std::move(request)](Home& home) { home.DoList(request); });
}

void Home::DoList(const ListRequest& request) {
  Office* office = Find(request.office);
  std::string payload;
  if (office == nullptr || FindSeat(*office, request.ref) == nullptr) {
    payload = CallRefusal(Refusal::kNotInOffice, Generation::kG2, false, {});
  } else {
    payload = "[{\"sessions\":[";
    for (const Seat& seat : office->seats) {
      if (payload.back() == '}') payload.push_back(',');
      AppendSessionInfo(&payload, ToSession(*office, seat), seat.role);
    }
    payload.append("],\"req_id\":").append(request.req_id).append("}]");
  }
  links_.Post(request.ref.shard,
              [ref = request.ref, ack_id = request.ack_id, payload = std::move(payload)](
                  Router& router) { router.OnListAnswer(ref, ack_id, payload); });
}

// One post for each shard with members; the packets are shared by all of them.
void Home::Spread(Office& office, MemberRef originator, std::vector<Bulletin::News> news) {
  for (const Bulletin::News& item : news) {
    backplane_.Publish(links_.shard(), office.id, item.packet);
  }
  const bool counted = FindSeat(office, originator) != nullptr;
  const auto bulletin = std::make_shared<const Bulletin>(
      Bulletin{.key = office.key, .originator = originator, .news = std::move(news)});
  for (const auto& [shard, members] : office.shards) {
    if (counted && members == 1 && shard == originator.shard) continue;  // nobody else is there
    links_.Post(shard, [bulletin](Router& router) { router.OnBulletin(*bulletin); });
  }
}

void Home::OnRemoteNews(const RemoteNews& news) {
  InOrder(news.office, [news](Home& home) {
    const Office* office = home.Find(news.office);
    if (office == nullptr) return;
    const auto bulletin = std::make_shared<const Bulletin>(
        Bulletin{.key = office->key, .originator = {}, .news = {{.packet = news.packet}}});
    for (const auto& [shard, members] : office->shards) {
      home.links_.Post(shard, [bulletin](Router& router) { router.OnBulletin(*bulletin); });
    }
  });
}

BaseSession Home::ToSession(const Office& office, const Seat& seat) {
  return {Sid{seat.sid}, seat.name, office.id, seat.a2c_version};
}

std::vector<OfficeSummary> Home::Offices() const {
  std::vector<OfficeSummary> summaries;
  for (const auto& [id, office] : offices_) {
    if (office->seats.empty()) continue;
    OfficeSummary summary{.office_id = id, .generation = office->seats.front().generation};
    for (const Seat& seat : office->seats) {
      ++(seat.role == Role::kAgent ? summary.agents : summary.computers);
    }
    summaries.push_back(std::move(summary));
  }
  return summaries;
}

std::vector<Session> Home::Sessions(const OfficeId& id) const {
  std::vector<Session> sessions;
  const auto it = offices_.find(id);
  if (it == offices_.end()) return sessions;
  for (const Seat& seat : it->second->seats) {
    if (seat.role == Role::kAgent) {
      sessions.emplace_back(AgentSession{ToSession(*it->second, seat)});
    } else {
      sessions.emplace_back(ComputerSession{ToSession(*it->second, seat)});
    }
  }
  return sessions;
}

}  // namespace smcp
