#include "control/tool_call_service.h"

#include <algorithm>

#include "control/convert.h"
#include "control/order.h"
#include "control/schemas.h"
#include "control/tool_invoke.h"
#include "smcp/control/v1/tool_call_service.pb.h"

namespace smcp::control {
namespace {

using type::v1::ToolCall;
using ListCall = Unary<v1::ListToolCallsRequest, v1::ListToolCallsResponse>;
using GetCall = Unary<v1::GetToolCallRequest, ToolCall>;
using WatchCall = Stream<v1::WatchToolCallsRequest, v1::ToolCallChange>;
using CancelCall = Unary<v1::CancelToolCallRequest, ToolCall>;
using Calls = std::vector<CallInfoRecord>;

constexpr size_t kCallsMax = 100'000;

absl::Status NoCall() { return Refuse(v1::CALL_NOT_FOUND, "no such call is known"); }

// By age, the newest last; two of one millisecond by their names.
Position PlaceOf(const CallInfoRecord& call) { return {{{"", call.started_ms}}, KeyOf(call)}; }
bool Before(const Position& a, const Position& b) {
  return std::tie(a.keys, a.id) < std::tie(b.keys, b.id);
}

void List(const PlanePtr& plane, const ListCall& call) {
  const auto& request = call.request();
  const auto size = PageSizeOf(request.page_size());
  if (!size.ok()) return call.Fail(size.status());
  const auto filter = Filter<CallInfoRecord>::Compile(request.filter(), CallSchema());
  if (!filter.ok()) return call.Fail(filter.status());
  std::string binding =
      BindingOf(call.call(), {request.filter(), request.include_recent() ? "recent" : ""});
  const auto position = OpenPage(*plane, binding, request.page_token());
  if (!position.ok()) return call.Fail(position.status());
  Position after;
  if (!position->empty()) ParsePosition(*position, after);

  plane->inspect.ListCalls(
      true, request.include_recent(), kCallsMax,
      OnExecutor<Calls>(plane, [plane, call, after, size = *size, filter = *filter,
                                binding = std::move(binding)](Calls calls) {
        const int64_t now = plane->executor->UnixMs();
        std::vector<std::pair<Position, const CallInfoRecord*>> rows;
        for (const CallInfoRecord& record : calls) {
          if (!call.caller().MaySee(record.office_id) || !filter.Matches(record, now)) continue;
          Position place = PlaceOf(record);
          if (Before(after, place)) rows.emplace_back(std::move(place), &record);
        }
        std::sort(rows.begin(), rows.end(),
                  [](const auto& a, const auto& b) { return Before(a.first, b.first); });
        v1::ListToolCallsResponse response;
        for (size_t i = 0; i < rows.size() && i < size; ++i) {
          *response.add_calls() = ToolCallOf(*rows[i].second, plane->node_id);
        }
        if (rows.size() > size) {
          response.set_next_page_token(
              plane->tokens.Seal(binding, SerializePosition(rows[size - 1].first)));
        }
        *response.mutable_coverage() = CoverageOf(plane->node_id, now);
        call.Answer(response);
      }));
}

absl::Status CheckKey(const v1::CallKey& key) {
  if (key.office_id().empty()) return RefuseField("key.office_id", "missing");
  if (key.req_id().empty()) return RefuseField("key.req_id", "missing");
  return absl::OkStatus();
}

// The newest call of that key: an Agent may use an id again.
const CallInfoRecord* Find(const Calls& calls, const v1::CallKey& key) {
  const CallInfoRecord* found = nullptr;
  for (const CallInfoRecord& call : calls) {
    if (call.office_id != key.office_id() || call.req_id != key.req_id()) continue;
    if (!key.agent_name().empty() && call.agent_name != key.agent_name()) continue;
    if (found == nullptr || call.started_ms > found->started_ms) found = &call;
  }
  return found;
}

void Get(const PlanePtr& plane, const GetCall& call) {
  const absl::Status key = CheckKey(call.request().key());
  if (!key.ok()) return call.Fail(key);
  plane->inspect.ListCalls(true, true, kCallsMax,
                           OnExecutor<Calls>(plane, [plane, call](const Calls& calls) {
                             const auto* found = Find(calls, call.request().key());
                             if (found == nullptr) return call.Fail(NoCall());
                             call.Answer(ToolCallOf(*found, plane->node_id));
                           }));
}

void Watch(const PlanePtr& plane, const WatchCall& call) {
  const auto& request = call.request();
  const auto filter = Filter<CallInfoRecord>::Compile(request.filter(), CallSchema());
  if (!filter.ok()) return call.Finish(filter.status());
  WatchRequest<CallInfoRecord> watch;
  watch.call = call.shared_call();
  watch.binding = BindingOf(call.call(), {request.filter()});
  watch.resume_token = request.resume_token();
  watch.omit_initial = request.omit_initial();
  watch.match = [filter = *filter, caller = call.caller(),
                 executor = plane->executor](const CallInfoRecord& record) {
    return caller.MaySee(record.office_id) && filter.Matches(record, executor->UnixMs());
  };
  plane->hub->WatchCalls(std::move(watch));
}

void Cancel(const PlanePtr& plane, const CancelCall& call) {
  const v1::CallKey& key = call.request().key();
  const absl::Status checked = CheckKey(key);
  if (!checked.ok()) return call.Fail(checked);
  plane->inspect.ListCalls(
      true, true, kCallsMax, OnExecutor<Calls>(plane, [plane, call](const Calls& calls) {
        const auto* found = Find(calls, call.request().key());
        if (found == nullptr) return call.Fail(NoCall());
        if (found->ended_ms != 0) {
          return call.Fail(Refuse(v1::CALL_ALREADY_FINISHED,
                                  "it has ended as " + std::string(CallStateText(found->state))));
        }
        if (call.validate_only()) return call.Answer(ToolCallOf(*found, plane->node_id));
        plane->admin.CancelCall(
            {found->office_id, found->agent_name, found->req_id}, call.caller().name,
            OnExecutor<absl::StatusOr<CallInfoRecord>>(
                plane, [plane, call](const absl::StatusOr<CallInfoRecord>& cancelled) {
                  if (cancelled.ok()) return call.Answer(ToolCallOf(*cancelled, plane->node_id));
                  call.Fail(WithReason(cancelled.status(), v1::CALL_NOT_FOUND,
                                       v1::CALL_ALREADY_FINISHED));
                }));
      }));
}

}  // namespace

void ToolCallService::AddMethods(MethodTable& table) {
  table.AddUnary<v1::ListToolCallsRequest, v1::ListToolCallsResponse>(
      "smcp.control.v1.ToolCallService.ListToolCalls",
      [plane = plane_](const ListCall& call) { List(plane, call); });
  table.AddUnary<v1::GetToolCallRequest, ToolCall>(
      "smcp.control.v1.ToolCallService.GetToolCall",
      [plane = plane_](const GetCall& call) { Get(plane, call); });
  table.AddStream<v1::WatchToolCallsRequest, v1::ToolCallChange>(
      "smcp.control.v1.ToolCallService.WatchToolCalls",
      [plane = plane_](const WatchCall& call) { Watch(plane, call); });
  table.AddUnary<v1::CancelToolCallRequest, ToolCall>(
      "smcp.control.v1.ToolCallService.CancelToolCall",
      [plane = plane_](const CancelCall& call) { Cancel(plane, call); });
  table.AddStream<v1::InvokeToolRequest, v1::InvokeToolEvent>(
      "smcp.control.v1.ToolCallService.InvokeTool",
      [plane = plane_](const InvokeToolCall& call) { InvokeTool(plane, call); });
  table.AddUnary<v1::ListToolsRequest, v1::ListToolsResponse>(
      "smcp.control.v1.ToolCallService.ListTools",
      [plane = plane_](const ListToolsCall& call) { ListTools(plane, call); });
}

}  // namespace smcp::control
