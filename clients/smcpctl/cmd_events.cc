#include <memory>

#include "clients/smcpctl/cli.h"
#include "clients/smcpctl/filter.h"
#include "clients/smcpctl/human.h"
#include "clients/smcpctl/list.h"
#include "clients/smcpctl/text.h"
#include "clients/smcpctl/views.h"
#include "smcp/control/v1/event_service.pb.h"

namespace smcpctl {
namespace {

namespace v1 = smcp::control::v1;
using smcp::type::v1::ToolCall;

const std::map<std::string, v1::Event::Kind>& Kinds() {
  static const std::map<std::string, v1::Event::Kind> kinds{
      {"connected", v1::Event::CONNECTED},
      {"refused", v1::Event::REFUSED},
      {"joined", v1::Event::JOINED},
      {"left", v1::Event::LEFT},
      {"disconnected", v1::Event::DISCONNECTED},
      {"call-finished", v1::Event::CALL_FINISHED},
      {"config-changed", v1::Event::CONFIG_CHANGED},
      {"node-changed", v1::Event::NODE_CHANGED},
      {"office-changed", v1::Event::OFFICE_CHANGED}};
  return kinds;
}

struct Args {
  std::vector<v1::Event::Kind> kinds{};
  std::string office{};
  std::string from{};
  uint32_t backlog = 0;
};

std::string CallText(const ToolCall& call) {
  const std::string what = call.tool_name().empty() ? call.event() : call.tool_name();
  const int64_t took = Nanoseconds(call.end_time()) - Nanoseconds(call.start_time());
  return what + " on " + call.computer_name() + " " +
         EnumCell(ToolCall::State_Name(call.state())).text + " in " + Span(took) + " " +
         call.req_id();
}

// "09:30:00.250 JOINED  computer 'pc-1' in 'lab' ..."
std::string EventLine(const v1::Event& e, const Output& out) {
  const std::string time = e.has_time() ? Rfc3339(Nanoseconds(e.time()), out.options().utc) : "";
  std::string line = time + "  " + PadRight(v1::Event::Kind_Name(e.kind()), 14);
  const auto add = [&line](const std::string& text) {
    if (!text.empty()) line += " " + text;
  };
  if (e.role() != smcp::type::v1::ROLE_UNSPECIFIED) add(EnumCell(Role_Name(e.role())).text);
  if (!e.name().empty()) add("'" + e.name() + "'");
  if (!e.office_id().empty()) add("office '" + e.office_id() + "'");
  add(e.sid());
  add(e.address());
  if (!e.cause().empty()) add("(" + e.cause() + ")");
  if (e.has_call()) add(CallText(e.call()));
  add(e.detail());
  if (e.kind() == v1::Event::LOST) add(std::to_string(e.lost()) + " events are missing here");
  line = Printable(line);
  return (out.format() == Format::kWide ? line : CutEnd(line, out.options().width)) + "\n";
}

absl::Status Tail(Invocation& run, const Args& args) {
  v1::WatchEventsRequest request;
  for (const auto kind : args.kinds) request.add_kinds(kind);
  request.set_office_id(args.office);
  request.set_resume_token(args.from);
  request.set_backlog(args.backlog);
  v1::Event event;
  int64_t count = 0;
  uint64_t lost = 0;
  std::string token = args.from;
  const bool lines = run.out().options().tty && run.out().IsTable();
  const auto each = [&] {
    if (!event.resume_token().empty()) token = event.resume_token();
    lost += event.lost();
    const bool quiet = event.kind() == v1::Event::BOOKMARK;
    if (!lines) {
      run.out().Piece(event);
    } else if (!quiet) {
      run.out().Print(EventLine(event, run.out()));
    }
    count += quiet ? 0 : 1;
    return run.flags().limit == 0 || count < run.flags().limit;
  };
  const absl::Status s = run.Stream("EventService/WatchEvents", request, &event, each, {});
  if (!s.ok() && !token.empty()) run.out().Note("--from " + token + " goes on from here");
  if (s.ok() && lost > 0) {
    return Fail(Exit::kPartial,
                std::to_string(lost) + " events were lost: read faster, or use --kind");
  }
  return s;
}

absl::Status ListAudit(Invocation& run, const std::string& actor, const std::string& method) {
  v1::ListAuditEntriesRequest request;
  request.set_filter(
      Filter().Match("actor", actor).Match("method", method).Raw(run.flags().filter).Text());
  return List<v1::ListAuditEntriesResponse>(run, "AuditService/ListAuditEntries", request,
                                            AuditView(),
                                            [](auto* r) { return r->mutable_entries(); });
}

}  // namespace

void AddEventCommands(Cli* cli) {
  CLI::App* events = cli->Group("events", "What happens on the node.");
  auto args = std::make_shared<Args>();
  auto* tail = cli->Add(events,
                        {"tail", "Show events as they happen: lines on a terminal, else jsonl.",
                         "smcpctl events tail --office lab --kind joined --kind left\n"
                         "smcpctl events tail --backlog 50 --limit 50 -o jsonl",
                         kTakesCount},
                        [args](Invocation& run) { return Tail(run, *args); });
  std::vector<std::string> names;
  for (const auto& [name, kind] : Kinds()) names.push_back(name);
  tail->add_option_function<std::string>(
          "--kind", [args](const std::string& name) { args->kinds.push_back(Kinds().at(name)); },
          "only these: " + Join(names, ", "))
      ->check(CLI::IsMember(names))
      ->trigger_on_parse();
  tail->add_option("--office", args->office, "only of this office");
  tail->add_option("--from", args->from, "go on from this resume token");
  tail->add_option("--backlog", args->backlog, "so many past events first");

  CLI::App* audit = cli->Group("audit", "Who changed what.");
  struct AuditArgs {
    std::string actor{};
    std::string method{};
  };
  auto who = std::make_shared<AuditArgs>();
  auto* ls = cli->Add(audit,
                      {"ls", "List changes, newest first.",
                       "smcpctl audit ls --limit 20 -o wide\n"
                       "smcpctl audit ls --actor alice --filter 'outcome != \"OK\"'",
                       kTakesList},
                      [who](Invocation& run) { return ListAudit(run, who->actor, who->method); });
  ls->add_option("--actor", who->actor, "only by this credential");
  ls->add_option("--method", who->method, "only of this method");
}

}  // namespace smcpctl
