#include "control/hub.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "control/convert.h"
#include "control/convert_time.h"
#include "control/errors.h"
#include "smcp/control/v1/office_service.pb.h"
#include "smcp/control/v1/session_service.pb.h"

namespace smcp::control {
namespace {

constexpr std::string_view kEventBinding = "events";

FeedForm<SessionInfo> SessionForm(const std::string& node_id) {
  FeedForm<SessionInfo> form;
  form.body = [node_id](const SessionInfo& s) { return SessionOf(s, node_id).SerializeAsString(); };
  form.removed = [](const SessionInfo& s, const std::string& cause, int64_t unix_ms) {
    v1::RemovedSession removed;
    removed.set_sid(s.sid);
    removed.set_cause(cause);
    *removed.mutable_time() = TimestampOf(unix_ms);
    return removed.SerializeAsString();
  };
  form.same = [](const SessionInfo& a, const SessionInfo& b) {
    return a.role == b.role && a.name == b.name && a.office_id == b.office_id &&
           a.joined_ms == b.joined_ms && a.websocket == b.websocket;
  };
  return form;
}

bool SameMembers(const OfficeInfo& a, const OfficeInfo& b) {
  return std::equal(a.members.begin(), a.members.end(), b.members.begin(), b.members.end(),
                    [](const OfficeMember& x, const OfficeMember& y) {
                      return x.sid == y.sid && x.role == y.role && x.name == y.name;
                    });
}

FeedForm<OfficeInfo> OfficeForm(const std::string& node_id) {
  FeedForm<OfficeInfo> form;
  form.body = [node_id](const OfficeInfo& o) {
    return OfficeOf(o, false, node_id).SerializeAsString();
  };
  form.removed = [](const OfficeInfo& o, const std::string&, int64_t unix_ms) {
    v1::RemovedOffice removed;
    removed.set_office_id(o.office_id.value);
    *removed.mutable_time() = TimestampOf(unix_ms);
    return removed.SerializeAsString();
  };
  form.same = [](const OfficeInfo& a, const OfficeInfo& b) {
    return a.created_ms == b.created_ms && a.settings.revision == b.settings.revision &&
           a.agents == b.agents && a.computers == b.computers && SameMembers(a, b);
  };
  return form;
}

FeedForm<CallInfoRecord> CallForm(const std::string& node_id) {
  FeedForm<CallInfoRecord> form;
  form.body = [node_id](const CallInfoRecord& c) {
    return ToolCallOf(c, node_id).SerializeAsString();
  };
  form.removed = [node_id](const CallInfoRecord& c, const std::string&, int64_t) {
    return ToolCallOf(c, node_id).SerializeAsString();
  };
  form.same = [](const CallInfoRecord& a, const CallInfoRecord& b) {
    return a.state == b.state && a.cancel_requested == b.cancel_requested &&
           a.to_computer_us == b.to_computer_us;
  };
  return form;
}

std::optional<uint64_t> PlaceOf(const Tokens& tokens, std::string_view binding,
                                const std::string& token) {
  const auto text = tokens.Open(binding, token);
  uint64_t place = 0;
  if (!text) return std::nullopt;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), place);
  if (error != std::errc() || end != text->data() + text->size()) return std::nullopt;
  return place;
}

// Each shard's are in order; between shards the clock decides.
void SortByTime(std::vector<smcp::Change>& changes) {
  std::stable_sort(
      changes.begin(), changes.end(),
      [](const smcp::Change& a, const smcp::Change& b) { return a.time_ms < b.time_ms; });
}

absl::Status Expired() {
  return Refuse(v1::RESUME_TOKEN_EXPIRED, "what happened since is not kept any more; watch anew");
}

}  // namespace

std::string KeyOf(const CallInfoRecord& call) {
  return BindingOf({call.office_id, call.agent_name, call.req_id, std::to_string(call.started_ms)});
}

Hub::Hub(GatewayInspect& inspect, std::shared_ptr<Executor> executor, HubLimits limits,
         std::string node_id)
    : inspect_(inspect),
      executor_(std::move(executor)),
      limits_(limits),
      events_([this](uint64_t at) { return tokens_.Seal(kEventBinding, std::to_string(at)); },
              limits_),
      sessions_(SessionForm(node_id), limits_),
      offices_(OfficeForm(node_id), limits_),
      calls_(CallForm(node_id), limits_) {}

template <class T, class F>
GatewayInspect::Done<T> Hub::Here(F then) {
  return [weak = weak_from_this(), executor = executor_, then = std::move(then)](T answer) mutable {
    executor->Post([weak, then = std::move(then), answer = std::move(answer)]() mutable {
      if (const auto self = weak.lock()) then(*self, std::move(answer));
    });
  };
}

// --- watchers

template <class Row>
void Hub::Join(Kept<Row>& kept, WatchRequest<Row> request) {
  typename Feed<Row>::Watch watch;
  if (!request.resume_token.empty()) {
    watch.resume = PlaceOf(tokens_, request.binding, request.resume_token);
    if (!watch.resume) return request.call->Finish(Expired());
  }
  watch.call = request.call;
  watch.match = std::move(request.match);
  watch.omit_initial = request.omit_initial;
  watch.token = [this, binding = std::move(request.binding)](uint64_t at) {
    return tokens_.Seal(binding, std::to_string(at));
  };
  if (!kept.feed.Join(std::move(watch), executor_->NowMs())) {
    return request.call->Finish(Expired());
  }
  if (kept.phase == Phase::kAsleep) kept.phase = Phase::kWanted;
  Listen(request.call);
}

void Hub::WatchSessions(WatchRequest<SessionInfo> request) {
  executor_->Post([self = shared_from_this(), request = std::move(request)]() mutable {
    if (self->Admit<SessionInfo>(request.call, request.resume_token)) {
      self->Join(self->sessions_, std::move(request));
    }
  });
}

void Hub::WatchOffices(WatchRequest<OfficeInfo> request) {
  executor_->Post([self = shared_from_this(), request = std::move(request)]() mutable {
    if (self->Admit<OfficeInfo>(request.call, request.resume_token)) {
      self->Join(self->offices_, std::move(request));
    }
  });
}

void Hub::WatchCalls(WatchRequest<CallInfoRecord> request) {
  executor_->Post([self = shared_from_this(), request = std::move(request)]() mutable {
    if (self->Admit<CallInfoRecord>(request.call, request.resume_token)) {
      self->Join(self->calls_, std::move(request));
    }
  });
}

void Hub::WatchEvents(std::shared_ptr<Call> call, EventFeed::Match match, std::string resume_token,
                      uint64_t backlog) {
  executor_->Post([self = shared_from_this(), call = std::move(call), match = std::move(match),
                   token = std::move(resume_token), backlog]() mutable {
    if (!self->Admit<v1::Event>(call, token)) return;
    EventFeed::Watch watch{call, std::move(match), backlog, {}};
    self->joining_.push_back([hub = self.get(), watch = std::move(watch), token]() mutable {
      hub->JoinEvents(std::move(watch), token);
    });
    self->WakeUp();
    self->StartEvents();
    self->RunJoins();
  });
}

void Hub::StartEvents() {
  if (events_phase_ != Events::kOff) return;
  events_phase_ = Events::kStarting;
  inspect_.ReadJournal(
      {}, Here<std::vector<JournalPart>>(
              [](Hub& hub, std::vector<JournalPart> parts) { hub.TakeBacklog(std::move(parts)); }));
}

// What the regular reading has been past already; the rest it brings itself.
void Hub::TakeBacklog(std::vector<JournalPart> parts) {
  std::vector<smcp::Change> past;
  for (size_t shard = 0; shard < parts.size() && shard < journal_.size(); ++shard) {
    for (smcp::Change& change : parts[shard].changes) {
      if (change.seq < journal_[shard]) past.push_back(std::move(change));
    }
  }
  SortByTime(past);
  events_phase_ = Events::kOn;
  events_watched_ms_ = executor_->NowMs();
  for (const smcp::Change& change : past) AddEvent(change);
  RunJoins();
}

// Who comes now has no part in what happened before, except as backlog: so everything that did has
// to be among the events first.
void Hub::RunJoins() {
  if (!caught_up_ || events_phase_ != Events::kOn) return;
  for (Task& join : std::exchange(joining_, {})) std::move(join)();
}

void Hub::JoinEvents(EventFeed::Watch watch, const std::string& resume_token) {
  const std::shared_ptr<Call> call = watch.call;
  if (!resume_token.empty()) {
    watch.resume = PlaceOf(tokens_, kEventBinding, resume_token);
    if (!watch.resume) return call->Finish(Expired());
  }
  if (!events_.Join(std::move(watch), executor_->NowMs())) return call->Finish(Expired());
  Listen(call);
}

template <class Row>
bool Hub::Admit(const std::shared_ptr<Call>& call, const std::string& resume_token) {
  constexpr size_t kTokenMax = 1'024;
  CountWatchers();
  if (watchers() >= limits_.watchers) {
    call->Finish(RefuseForNow(v1::TOO_MANY_WATCHERS,
                              std::to_string(limits_.watchers) + " streams are open already",
                              5'000));
    return false;
  }
  if (resume_token.size() > kTokenMax) {
    call->Finish(Expired());
    return false;
  }
  return true;
}

void Hub::Listen(const std::shared_ptr<Call>& call) {
  call->sink().OnChange([weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->SchedulePump();
  });
  CountWatchers();
  last_watched_ms_ = executor_->NowMs();
  WakeUp();
  SchedulePump();
}

void Hub::CountWatchers() {
  watchers_.store(events_.watchers() + sessions_.feed.watchers() + offices_.feed.watchers() +
                      calls_.feed.watchers(),
                  std::memory_order_relaxed);
}

void Hub::Publish(v1::Event event) {
  executor_->Post([self = shared_from_this(), event = std::move(event)]() mutable {
    if (!event.has_time()) *event.mutable_time() = TimestampOf(self->executor_->UnixMs());
    self->events_.Add(std::move(event));
    self->SchedulePump();
  });
}

// --- giving out

void Hub::SchedulePump() {
  if (pump_scheduled_.exchange(true, std::memory_order_acq_rel)) return;
  executor_->Post([weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->Pump();
  });
}

void Hub::Pump() {
  pump_scheduled_.store(false, std::memory_order_release);
  const int64_t now = executor_->NowMs();
  const int64_t unix_ms = executor_->UnixMs();
  bool more = events_.Pump(now, unix_ms);
  more |= sessions_.feed.Pump(now, unix_ms);
  more |= offices_.feed.Pump(now, unix_ms);
  more |= calls_.feed.Pump(now, unix_ms);
  CountWatchers();
  if (watchers() != 0) last_watched_ms_ = now;
  if (more) SchedulePump();
}

// --- the journals

void Hub::WakeUp() {
  last_watched_ms_ = executor_->NowMs();
  if (awake_) return;
  awake_ = true;
  Poll();
}

void Hub::Poll() {
  if (polling_) return;
  polling_ = true;
  inspect_.ReadJournal(
      journal_, Here<std::vector<JournalPart>>(
                    [](Hub& hub, std::vector<JournalPart> parts) { hub.Take(std::move(parts)); }));
}

void Hub::Take(std::vector<JournalPart> parts) {
  polling_ = false;
  const bool first = journal_.size() != parts.size();
  journal_.clear();
  std::vector<smcp::Change> changes;
  for (JournalPart& part : parts) {
    journal_.push_back(part.next);
    if (part.lost && !first) MarkStale(part.only_calls_lost);
    std::move(part.changes.begin(), part.changes.end(), std::back_inserter(changes));
  }
  SortByTime(changes);
  const bool events = events_phase_ == Events::kOn;
  for (const smcp::Change& change : changes) {
    if (events) AddEvent(change);
    Note(change);
  }
  caught_up_ = true;
  RunJoins();
  StopEventsIfIdle();
  if (WantsReading(sessions_)) ReadSessions({});
  if (WantsReading(offices_)) ReadOffices({});
  if (WantsReading(calls_)) ReadCalls();
  FetchSessions();
  FetchOffices();
  Pump();
  if (executor_->NowMs() - last_watched_ms_ > limits_.linger_ms) {
    SleepIfIdle(sessions_);
    SleepIfIdle(offices_);
    SleepIfIdle(calls_);
    awake_ = caught_up_ = false;
    return;
  }
  executor_->After(limits_.poll_ms, [weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->Poll();
  });
}

void Hub::Abandon() {
  sessions_.feed.DropWatchers();
  offices_.feed.DropWatchers();
  calls_.feed.DropWatchers();
  events_.DropWatchers();
  joining_.clear();
}

void Hub::StopEventsIfIdle() {
  const int64_t now = executor_->NowMs();
  if (!events_.empty() || !joining_.empty()) events_watched_ms_ = now;
  if (events_phase_ != Events::kOn) return;
  if (now - events_watched_ms_ <= limits_.events_linger_ms) return;
  events_phase_ = Events::kOff;
  events_.Clear();
}

void Hub::MarkStale(bool only_calls) {
  if (events_phase_ == Events::kOn) {
    v1::Event event;
    event.set_kind(v1::Event::LOST);
    event.set_detail(only_calls ? "more calls than could be followed"
                                : "more than could be followed");
    *event.mutable_time() = TimestampOf(executor_->UnixMs());
    events_.Add(std::move(event));
  }
  calls_.stale = true;
  if (only_calls) return;
  sessions_.stale = offices_.stale = true;
}

void Hub::Note(const smcp::Change& change) {
  using Kind = smcp::Change::Kind;
  if (change.kind == Kind::kCallBegan || change.kind == Kind::kCallEnded) return NoteCall(change);
  if (change.kind == Kind::kRefused) return;
  if (sessions_.phase >= Phase::kReading && !change.sid.empty()) {
    sessions_.dirty[change.sid] = {change.cause, change.time_ms};
  }
  if (offices_.phase >= Phase::kReading && !change.office_id.empty()) {
    offices_.dirty[change.office_id] = {change.cause, change.time_ms};
  }
}

void Hub::NoteCall(const smcp::Change& change) {
  if (!change.call || calls_.phase < Phase::kReading) return;
  if (calls_.phase == Phase::kReading) return early_calls_.push_back(change);
  if (change.kind == smcp::Change::Kind::kCallBegan) {
    calls_.feed.Set(KeyOf(*change.call), *change.call, change.time_ms);
  } else {
    calls_.feed.Remove(KeyOf(*change.call), change.cause, change.time_ms, change.call);
  }
}

void Hub::AddEvent(const smcp::Change& change) {
  using Kind = smcp::Change::Kind;
  v1::Event event;
  switch (change.kind) {
    case Kind::kConnected:
      event.set_kind(v1::Event::CONNECTED);
      break;
    case Kind::kRefused:
      event.set_kind(v1::Event::REFUSED);
      break;
    case Kind::kJoined:
      event.set_kind(v1::Event::JOINED);
      break;
    case Kind::kLeft:
      event.set_kind(v1::Event::LEFT);
      break;
    case Kind::kDisconnected:
      event.set_kind(v1::Event::DISCONNECTED);
      break;
    case Kind::kCallBegan:
      return;
    case Kind::kCallEnded:
      event.set_kind(v1::Event::CALL_FINISHED);
      break;
    case Kind::kOfficeSettings:
      event.set_kind(v1::Event::OFFICE_CHANGED);
      break;
  }
  *event.mutable_time() = TimestampOf(change.time_ms);
  event.set_sid(change.sid);
  event.set_role(RoleOf(change.role));
  event.set_name(change.name);
  event.set_office_id(change.office_id);
  event.set_address(change.address);
  event.set_cause(change.cause);
  if (change.call) {
    *event.mutable_call() = ToolCallOf(*change.call, {});
    event.set_office_id(change.call->office_id);
  }
  events_.Add(std::move(event));
}

// --- rows

template <class Row>
bool Hub::WantsReading(Kept<Row>& kept) {
  const bool due = executor_->NowMs() - kept.read_ms >= limits_.rebuild_ms;
  const bool again = kept.phase == Phase::kLive && kept.stale && due;
  if (kept.phase != Phase::kWanted && !again) return false;
  kept.cause = again ? "the node lost count" : "";
  kept.phase = Phase::kReading;
  kept.stale = false;
  kept.fetching = false;
  ++kept.epoch;
  kept.read_ms = executor_->NowMs();
  kept.reading.clear();
  kept.dirty.clear();
  return true;
}

template <class Row>
void Hub::Began(Kept<Row>& kept) {
  kept.feed.Begin(std::move(kept.reading), kept.cause);
  kept.reading.clear();
  kept.phase = Phase::kLive;
  SchedulePump();
}

template <class Row>
void Hub::SleepIfIdle(Kept<Row>& kept) {
  if (kept.phase != Phase::kLive) return;
  kept.feed.End();
  kept.dirty.clear();
  kept.phase = Phase::kAsleep;
}

void Hub::ReadSessions(std::optional<SessionCursor> after) {
  constexpr size_t kStep = 500;
  inspect_.PageSessions(after, kStep, {}, Here<SessionPage>([](Hub& hub, SessionPage page) {
                          for (SessionInfo& s : page.sessions) {
                            std::string sid = s.sid;
                            hub.sessions_.reading.insert_or_assign(std::move(sid), std::move(s));
                          }
                          if (page.next) return hub.ReadSessions(page.next);
                          hub.Began(hub.sessions_);
                          hub.FetchSessions();
                        }));
}

void Hub::ReadOffices(const std::string& after) {
  constexpr size_t kStep = 200;
  inspect_.PageOffices(after, kStep, {}, Here<OfficePage>([](Hub& hub, OfficePage page) {
                         std::string last;
                         for (OfficeInfo& office : page.offices) {
                           last = office.office_id.value;
                           hub.offices_.reading.insert_or_assign(last, std::move(office));
                         }
                         if (page.more && !last.empty()) return hub.ReadOffices(last);
                         hub.Began(hub.offices_);
                         hub.FetchOffices();
                       }));
}

void Hub::ReadCalls() {
  constexpr size_t kCallsMax = 100'000;
  early_calls_.clear();
  inspect_.ListCalls(
      true, false, kCallsMax,
      Here<std::vector<CallInfoRecord>>([](Hub& hub, std::vector<CallInfoRecord> calls) {
        for (CallInfoRecord& call : calls) {
          std::string key = KeyOf(call);
          hub.calls_.reading.insert_or_assign(std::move(key), std::move(call));
        }
        hub.Began(hub.calls_);
        for (const auto& change : std::exchange(hub.early_calls_, {})) {
          hub.NoteCall(change);
        }
      }));
}

void Hub::FetchSessions() {
  if (sessions_.phase != Phase::kLive || sessions_.fetching || sessions_.dirty.empty()) return;
  sessions_.fetching = true;
  auto dirty = std::make_shared<std::map<std::string, Dirty>>(std::exchange(sessions_.dirty, {}));
  std::vector<std::string> sids;
  for (const auto& [sid, why] : *dirty) sids.push_back(sid);
  inspect_.GetSessions(
      std::move(sids),
      Here<std::vector<SessionInfo>>(
          [dirty, epoch = sessions_.epoch](Hub& hub, std::vector<SessionInfo> found) {
            if (hub.sessions_.epoch != epoch) return;
            hub.sessions_.fetching = false;
            if (hub.sessions_.phase != Phase::kLive) return;
            for (SessionInfo& session : found) {
              const auto why = dirty->extract(session.sid);
              if (why.empty()) continue;
              hub.sessions_.feed.Set(why.key(), std::move(session), why.mapped().unix_ms);
            }
            for (const auto& [sid, why] : *dirty) {
              hub.sessions_.feed.Remove(sid, why.cause, why.unix_ms);
            }
            hub.SchedulePump();
            hub.FetchSessions();
          }));
}

void Hub::FetchOffices() {
  if (offices_.phase != Phase::kLive || offices_.fetching || offices_.dirty.empty()) return;
  offices_.fetching = true;
  auto dirty = std::make_shared<std::map<std::string, Dirty>>(std::exchange(offices_.dirty, {}));
  std::vector<std::string> ids;
  for (const auto& [id, why] : *dirty) ids.push_back(id);
  inspect_.GetOffices(std::move(ids),
                      Here<std::vector<OfficeInfo>>([dirty, epoch = offices_.epoch](
                                                        Hub& hub, std::vector<OfficeInfo> found) {
                        if (hub.offices_.epoch != epoch) return;
                        hub.offices_.fetching = false;
                        if (hub.offices_.phase != Phase::kLive) return;
                        for (OfficeInfo& office : found) {
                          const auto why = dirty->extract(office.office_id.value);
                          if (why.empty()) continue;
                          hub.offices_.feed.Set(why.key(), std::move(office), why.mapped().unix_ms);
                        }
                        for (const auto& [id, why] : *dirty) {
                          hub.offices_.feed.Remove(id, why.cause, why.unix_ms);
                        }
                        hub.SchedulePump();
                        hub.FetchOffices();
                      }));
}

}  // namespace smcp::control
