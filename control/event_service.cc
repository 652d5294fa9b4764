#include "control/event_service.h"

#include <charconv>
#include <set>

#include "control/schemas.h"

namespace smcp::control {
namespace {

using WatchEventsCall = Stream<v1::WatchEventsRequest, v1::Event>;
using ListAuditCall = Unary<v1::ListAuditEntriesRequest, v1::ListAuditEntriesResponse>;

void WatchEvents(const PlanePtr& plane, const WatchEventsCall& call) {
  std::set<int> kinds(call.request().kinds().begin(), call.request().kinds().end());
  // The binding of an event's token does not hold the kinds: its places are those of the one ring.
  auto match = [kinds = std::move(kinds), office = call.request().office_id(),
                caller = call.caller()](const v1::Event& event) {
    if (event.kind() == v1::Event::LOST) return true;  // whoever watches has to know
    if (!kinds.empty() && !kinds.contains(event.kind())) return false;
    if (!office.empty() && event.office_id() != office) return false;
    return caller.MaySee(event.office_id());
  };
  plane->hub->WatchEvents(call.shared_call(), std::move(match), call.request().resume_token(),
                          call.request().backlog());
}

void ListAudit(const PlanePtr& plane, const ListAuditCall& call) {
  const auto& request = call.request();
  // Entries tell of all offices.
  if (call.caller().limited()) return call.Fail(call.MayTouch(""));
  const auto size = PageSizeOf(request.page_size());
  if (!size.ok()) return call.Fail(size.status());
  const auto filter = Filter<v1::AuditEntry>::Compile(request.filter(), AuditSchema());
  if (!filter.ok()) return call.Fail(filter.status());
  const std::string binding = BindingOf(call.call(), {request.filter()});
  const auto position = OpenPage(*plane, binding, request.page_token());
  if (!position.ok()) return call.Fail(position.status());
  uint64_t before = 0;
  std::from_chars(position->data(), position->data() + position->size(), before);
  const int64_t now = plane->executor->UnixMs();
  const auto entries = plane->audit->Read(
      before, *size + 1, [&](const v1::AuditEntry& e) { return filter->Matches(e, now); });
  v1::ListAuditEntriesResponse response;
  for (size_t i = 0; i < entries.size() && i < *size; ++i) *response.add_entries() = entries[i];
  if (entries.size() > *size) {
    response.set_next_page_token(
        plane->tokens.Seal(binding, std::to_string(entries[*size - 1].seq())));
  }
  call.Answer(response);
}

}  // namespace

void EventService::AddMethods(MethodTable& table) {
  table.AddStream<v1::WatchEventsRequest, v1::Event>(
      "smcp.control.v1.EventService.WatchEvents",
      [plane = plane_](const WatchEventsCall& call) { WatchEvents(plane, call); });
}

void AuditService::AddMethods(MethodTable& table) {
  table.AddUnary<v1::ListAuditEntriesRequest, v1::ListAuditEntriesResponse>(
      "smcp.control.v1.AuditService.ListAuditEntries",
      [plane = plane_](const ListAuditCall& call) { ListAudit(plane, call); });
}

}  // namespace smcp::control
