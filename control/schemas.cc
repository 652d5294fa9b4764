#include "control/schemas.h"

#include "gateway/codec/version.h"

namespace smcp::control {
namespace {

using Type = FieldType;

int64_t MillisOfEntry(const v1::AuditEntry& entry) {
  return entry.time().seconds() * 1000 + entry.time().nanos() / 1'000'000;
}

FieldValue LabelOf(const OfficeInfo& office, std::string_view key) {
  for (const auto& [name, value] : office.settings.labels) {
    if (name == key) return {value, 0, true};
  }
  return {{}, 0, false};
}

int64_t AgeMs(const CallInfoRecord& call, int64_t now_ms) {
  return (call.ended_ms != 0 ? call.ended_ms : now_ms) - call.started_ms;
}

}  // namespace

std::string_view RoleText(Role role) {
  switch (role) {
    case Role::kAgent:
      return "AGENT";
    case Role::kComputer:
      return "COMPUTER";
    case Role::kNone:
      break;
  }
  return "ROLE_UNSPECIFIED";
}

std::string_view AdmissionText(Admission admission) {
  switch (admission) {
    case Admission::kOpen:
      return "OPEN";
    case Admission::kLocked:
      return "LOCKED";
    case Admission::kAgentsOnly:
      return "AGENTS_ONLY";
    case Admission::kComputersOnly:
      return "COMPUTERS_ONLY";
  }
  return "";
}

std::string_view CallStateText(CallState state) {
  switch (state) {
    case CallState::kSent:
      return "SENT";
    case CallState::kDone:
      return "DONE";
    case CallState::kToolError:
      return "TOOL_ERROR";
    case CallState::kTimeout:
      return "TIMEOUT";
    case CallState::kCancelled:
      return "CANCELLED";
    case CallState::kPeerLost:
      return "PEER_LOST";
    case CallState::kDenied:
      return "DENIED";
    case CallState::kUndelivered:
      return "UNDELIVERED";
  }
  return "";
}

SessionView ViewOf(const SessionInfo& i) {
  SessionView v;
  v.sid = i.sid;
  v.role = i.role;
  v.name = i.name;
  v.office_id = i.office_id;
  v.a2c_version = i.a2c_version;
  v.generation = i.generation;
  v.websocket = i.websocket;
  v.path = i.path;
  v.origin = i.origin;
  v.address = i.address;
  v.port = i.port;
  v.forwarded_for = i.forwarded_for;
  v.user_agent = i.user_agent;
  v.connected_ms = i.connected_ms;
  v.joined_ms = i.joined_ms;
  v.last_activity_ms = i.last_activity_ms;
  v.ping_us = i.ping_us;
  v.events_in = i.events_in;
  v.events_out = i.events_out;
  v.bytes_in = i.bytes_in;
  v.bytes_out = i.bytes_out;
  v.send_queue_bytes = i.send_queue_bytes;
  v.calls_in_flight = i.calls_in_flight;
  return v;
}

const Schema<SessionView>& SessionSchema() {
  using S = SessionView;
  static const auto* const kSchema = new Schema<S>{
      {{"sid"}, [](const S& s, int64_t) { return TextValue(s.sid); }},
      {{"name"}, [](const S& s, int64_t) { return TextValue(s.name); }},
      {{"role", Type::kChoice, {"ROLE_UNSPECIFIED", "AGENT", "COMPUTER"}},
       [](const S& s, int64_t) { return TextValue(RoleText(s.role)); }},
      {{"office_id"}, [](const S& s, int64_t) { return TextValue(s.office_id); }},
      {{"state", Type::kChoice, {"CONNECTED", "JOINED"}},
       [](const S& s, int64_t) { return TextValue(s.office_id.empty() ? "CONNECTED" : "JOINED"); }},
      {{"generation"}, [](const S& s, int64_t) { return TextValue(GenerationName(s.generation)); }},
      {{"protocol_version"}, [](const S& s, int64_t) { return TextValue(s.a2c_version); }},
      {{"transport", Type::kChoice, {"websocket", "polling"}},
       [](const S& s, int64_t) { return TextValue(s.websocket ? "websocket" : "polling"); }},
      {{"address"}, [](const S& s, int64_t) { return TextValue(s.address); }},
      {{"user_agent"}, [](const S& s, int64_t) { return TextValue(s.user_agent); }},
      {{"inflight_calls", Type::kNumber},
       [](const S& s, int64_t) { return NumberValue(s.calls_in_flight); }},
      {{"connect_time", Type::kTime},
       [](const S& s, int64_t) { return TimeValue(s.connected_ms); }},
      {{"join_time", Type::kTime}, [](const S& s, int64_t) { return TimeValue(s.joined_ms); }},
      {{"labels", Type::kMap},
       nullptr,
       [](const S&, std::string_view) {
         return FieldValue{{}, 0, false};
       }},
  };
  return *kSchema;
}

const Schema<OfficeInfo>& OfficeSchema() {
  using O = OfficeInfo;
  static const auto* const kSchema = new Schema<O>{
      {{"office_id"}, [](const O& o, int64_t) { return TextValue(o.office_id.value); }},
      {{"has_agent", Type::kBool},
       [](const O& o, int64_t) { return NumberValue(o.agents != 0 ? 1 : 0); }},
      {{"computer_count", Type::kNumber},
       [](const O& o, int64_t) { return NumberValue(o.computers); }},
      {{"agent_count", Type::kNumber}, [](const O& o, int64_t) { return NumberValue(o.agents); }},
      {{"inflight_calls", Type::kNumber},
       [](const O& o, int64_t) { return NumberValue(o.calls_in_flight); }},
      {{"admission", Type::kChoice, {"OPEN", "LOCKED", "AGENTS_ONLY", "COMPUTERS_ONLY"}},
       [](const O& o, int64_t) { return TextValue(AdmissionText(o.settings.admission)); }},
      {{"generation"},
       [](const O& o, int64_t) {
         return TextValue(o.created_ms == 0 ? std::string_view() : GenerationName(o.generation));
       }},
      {{"create_time", Type::kTime}, [](const O& o, int64_t) { return TimeValue(o.created_ms); }},
      {{"labels", Type::kMap}, nullptr, LabelOf},
  };
  return *kSchema;
}

const Schema<CallInfoRecord>& CallSchema() {
  using C = CallInfoRecord;
  static const auto* const kSchema = new Schema<C>{
      {{"office_id"}, [](const C& c, int64_t) { return TextValue(c.office_id); }},
      {{"agent_name"}, [](const C& c, int64_t) { return TextValue(c.agent_name); }},
      {{"computer_name"}, [](const C& c, int64_t) { return TextValue(c.computer_name); }},
      {{"tool_name"}, [](const C& c, int64_t) { return TextValue(c.tool_name); }},
      {{"event"}, [](const C& c, int64_t) { return TextValue(c.event); }},
      {{"state",
        Type::kChoice,
        {"SENT", "DONE", "TOOL_ERROR", "TIMEOUT", "CANCELLED", "PEER_LOST", "DENIED",
         "UNDELIVERED"}},
       [](const C& c, int64_t) { return TextValue(CallStateText(c.state)); }},
      {{"req_id"}, [](const C& c, int64_t) { return TextValue(c.req_id); }},
      {{"age", Type::kDuration},
       [](const C& c, int64_t now_ms) { return NumberValue(AgeMs(c, now_ms)); }},
  };
  return *kSchema;
}

const Schema<v1::AuditEntry>& AuditSchema() {
  using A = v1::AuditEntry;
  static const auto* const kSchema = new Schema<A>{
      {{"actor"}, [](const A& a, int64_t) { return TextValue(a.actor()); }},
      {{"method"}, [](const A& a, int64_t) { return TextValue(a.method()); }},
      {{"outcome"}, [](const A& a, int64_t) { return TextValue(a.outcome()); }},
      {{"target"}, [](const A& a, int64_t) { return TextValue(a.target()); }},
      {{"time", Type::kTime}, [](const A& a, int64_t) { return TimeValue(MillisOfEntry(a)); }},
  };
  return *kSchema;
}

}  // namespace smcp::control
