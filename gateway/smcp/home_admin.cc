// What administrators ask of an office, at its home: listings, settings, putting people out, news
// in a Computer's name. Changes wait their turn like everything else that happens to an office.
#include <algorithm>
#include <utility>

#include "gateway/smcp/events.h"
#include "gateway/smcp/home.h"
#include "gateway/smcp/news.h"
#include "gateway/smcp/router.h"

namespace smcp {
namespace {

// Offices and members that one task describes.
constexpr size_t kChunkWeight = 2048;

absl::Status NoSuchOffice() { return absl::NotFoundError("nobody is in that office"); }

std::string_view EventOf(NoticeKind kind) {
  switch (kind) {
    case NoticeKind::kConfig:
      return "server:update_config";
    case NoticeKind::kToolList:
      return "server:update_tool_list";
    case NoticeKind::kDesktop:
      return "server:update_desktop";
    case NoticeKind::kSkills:
      return "server:update_skills";
  }
  return {};
}

}  // namespace

Home::Row Home::ToRow(const Office& office) const {
  Row row;
  OfficeInfo& info = row.info;
  info.office_id = office.id;
  if (office.settings != nullptr) info.settings = office.settings->said;
  info.calls_in_flight = links_.Here()->CountInvokes(office.id.value);
  if (office.seats.empty()) return row;
  info.created_ms = clock_.ToUnixMs(office.created_ms);
  info.generation = office.seats.front().generation;
  info.members.reserve(office.seats.size());
  for (const Seat& seat : office.seats) {
    ++(seat.role == Role::kAgent ? info.agents : info.computers);
    if (seat.role == Role::kAgent && !row.agent) row.agent = seat.ref;
    info.members.push_back({seat.sid, seat.role, seat.name});
  }
  return row;
}

Home::Chunk Home::NextOffices(std::string_view after, size_t max) const {
  Chunk chunk{.total = offices_.size()};
  size_t weight = 0;
  for (auto it = in_order_.upper_bound(after); it != in_order_.end(); ++it) {
    const Office& office = *it->second;
    if (office.seats.empty() && office.settings == nullptr) continue;  // still being decided about
    if (chunk.rows.size() == max || weight > kChunkWeight) {
      chunk.more = true;
      break;
    }
    weight += 1 + office.seats.size();
    chunk.rows.push_back(ToRow(office));
  }
  return chunk;
}

std::optional<Home::Row> Home::Describe(const OfficeId& id) const {
  const auto it = offices_.find(id);
  if (it == offices_.end()) return std::nullopt;
  const Office& office = *it->second;
  if (office.seats.empty() && office.settings == nullptr) return std::nullopt;
  return ToRow(office);
}

std::vector<MemberRef> Home::FindSeats(const OfficeId& id, Role role, std::string_view name) const {
  std::vector<MemberRef> refs;
  const auto it = offices_.find(id);
  if (it == offices_.end()) return refs;
  for (const Seat& seat : it->second->seats) {
    if (seat.name == name && (role == Role::kNone || role == seat.role)) refs.push_back(seat.ref);
  }
  return refs;
}

absl::StatusOr<Home::CallTarget> Home::TargetOf(const OfficeId& id,
                                                std::string_view computer) const {
  const auto it = offices_.find(id);
  if (it == offices_.end() || it->second->seats.empty()) return NoSuchOffice();
  const Office& office = *it->second;
  for (const Seat& seat : office.seats) {
    if (seat.role != Role::kComputer || !seat.announced || seat.name != computer) continue;
    return CallTarget{seat.ref, seat.generation, office.key,
                      office.settings == nullptr ? nullptr : office.settings->policy,
                      links_.Here()->CountInvokes(id.value)};
  }
  return absl::NotFoundError("no such computer in that office");
}

// --- settings

void Home::SetSettings(OfficeId office, OfficeSettings settings, bool any_revision,
                       Reply<absl::StatusOr<Row>> reply) {
  const OfficeId id = office;
  InOrder(id, [office = std::move(office), settings = std::move(settings), any_revision,
               reply = std::move(reply)](Home& home) mutable {
    reply(home.DoSetSettings(office, std::move(settings), any_revision));
    if (Office* found = home.Find(office)) home.DropIfEmpty(*found);
  });
}

absl::StatusOr<Home::Row> Home::DoSetSettings(const OfficeId& id, OfficeSettings settings,
                                              bool any_revision) {
  Office* office = Find(id);
  const bool had = office != nullptr && office->settings != nullptr;
  const uint64_t revision = had ? office->settings->said.revision : 0;
  if (!any_revision && settings.revision != revision) {
    return absl::AbortedError("the settings have changed meanwhile");
  }
  if (AreDefault(settings)) {
    if (!had) {
      Row row;
      if (office != nullptr) return ToRow(*office);
      row.info.office_id = id;
      return row;
    }
    --with_settings_;
    office->settings.reset();
  } else {
    const size_t max = options_.office_settings_max / links_.shard_count() + 1;
    if (!had && with_settings_ >= max) {
      return absl::ResourceExhaustedError("too many offices have settings");
    }
    office = &Make(id);
    if (!had) {
      ++with_settings_;
      office->settings = std::make_unique<Settings>();
    }
    settings.revision = ++revisions_;
    office->settings->policy = CallPolicyOf(settings);
    office->settings->said = std::move(settings);
  }
  const std::shared_ptr<const CallPolicy> policy =
      office->settings == nullptr ? nullptr : office->settings->policy;
  for (const auto& [shard, members] : office->shards) {
    links_.Post(shard,
                [key = office->key, policy](Router& router) { router.OnPolicy(key, policy); });
  }
  links_.Here()->journal().Write({.kind = Change::Kind::kOfficeSettings, .office_id = id.value});
  return ToRow(*office);
}

// --- putting people out

void Home::Evict(OfficeId office, MemberRef ref, absl::AnyInvocable<void(bool) &&> done) {
  const OfficeId id = office;
  InOrder(id, [office = std::move(office), ref, done = std::move(done)](Home& home) mutable {
    Office* found = home.Find(office);
    if (found == nullptr || FindSeat(*found, ref) == nullptr) return std::move(done)(false);
    home.DoLeave({.ref = ref, .office = office, .key = found->key});
    home.links_.Post(ref.shard,
                     [done = std::move(done)](Router&) mutable { std::move(done)(true); });
  });
}

void Home::CloseOffice(OfficeId office, bool disconnect, Reply<absl::StatusOr<size_t>> reply) {
  const OfficeId id = office;
  InOrder(id, [office = std::move(office), disconnect, reply = std::move(reply)](
                  Home& home) mutable { reply(home.DoClose(office, disconnect)); });
}

absl::StatusOr<size_t> Home::DoClose(const OfficeId& id, bool disconnect) {
  Office* office = Find(id);
  if (office == nullptr || office->seats.empty()) return NoSuchOffice();
  const OfficeKey key = office->key;
  std::vector<MemberRef> refs;
  refs.reserve(office->seats.size());
  for (const Seat& seat : office->seats) refs.push_back(seat.ref);
  for (const MemberRef ref : refs) {
    DoLeave({.ref = ref, .office = id, .key = key});  // with the last one the office may be gone
    if (disconnect) links_.Post(ref.shard, [ref](Router& router) { router.EndSession(ref, true); });
  }
  return refs.size();
}

// --- news

void Home::Notify(OfficeId office, std::string computer, NoticeKind kind,
                  Reply<absl::StatusOr<NoticeResult>> reply) {
  const OfficeId id = office;
  InOrder(id, [office = std::move(office), computer = std::move(computer), kind,
               reply = std::move(reply)](Home& home) mutable {
    reply(home.DoNotify(office, computer, kind));
  });
}

absl::StatusOr<NoticeResult> Home::DoNotify(const OfficeId& id, std::string_view computer,
                                            NoticeKind kind) {
  Office* office = Find(id);
  if (office == nullptr || office->seats.empty()) return NoSuchOffice();
  NoticeResult result;
  bool found = false;
  for (const Seat& seat : office->seats) {
    if (seat.role != Role::kComputer || !seat.announced) continue;
    if (!computer.empty() && seat.name != computer) continue;
    found = true;
    // What its own generation could not have said is not said for it.
    const EventRow* row = FindEvent(EventOf(kind), seat.generation);
    if (row == nullptr) continue;
    Spread(*office, seat.ref,
           {{UpdateNews(row->notifies, seat.name), Bulletin::RosterChange::kNone, {}, {}}});
    result.computers.push_back(seat.name);
  }
  if (!found) return absl::NotFoundError("no such computer in that office");
  if (result.computers.empty()) {
    return absl::FailedPreconditionError("its protocol generation has no such notification");
  }
  // Each hears of all the others: with two of them nobody is left out.
  result.members_told = office->seats.size() - (result.computers.size() == 1 ? 1 : 0);
  return result;
}

void Home::PublishCancel(OfficeId office, std::string agent, std::string req_id) {
  const OfficeId id = office;
  InOrder(id, [office = std::move(office), agent = std::move(agent),
               req_id = std::move(req_id)](Home& home) {
    Office* found = home.Find(office);
    if (found == nullptr || found->seats.empty()) return;
    const EventRow* row = FindEvent("server:tool_call_cancel", Generation::kG1);
    home.Spread(
        *found, {},
        {{CancelNews(row->notifies, agent, req_id), Bulletin::RosterChange::kNone, {}, {}}});
  });
}

}  // namespace smcp
