#include "clients/smcpctl/human.h"
#include "clients/smcpctl/views.h"
#include "smcp/type/v1/types.pb.h"

namespace smcpctl {
namespace {

using google::protobuf::Message;
using smcp::type::v1::Admission;
using smcp::type::v1::Office;
using smcp::type::v1::Session;
using smcp::type::v1::ToolRule;

Cell PingCell(const Session& s) { return SpanCellOf(s.has_ping_latency(), s.ping_latency()); }

Cells SessionCells(const Session& s, const Clock& clock) {
  const auto& counters = s.counters();
  return {TextCell(s.sid()),
          TextCell(s.name()),
          EnumCell(Role_Name(s.role())),
          TextCell(s.office_id()),
          TextCell(s.generation()),
          CountCell(s.inflight_calls()),
          TimeCell(TimeOf(s.has_connect_time(), s.connect_time()), clock),
          TimeCell(TimeOf(s.has_join_time(), s.join_time()), clock),
          TimeCell(TimeOf(s.has_last_activity_time(), s.last_activity_time()), clock),
          TextCell(s.peer().address() + ":" + std::to_string(s.peer().port())),
          TextCell(s.transport().kind()),
          PingCell(s),
          CountCell(counters.events_in()),
          CountCell(counters.events_out()),
          SizeCell(counters.bytes_in()),
          SizeCell(counters.bytes_out()),
          SizeCell(counters.send_queue_bytes()),
          TextCell(s.protocol_version()),
          TextCell(s.peer().user_agent()),
          TextCell(LabelText(s.labels()))};
}

Cell AdmissionCell(Admission admission) {
  const bool open =
      admission == smcp::type::v1::OPEN || admission == smcp::type::v1::ADMISSION_UNSPECIFIED;
  return open ? TextCell("open") : EnumCell(Admission_Name(admission), Tone::kWarn);
}

Cell LimitCell(uint32_t limit) { return limit == 0 ? TextCell("") : CountCell(limit); }

Cells OfficeCells(const Office& o, const Clock& clock) {
  return {TextCell(o.office_id()),
          TextCell(o.agent().name()),
          CountCell(o.computer_count()),
          CountCell(o.inflight_calls()),
          AdmissionCell(o.admission()),
          TextCell(o.generation()),
          TimeCell(TimeOf(o.has_create_time(), o.create_time()), clock),
          CountCell(o.agent_count()),
          CountCell(static_cast<uint64_t>(o.policy().tool_rules_size())),
          SpanCellOf(o.policy().has_max_call_timeout(), o.policy().max_call_timeout()),
          LimitCell(o.policy().max_computers()),
          LimitCell(o.policy().max_inflight_calls()),
          TextCell(LabelText(o.labels()))};
}

std::string RuleText(const ToolRule& rule) {
  const bool allow = rule.effect() == ToolRule::ALLOW;
  std::string text = allow ? "allow " : "deny ";
  text += (rule.computer().empty() ? "*" : rule.computer()) + ":";
  text += rule.tool().empty() ? "*" : rule.tool();
  return rule.id().empty() || rule.id() == text ? text : text + "  (" + rule.id() + ")";
}

}  // namespace

View SessionView() {
  const Align right = Align::kRight;
  const Cut last = Cut::kLast;
  return MakeView<Session>({{"SID"},
                            {"NAME", Align::kLeft, Cut::kMiddle},
                            {"ROLE"},
                            {"OFFICE", Align::kLeft, Cut::kMiddle},
                            {"GEN"},
                            {"CALLS", right},
                            {"CONNECTED", right},
                            {"JOINED", right, last, true},
                            {"ACTIVE", right, last, true},
                            {"ADDRESS", Align::kLeft, last, true},
                            {"TRANSPORT", Align::kLeft, last, true},
                            {"PING", right, last, true},
                            {"EVENTS-IN", right, last, true},
                            {"EVENTS-OUT", right, last, true},
                            {"IN", right, last, true},
                            {"OUT", right, last, true},
                            {"QUEUE", right, last, true},
                            {"VERSION", Align::kLeft, last, true},
                            {"USER-AGENT", Align::kLeft, last, true},
                            {"LABELS", Align::kLeft, last, true}},
                           SessionCells, [](const Session& s) { return s.sid(); });
}

View OfficeView() {
  const Align right = Align::kRight;
  const Cut last = Cut::kLast;
  return MakeView<Office>({{"OFFICE", Align::kLeft, Cut::kMiddle},
                           {"AGENT", Align::kLeft, Cut::kMiddle},
                           {"COMPUTERS", right},
                           {"CALLS", right},
                           {"ADMISSION"},
                           {"GEN"},
                           {"CREATED", right},
                           {"AGENTS", right, last, true},
                           {"RULES", right, last, true},
                           {"MAX-TIMEOUT", right, last, true},
                           {"MAX-COMPUTERS", right, last, true},
                           {"MAX-CALLS", right, last, true},
                           {"LABELS", Align::kLeft, last, true}},
                          OfficeCells, [](const Office& o) { return o.office_id(); });
}

Fields SessionFields(const Message& message, const Clock& clock) {
  const auto& s = static_cast<const Session&>(message);
  const auto& c = s.counters();
  Fields fields{
      {"Sid", TextCell(s.sid())},
      {"Name", TextCell(s.name())},
      {"Role", EnumCell(Role_Name(s.role()))},
      {"Office", TextCell(s.office_id())},
      {"State", EnumCell(SessionState_Name(s.state()))},
      {"Node", TextCell(s.node_id())},
      {"Protocol", TextCell(s.generation() + (s.protocol_version().empty()
                                                  ? " (declares no version)"
                                                  : " (declares " + s.protocol_version() + ")"))},
      {"Transport", TextCell(s.transport().kind() + " on " + s.transport().path())},
      {"Address", TextCell(s.peer().address() + ":" + std::to_string(s.peer().port()))}};
  const auto add = [&fields](const char* label, const std::string& text) {
    if (!text.empty()) fields.emplace_back(label, TextCell(text));
  };
  add("Forwarded for", s.peer().forwarded_for());
  add("Origin", s.transport().origin());
  add("User agent", s.peer().user_agent());
  const auto time = [&](const char* label, bool has, const google::protobuf::Timestamp& at) {
    if (!has) return;
    const int64_t then = Nanoseconds(at);
    fields.emplace_back(label,
                        TextCell(Rfc3339(then, clock.utc) + " (" + Ago(then, clock.now) + ")"));
  };
  time("Connected", s.has_connect_time(), s.connect_time());
  time("Joined", s.has_join_time(), s.join_time());
  time("Active", s.has_last_activity_time(), s.last_activity_time());
  fields.emplace_back("Ping", PingCell(s));
  fields.emplace_back("Calls in flight", CountCell(s.inflight_calls()));
  fields.emplace_back("Received",
                      TextCell(std::to_string(c.events_in()) + " events, " + Bytes(c.bytes_in())));
  fields.emplace_back(
      "Sent", TextCell(std::to_string(c.events_out()) + " events, " + Bytes(c.bytes_out())));
  fields.emplace_back("Send queue", SizeCell(c.send_queue_bytes()));
  add("Labels", LabelText(s.labels()));
  return fields;
}

Fields OfficeFields(const Message& message, const Clock& clock) {
  const auto& o = static_cast<const Office&>(message);
  const auto& policy = o.policy();
  Fields fields{{"Office", TextCell(o.office_id())},
                {"Admission", AdmissionCell(o.admission())},
                {"Generation", TextCell(o.generation())}};
  if (o.has_create_time()) {
    const int64_t then = Nanoseconds(o.create_time());
    fields.emplace_back("Created",
                        TextCell(Rfc3339(then, clock.utc) + " (" + Ago(then, clock.now) + ")"));
  } else {
    fields.emplace_back("Created", TextCell("nobody is in it; its settings are kept"));
  }
  fields.emplace_back("Agents", CountCell(o.agent_count()));
  fields.emplace_back("Computers", CountCell(o.computer_count()));
  fields.emplace_back("Calls in flight", CountCell(o.inflight_calls()));
  fields.emplace_back("Max call timeout",
                      SpanCellOf(policy.has_max_call_timeout(), policy.max_call_timeout()));
  fields.emplace_back("Max Computers", LimitCell(policy.max_computers()));
  fields.emplace_back("Max calls", LimitCell(policy.max_inflight_calls()));
  std::string label = "Tool rules";
  for (const ToolRule& rule : policy.tool_rules()) {
    fields.emplace_back(label, TextCell(RuleText(rule)));
    label.clear();
  }
  if (policy.tool_rules().empty()) fields.emplace_back(label, TextCell(""));
  fields.emplace_back("Labels", TextCell(LabelText(o.labels())));
  fields.emplace_back("Etag", TextCell(o.etag()));
  return fields;
}

}  // namespace smcpctl
