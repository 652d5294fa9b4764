#include "clients/smcpctl/human.h"
#include "clients/smcpctl/text.h"
#include "clients/smcpctl/views.h"
#include "smcp/control/v1/config_service.pb.h"
#include "smcp/control/v1/event_service.pb.h"
#include "smcp/control/v1/node_service.pb.h"

namespace smcpctl {
namespace {

using google::protobuf::Message;
using smcp::control::v1::AuditEntry;
using smcp::control::v1::ConfigFinding;
using smcp::control::v1::ConfigGeneration;
using smcp::control::v1::ConfigValue;
using smcp::control::v1::LogLevel;
using smcp::control::v1::Node;

template <class Names>
std::string Joined(const Names& names) {
  return Join({names.begin(), names.end()}, ", ");
}

std::string ShortMethod(const std::string& method) {
  const size_t dot = method.rfind('.');
  return dot == std::string::npos ? method : method.substr(dot + 1);
}

Cells AuditCells(const AuditEntry& e, const Clock& clock) {
  return {CountCell(e.seq()),
          TimeCell(TimeOf(e.has_time(), e.time()), clock),
          TextCell(e.actor()),
          TextCell(ShortMethod(e.method())),
          TextCell(e.target()),
          TextCell(e.outcome(), e.outcome() == "OK" ? Tone::kGood : Tone::kBad),
          TextCell(e.reason()),
          EnumCell(AccessRole_Name(e.role())),
          TextCell(e.actor_address()),
          TextCell(e.request_id()),
          TextCell(e.detail())};
}

Cells ConfigCells(const ConfigValue& v, const Clock&) {
  std::string origin = ConfigOrigin_Name(v.origin());
  if (origin.starts_with("ORIGIN_")) origin = origin.substr(7);
  return {TextCell(v.key()), TextCell(v.value()), EnumCell(origin), TextCell(v.default_value()),
          TextCell(v.reloadable() ? "yes" : "no")};
}

Cells GenerationCells(const ConfigGeneration& g, const Clock& clock) {
  return {CountCell(g.generation()),
          g.active() ? TextCell("active", Tone::kGood) : TextCell(""),
          TimeCell(TimeOf(g.has_time(), g.time()), clock),
          TextCell(g.author()),
          TextCell(Joined(g.changed_keys())),
          TextCell(g.reason())};
}

Cells FindingCells(const ConfigFinding& f, const Clock&) {
  const bool error = f.severity() == ConfigFinding::ERROR;
  return {EnumCell(ConfigFinding::Severity_Name(f.severity()), error ? Tone::kBad : Tone::kWarn),
          f.line() == 0 ? TextCell("") : CountCell(f.line()), TextCell(f.key()),
          TextCell(f.message())};
}

Cells LogLevelCells(const LogLevel& l, const Clock& clock) {
  return {TextCell(l.component().empty() ? "(all)" : l.component()), TextCell(l.level()),
          TimeCell(TimeOf(l.has_expire_time(), l.expire_time()), clock)};
}

Cell DrainCell(const Node& n) {
  const bool serving = n.drain_state() == smcp::control::v1::SERVING;
  return EnumCell(DrainState_Name(n.drain_state()), serving ? Tone::kGood : Tone::kWarn);
}

}  // namespace

View AuditView() {
  const Align left = Align::kLeft;
  const Cut last = Cut::kLast;
  return MakeView<AuditEntry>({{"SEQ", Align::kRight},
                               {"TIME", Align::kRight},
                               {"ACTOR", left, Cut::kEnd},
                               {"METHOD", left, Cut::kMiddle},
                               {"TARGET", left, Cut::kMiddle},
                               {"OUTCOME", left, Cut::kEnd},
                               {"REASON", left, Cut::kEnd},
                               {"ROLE", left, last, true},
                               {"ADDRESS", left, last, true},
                               {"REQUEST-ID", left, last, true},
                               {"DETAIL", left, last, true}},
                              AuditCells,
                              [](const AuditEntry& e) { return std::to_string(e.seq()); });
}

View ConfigView() {
  return MakeView<ConfigValue>({{"KEY"},
                                {"VALUE", Align::kLeft, Cut::kEnd},
                                {"ORIGIN"},
                                {"DEFAULT", Align::kLeft, Cut::kLast, true},
                                {"RELOADABLE", Align::kLeft, Cut::kLast, true}},
                               ConfigCells, [](const ConfigValue& v) { return v.key(); });
}

View GenerationView() {
  const Align left = Align::kLeft;
  return MakeView<ConfigGeneration>(
      {{"GENERATION", Align::kRight},
       {"STATE"},
       {"TIME", Align::kRight},
       {"AUTHOR", left, Cut::kEnd},
       {"CHANGED", left, Cut::kEnd},
       {"REASON", left, Cut::kEnd}},
      GenerationCells, [](const ConfigGeneration& g) { return std::to_string(g.generation()); });
}

View FindingView() {
  return MakeView<ConfigFinding>(
      {{"SEVERITY"}, {"LINE", Align::kRight}, {"KEY"}, {"MESSAGE", Align::kLeft, Cut::kEnd}},
      FindingCells, [](const ConfigFinding& f) { return f.key(); });
}

View LogLevelView() {
  return MakeView<LogLevel>({{"COMPONENT"}, {"LEVEL"}, {"EXPIRES", Align::kRight}}, LogLevelCells,
                            [](const LogLevel& l) { return l.component(); });
}

Fields NodeFields(const Message& message, const Clock& clock) {
  const auto& n = static_cast<const Node&>(message);
  Fields fields{{"Node", TextCell(n.node_id())},
                {"Version", TextCell(n.version() + (n.build().empty() ? "" : " " + n.build()))},
                {"Started", MomentCell(TimeOf(n.has_start_time(), n.start_time()), clock)},
                {"Uptime", SpanCellOf(n.has_uptime(), n.uptime())},
                {"State", DrainCell(n)}};
  if (n.has_drain_deadline()) {
    fields.emplace_back("Drain deadline", MomentCell(Nanoseconds(n.drain_deadline()), clock));
  }
  fields.emplace_back("Sessions", TextCell(std::to_string(n.sessions()) + " (" +
                                           std::to_string(n.members()) + " in offices)"));
  fields.emplace_back("Offices", CountCell(n.offices()));
  fields.emplace_back("Calls in flight", CountCell(n.calls_in_flight()));
  fields.emplace_back("Watchers", CountCell(n.watchers()));
  fields.emplace_back("Shards", CountCell(n.shards()));
  fields.emplace_back("CPU time", SpanCellOf(n.has_cpu_time(), n.cpu_time()));
  fields.emplace_back("Memory", SizeCell(n.rss_bytes()));
  fields.emplace_back(
      "Descriptors", TextCell(std::to_string(n.fds_open()) + " of " + std::to_string(n.fds_max())));
  fields.emplace_back("Configuration",
                      TextCell("generation " + std::to_string(n.config_generation())));
  std::string label = "Log levels";
  for (const LogLevel& l : n.log_levels()) {
    std::string text = (l.component().empty() ? "all" : l.component()) + " " + l.level();
    if (l.has_expire_time()) text += ", ends " + Ago(Nanoseconds(l.expire_time()), clock.now);
    fields.emplace_back(label, TextCell(text));
    label.clear();
  }
  return fields;
}

Fields GenerationFields(const Message& message, const Clock& clock) {
  const auto& g = static_cast<const ConfigGeneration&>(message);
  return {{"Generation", CountCell(g.generation())},
          {"Applied", MomentCell(TimeOf(g.has_time(), g.time()), clock)},
          {"Author", TextCell(g.author())},
          {"Reason", TextCell(g.reason())},
          {"Changed", TextCell(Joined(g.changed_keys()))}};
}

}  // namespace smcpctl
