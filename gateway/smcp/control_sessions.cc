// Sessions as the control plane sees them: pages in order of their places, single ones by name.
#include <algorithm>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "gateway/smcp/control_door.h"

namespace smcp {
namespace {

// Places that one task looks at: a fraction of a millisecond, also with a slow predicate.
constexpr uint32_t kStepSlots = 256;

}  // namespace

SessionInfo CopyOf(const SessionView& view) {
  SessionInfo copy{.sid = std::string(view.sid),
                   .role = view.role,
                   .name = std::string(view.name),
                   .office_id = std::string(view.office_id),
                   .a2c_version = std::string(view.a2c_version),
                   .generation = view.generation,
                   .websocket = view.websocket,
                   .path = std::string(view.path),
                   .origin = std::string(view.origin),
                   .address = std::string(view.address),
                   .port = view.port,
                   .forwarded_for = std::string(view.forwarded_for),
                   .user_agent = std::string(view.user_agent),
                   .connected_ms = view.connected_ms,
                   .joined_ms = view.joined_ms,
                   .last_activity_ms = view.last_activity_ms,
                   .ping_us = view.ping_us,
                   .events_in = view.events_in,
                   .events_out = view.events_out,
                   .bytes_in = view.bytes_in,
                   .bytes_out = view.bytes_out,
                   .send_queue_bytes = view.send_queue_bytes,
                   .calls_in_flight = view.calls_in_flight};
  if (view.labels != nullptr) copy.labels = *view.labels;
  return copy;
}

struct ControlDoor::SessionScan {
  SessionCursor at{};  // the next place to look at
  size_t max = 0;
  SessionPredicate match{};
  SessionPage page{};
  Reply<SessionPage> reply{};
};

void ControlDoor::PageSessions(std::optional<SessionCursor> after, size_t max,
                               SessionPredicate match, Done<SessionPage> done) {
  auto scan = std::make_unique<SessionScan>();
  if (after) scan->at = {after->shard, after->slot + 1};
  scan->max = std::max<size_t>(max, 1);
  scan->match = std::move(match);
  scan->reply = std::move(done);
  Gather<size_t>([](Router& router) { return router.connections(); },
                 [this, scan = std::move(scan)](std::vector<size_t> counts) mutable {
                   for (const size_t count : counts) scan->page.total += count;
                   ScanSessions(std::move(scan));
                 });
}

void ControlDoor::ScanSessions(std::unique_ptr<SessionScan> scan) {
  const uint16_t shard = scan->at.shard;
  if (shard >= domain_.shard_count()) return scan->reply(std::move(scan->page));
  domain_.Post(shard, [this, shard, scan = std::move(scan)](Router& router) mutable {
    SessionPage& page = scan->page;
    for (uint32_t step = 0; step < kStepSlots; ++step, ++scan->at.slot) {
      if (scan->at.slot >= router.slots()) {
        scan->at = {static_cast<uint16_t>(shard + 1), 0};
        break;
      }
      const Member* member = router.FindSlot(scan->at.slot);
      if (member == nullptr) continue;
      const SessionView view = router.View(*member);
      if (scan->match && !scan->match(view)) continue;
      page.sessions.push_back(CopyOf(view));
      if (page.sessions.size() < scan->max) continue;
      page.next = SessionCursor{shard, scan->at.slot};
      return scan->reply(std::move(page));
    }
    ScanSessions(std::move(scan));
  });
}

void ControlDoor::GetSessions(std::vector<std::string> sids, Done<std::vector<SessionInfo>> done) {
  using Part = std::vector<std::pair<size_t, SessionInfo>>;  // with the place among those asked for
  Reply<std::vector<SessionInfo>> reply(std::move(done));
  auto asked = std::make_shared<std::vector<std::string>>();
  absl::flat_hash_set<std::string> known;
  for (std::string& sid : sids) {
    if (known.insert(sid).second) asked->push_back(std::move(sid));
  }
  Gather<Part>(
      [asked](Router& router) {
        Part part;
        for (size_t i = 0; i < asked->size(); ++i) {
          const Member* member = router.FindSid((*asked)[i]);
          if (member != nullptr) part.emplace_back(i, CopyOf(router.View(*member)));
        }
        return part;
      },
      [asked, reply = std::move(reply)](std::vector<Part> parts) mutable {
        std::vector<SessionInfo*> found(asked->size());
        for (Part& part : parts) {
          for (auto& [i, info] : part) found[i] = &info;
        }
        std::vector<SessionInfo> sessions;
        for (SessionInfo* info : found) {
          if (info != nullptr) sessions.push_back(std::move(*info));
        }
        reply(std::move(sessions));
      });
}

// Members of one office, on the shards that have them.
struct ControlDoor::Search {
  OfficeId office{};
  std::string name{};
  std::vector<MemberRef> refs{};
  std::vector<SessionInfo> found{};
  Reply<std::vector<SessionInfo>> reply{};
};

void ControlDoor::FindMembers(OfficeId office, Role role, std::string name,
                              Done<std::vector<SessionInfo>> done) {
  auto search = std::make_unique<Search>();
  search->office = std::move(office);
  search->name = std::move(name);
  search->reply = std::move(done);
  const OfficeId id = search->office;
  AtHome(id, [this, role, search = std::move(search)](Router& router) mutable {
    search->refs = router.home().FindSeats(search->office, role, search->name);
    std::reverse(search->refs.begin(), search->refs.end());
    SearchNext(std::move(search));
  });
}

void ControlDoor::SearchNext(std::unique_ptr<Search> search) {
  if (search->refs.empty()) return search->reply(std::move(search->found));
  const MemberRef ref = search->refs.back();
  search->refs.pop_back();
  domain_.Post(ref.shard, [this, ref, search = std::move(search)](Router& router) mutable {
    const Member* member = router.Find(ref);
    if (member != nullptr && member->office == search->office &&
        member->name.view() == search->name) {
      search->found.push_back(CopyOf(router.View(*member)));
    }
    SearchNext(std::move(search));
  });
}

void ControlDoor::WithSession(std::string sid,
                              absl::AnyInvocable<void(Router&, const Found&) const> act,
                              absl::AnyInvocable<void(std::optional<Found>) &&> then) {
  using Part = std::optional<Found>;
  auto shared =
      std::make_shared<absl::AnyInvocable<void(Router&, const Found&) const>>(std::move(act));
  Gather<Part>(
      [sid = std::move(sid), shared](Router& router) -> Part {
        const Member* member = router.FindSid(sid);
        if (member == nullptr) return std::nullopt;
        Found found{CopyOf(router.View(*member)), member->ref, member->office};
        if (*shared) (*shared)(router, found);
        return found;
      },
      [then = std::move(then)](std::vector<Part> parts) mutable {
        const auto found = std::find_if(parts.begin(), parts.end(),
                                        [](const Part& part) { return part.has_value(); });
        std::move(then)(found == parts.end() ? std::nullopt : std::move(*found));
      });
}

}  // namespace smcp
