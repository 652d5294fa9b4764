#include "control/convert.h"

#include <charconv>

#include "control/convert_time.h"
#include "control/errors.h"
#include "gateway/base/strings.h"
#include "gateway/codec/utf8.h"

namespace smcp::control {
namespace {

type::v1::Admission AdmissionOf(Admission admission) {
  switch (admission) {
    case Admission::kOpen:
      return type::v1::OPEN;
    case Admission::kLocked:
      return type::v1::LOCKED;
    case Admission::kAgentsOnly:
      return type::v1::AGENTS_ONLY;
    case Admission::kComputersOnly:
      return type::v1::COMPUTERS_ONLY;
  }
  return type::v1::ADMISSION_UNSPECIFIED;
}

type::v1::ToolCall::State StateOf(CallState state) {
  using Call = type::v1::ToolCall;
  switch (state) {
    case CallState::kSent:
      return Call::SENT;
    case CallState::kDone:
      return Call::DONE;
    case CallState::kToolError:
      return Call::TOOL_ERROR;
    case CallState::kTimeout:
      return Call::TIMEOUT;
    case CallState::kCancelled:
      return Call::CANCELLED;
    case CallState::kPeerLost:
      return Call::PEER_LOST;
    case CallState::kDenied:
      return Call::DENIED;
    case CallState::kUndelivered:
      return Call::UNDELIVERED;
  }
  return Call::STATE_UNSPECIFIED;
}

void SetPolicy(const OfficeSettings& settings, type::v1::OfficePolicy& policy) {
  if (settings.call_timeout_max_ms != 0) {
    *policy.mutable_max_call_timeout() = DurationOfMillis(settings.call_timeout_max_ms);
  }
  policy.set_max_computers(settings.computers_max);
  policy.set_max_inflight_calls(settings.calls_in_flight_max);
  for (const ToolRule& rule : settings.tool_rules) {
    auto* out = policy.add_tool_rules();
    out->set_computer(rule.computer);
    out->set_tool(rule.tool);
    out->set_id(rule.id);
    out->set_effect(rule.allow ? type::v1::ToolRule::ALLOW : type::v1::ToolRule::DENY);
  }
}

// Header values are bytes of the client's choosing; a protobuf text must be UTF-8, or clients
// refuse the whole message with everybody else's rows in it.
std::string Text(const std::string& bytes) {
  if (IsUtf8(bytes)) return bytes;
  std::string text = bytes;
  for (char& c : text) {
    if (static_cast<unsigned char>(c) >= 0x80) c = '?';
  }
  return text;
}

type::v1::Session SessionOf(const OfficeMember& member, const OfficeInfo& office,
                            const std::string& node_id) {
  type::v1::Session session;
  session.set_sid(member.sid);
  session.set_name(member.name);
  session.set_role(RoleOf(member.role));
  session.set_office_id(office.office_id.value);
  session.set_node_id(node_id);
  session.set_state(type::v1::JOINED);
  return session;
}

}  // namespace

type::v1::Role RoleOf(Role role) {
  switch (role) {
    case Role::kAgent:
      return type::v1::AGENT;
    case Role::kComputer:
      return type::v1::COMPUTER;
    case Role::kNone:
      break;
  }
  return type::v1::ROLE_UNSPECIFIED;
}

Role RoleOf(type::v1::Role role) {
  if (role == type::v1::AGENT) return Role::kAgent;
  if (role == type::v1::COMPUTER) return Role::kComputer;
  return Role::kNone;
}

type::v1::Session SessionOf(const SessionInfo& info, const std::string& node_id) {
  type::v1::Session out;
  out.set_sid(info.sid);
  out.set_name(info.name);
  out.set_role(RoleOf(info.role));
  out.set_office_id(info.office_id);
  out.set_node_id(node_id);
  out.set_state(info.office_id.empty() ? type::v1::CONNECTED : type::v1::JOINED);
  auto* peer = out.mutable_peer();
  peer->set_address(info.address);
  peer->set_port(info.port);
  peer->set_forwarded_for(Text(info.forwarded_for));
  peer->set_user_agent(Text(info.user_agent));
  auto* transport = out.mutable_transport();
  transport->set_kind(info.websocket ? "websocket" : "polling");
  transport->set_eio(4);
  transport->set_path(Text(info.path));
  transport->set_origin(Text(info.origin));
  *out.mutable_connect_time() = TimestampOf(info.connected_ms);
  if (info.joined_ms != 0) *out.mutable_join_time() = TimestampOf(info.joined_ms);
  if (info.last_activity_ms != 0) {
    *out.mutable_last_activity_time() = TimestampOf(info.last_activity_ms);
  }
  if (info.ping_us >= 0) *out.mutable_ping_latency() = DurationOfMicros(info.ping_us);
  auto* counters = out.mutable_counters();
  counters->set_events_in(info.events_in);
  counters->set_events_out(info.events_out);
  counters->set_bytes_in(info.bytes_in);
  counters->set_bytes_out(info.bytes_out);
  counters->set_send_queue_bytes(info.send_queue_bytes);
  out.set_inflight_calls(info.calls_in_flight);
  out.set_protocol_version(info.a2c_version);
  out.set_generation(std::string(GenerationName(info.generation)));
  return out;
}

type::v1::Office OfficeOf(const OfficeInfo& info, bool full, const std::string& node_id) {
  type::v1::Office out;
  out.set_office_id(info.office_id.value);
  out.set_agent_count(info.agents);
  out.set_computer_count(info.computers);
  out.set_inflight_calls(info.calls_in_flight);
  if (info.created_ms != 0) {
    *out.mutable_create_time() = TimestampOf(info.created_ms);
    out.set_generation(std::string(GenerationName(info.generation)));
  }
  for (const OfficeMember& member : info.members) {
    if (member.role == Role::kAgent && !out.has_agent()) {
      *out.mutable_agent() = SessionOf(member, info, node_id);
    }
    if (full) *out.add_members() = SessionOf(member, info, node_id);
  }
  out.set_admission(AdmissionOf(info.settings.admission));
  SetPolicy(info.settings, *out.mutable_policy());
  for (const auto& [key, value] : info.settings.labels) (*out.mutable_labels())[key] = value;
  out.set_etag(EtagOf(info.settings));
  return out;
}

type::v1::ToolCall ToolCallOf(const CallInfoRecord& call, const std::string& node_id) {
  type::v1::ToolCall out;
  out.set_office_id(call.office_id);
  out.set_agent_name(call.agent_name);
  out.set_req_id(call.req_id);
  out.set_computer_name(call.computer_name);
  out.set_tool_name(call.tool_name);
  out.set_event(call.event);
  out.set_state(StateOf(call.state));
  *out.mutable_start_time() = TimestampOf(call.started_ms);
  if (call.deadline_ms != 0) *out.mutable_deadline() = TimestampOf(call.deadline_ms);
  if (call.ended_ms != 0) *out.mutable_end_time() = TimestampOf(call.ended_ms);
  auto* phases = out.mutable_phases();
  if (call.to_computer_us >= 0) {
    *phases->mutable_to_computer() = DurationOfMicros(call.to_computer_us);
  }
  if (call.computer_us >= 0) *phases->mutable_computer() = DurationOfMicros(call.computer_us);
  if (call.to_agent_us >= 0) *phases->mutable_to_agent() = DurationOfMicros(call.to_agent_us);
  out.set_request_bytes(call.request_bytes);
  out.set_response_bytes(call.response_bytes);
  out.set_node_id(node_id);
  out.set_cancel_requested(call.cancel_requested);
  out.set_cancelled_by(call.cancelled_by);
  return out;
}

type::v1::Coverage CoverageOf(const std::string& node_id, int64_t unix_ms) {
  type::v1::Coverage coverage;
  coverage.set_complete(true);
  coverage.add_nodes_ok(node_id);
  *coverage.mutable_as_of() = TimestampOf(unix_ms);
  return coverage;
}

std::string EtagOf(const OfficeSettings& settings) {
  return "r" + std::to_string(settings.revision);
}

absl::StatusOr<uint64_t> RevisionOf(std::string_view etag) {
  uint64_t revision = 0;
  if (etag.starts_with('r')) {
    const char* const end = etag.data() + etag.size();
    const auto [stop, error] = std::from_chars(etag.data() + 1, end, revision);
    if (error == std::errc() && stop == end) return revision;
  }
  return RefuseField("etag", "not one of an office");
}

}  // namespace smcp::control
