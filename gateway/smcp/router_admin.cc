// What is asked of the members of one shard from outside: how they are, and calls made, cancelled
// and ended in an administrator's name.
#include <algorithm>
#include <utility>

#include "gateway/codec/json_text.h"
#include "gateway/smcp/office_policy.h"
#include "gateway/smcp/router.h"

namespace smcp {
namespace {

const Attachments kNoAttachments;

// As a client would have written it between the quotes.
std::string Escaped(std::string_view text) {
  const std::string quoted = json::Quoted(text);
  return quoted.substr(1, quoted.size() - 2);
}

std::string PayloadOf(const InvokeRequest& request, const EventRow& row) {
  std::string out = "[";
  json::AppendQuoted(&out, request.event);
  out.append(",{\"agent\":");
  json::AppendQuoted(&out, request.caller);
  out.append(",\"req_id\":");
  json::AppendQuoted(&out, request.req_id);
  out.append(",\"computer\":");
  json::AppendQuoted(&out, request.computer);
  if (row.tool_call) {
    out.append(",\"tool_name\":");
    json::AppendQuoted(&out, request.tool);
    out.append(",\"params\":").append(request.arguments_json);
    out.append(",\"timeout\":").append(std::to_string((request.timeout_ms + 999) / 1000));
  }
  return out.append("}]");
}

bool IsObject(std::string_view text) {
  json::Index index;
  return index.Build(text, 60) == json::Error::kNone && index.root().kind == json::Kind::kObject;
}

}  // namespace

SessionView Router::View(const Member& member) {
  const sio::SocketFacts facts = member.egress->Facts();
  SessionView view{.sid = member.sid,
                   .role = member.role,
                   .name = member.name.view(),
                   .office_id = member.office.value,
                   .a2c_version = member.a2c_version,
                   .generation = member.generation,
                   .websocket = facts.websocket,
                   .path = facts.path,
                   .origin = facts.origin,
                   .address = facts.address,
                   .port = facts.port,
                   .forwarded_for = facts.forwarded_for,
                   .user_agent = facts.user_agent,
                   .connected_ms = clock_.ToUnixMs(facts.connected_ms),
                   .joined_ms = member.joined_ms == 0 ? 0 : clock_.ToUnixMs(member.joined_ms),
                   .last_activity_ms = clock_.ToUnixMs(facts.last_packet_ms),
                   .ping_us = facts.ping_us,
                   .events_in = facts.events_in,
                   .events_out = facts.events_out,
                   .bytes_in = facts.bytes_in,
                   .bytes_out = facts.bytes_out,
                   .send_queue_bytes = facts.queued_bytes,
                   .calls_in_flight = member.calls_in_flight,
                   .labels = host_.LabelsOf(member)};
  if (member.pending != nullptr) {
    view.calls_in_flight += static_cast<uint32_t>(member.pending->size());
  }
  return view;
}

void Router::EndSession(MemberRef ref, bool terminal) {
  if (Member* member = members_.Find(ref)) member->egress->End(terminal);
}

uint32_t Router::CountInvokes(std::string_view office) const {
  uint32_t count = 0;
  for (const auto& [call, state] : invokes_) {
    count += calls_.At(call).Get(CallRecord::kOffice) == office;
  }
  return count;
}

// --- cancelling

bool Router::MarkCancelled(uint32_t first, std::string_view req_id, std::string_view by) {
  bool found = false;
  // A client may have used a req_id twice: a cancel means all of them.
  for (uint32_t slot = first; slot != CallBook::kNone; slot = calls_.At(slot).next) {
    if (!calls_.At(slot).HasReqId(req_id)) continue;
    found = true;
    if (!calls_.At(slot).cancel_requested) calls_.Cancel(slot, by);
  }
  return found;
}

absl::StatusOr<CallInfoRecord> Router::CancelCall(MemberRef agent, const CallKey& key,
                                                  std::string_view by) {
  Member* member = members_.Find(agent);
  const bool there = member != nullptr && member->in_office() &&
                     member->office.value == key.office_id && member->name.view() == key.agent_name;
  if (there && MarkCancelled(member->first_call, key.req_id, by)) {
    Publish(*member, *FindEvent("server:tool_call_cancel", Generation::kG1),
            json::Quoted(key.req_id));
    return calls_.At(calls_.Find(member->first_call, key.req_id)).ToInfo(clock_);
  }
  bool over = false;
  calls_.ForEachRecent([&](const CallRecord& record) {
    over = record.Get(CallRecord::kOffice) == key.office_id &&
           record.Get(CallRecord::kAgent) == key.agent_name && record.HasReqId(key.req_id);
    return !over;
  });
  if (over) return absl::FailedPreconditionError("the call is over");
  return absl::NotFoundError("no such call");
}

absl::StatusOr<CallInfoRecord> Router::CancelInvoked(const CallKey& key, std::string_view by) {
  for (uint32_t slot = first_invoke_; slot != CallBook::kNone; slot = calls_.At(slot).next) {
    const CallRecord& record = calls_.At(slot);
    if (record.Get(CallRecord::kOffice) != key.office_id ||
        record.Get(CallRecord::kAgent) != key.agent_name || !record.HasReqId(key.req_id)) {
      continue;
    }
    if (!record.cancel_requested) calls_.Cancel(slot, by);
    home_.PublishCancel(OfficeId{key.office_id}, key.agent_name, json::Quoted(key.req_id));
    return calls_.At(slot).ToInfo(clock_);
  }
  return absl::NotFoundError("no such call");
}

// --- calls without an Agent

void Router::Invoke(const Home::CallTarget& target, const InvokeRequest& request, Progress progress,
                    Invoked done) {
  const EventRow* row = FindEvent(request.event, target.generation);
  if (row == nullptr || row->kind != EventKind::kCall) {
    return done(absl::InvalidArgumentError("the computer knows no such request"));
  }
  if (row->tool_call && !IsObject(request.arguments_json)) {
    return done(absl::InvalidArgumentError("the arguments are not a JSON object"));
  }
  if (request.timeout_ms <= 0)
    return done(absl::InvalidArgumentError("the timeout is not positive"));
  if (draining_) return done(absl::UnavailableError("the gateway is draining"));
  const CallPolicy* policy = target.policy.get();
  if (policy != nullptr && policy->calls_in_flight_max != 0 &&
      target.calls_in_flight >= policy->calls_in_flight_max) {
    return done(absl::ResourceExhaustedError("too many calls of that office are in flight"));
  }
  const int64_t now_us = clock_.NowUs();
  const std::string payload = PayloadOf(request, *row);
  const std::string req_id = Escaped(request.req_id);
  const std::string tool = Escaped(request.tool);
  CallOrigin origin{MemberRef{0, 0, links_.shard()}, AckDigits("0"), row->tool_call};
  origin.call =
      calls_.Begin({request.office.value, request.caller, req_id, request.computer,
                    row->tool_call ? std::string_view(tool) : std::string_view(), request.event},
                   &first_invoke_);
  CallRecord& record = calls_.At(origin.call);
  record.invoked = true;
  record.computer = target.computer;
  record.started_us = now_us;
  record.request_bytes = payload.size();
  const int64_t slack_ms = row->tool_call ? options_.call_timeout_slack.count() : 0;
  record.deadline_ms = DeadlineOf(
      std::min(request.timeout_ms, options_.call_timeout_max.count()) + slack_ms, policy, now_us);
  const int64_t deadline_ms = record.deadline_ms;
  journal_.WriteCall(Change::Kind::kCallBegan, record);
  invokes_.emplace(origin.call, InvokeState{std::move(progress), std::move(done)});
  ++calls_in_flight_;
  const bool denied = policy != nullptr && row->tool_call &&
                      policy->Denying(request.computer, request.tool) != nullptr;
  if (denied) return EndInvoke(origin, Refusal::kDenied, nullptr);
  Send({target.computer, target.key, request.computer, origin, deadline_ms, payload,
        kNoAttachments});
}

void Router::OnInvokeDelivered(uint32_t call, int64_t delivered_us) {
  const auto it = invokes_.find(call);
  if (it == invokes_.end() || !it->second.progress) return;
  calls_.At(call).delivered_us = delivered_us;
  std::exchange(it->second.progress, nullptr)(calls_.At(call).ToInfo(clock_));
}

void Router::EndInvoke(const CallOrigin& origin, Refusal refusal, const Answer* answer) {
  auto node = invokes_.extract(origin.call);
  if (node.empty()) return;
  EndRecord(origin, &first_invoke_, refusal, answer);
  InvokeAnswer result{.call = calls_.At(origin.call).ToInfo(clock_)};
  if (answer != nullptr) result.result_json.assign(answer->payload);
  CallsEnded(1);
  node.mapped().done(std::move(result));
}

}  // namespace smcp
