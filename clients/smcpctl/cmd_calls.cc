#include <cctype>
#include <memory>

#include "clients/smcpctl/cli.h"
#include "clients/smcpctl/filter.h"
#include "clients/smcpctl/find.h"
#include "clients/smcpctl/human.h"
#include "clients/smcpctl/list.h"
#include "clients/smcpctl/text.h"
#include "clients/smcpctl/views.h"
#include "clients/smcpctl/watch.h"
#include "smcp/control/v1/tool_call_service.pb.h"

namespace smcpctl {
namespace {

namespace v1 = smcp::control::v1;
using google::protobuf::Message;
using smcp::type::v1::ToolCall;

struct ListArgs {
  std::string office{};
  std::string agent{};
  std::string computer{};
  std::string tool{};
  std::string state{};
  bool recent = false;
  std::string over{};
  std::string from{};
};

std::string CallFilter(const Invocation& run, const ListArgs& args) {
  std::string state = args.state;
  for (char& c : state) {
    c = c == '-' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  }
  return Filter()
      .Match("office_id", args.office)
      .Match("agent_name", args.agent)
      .Match("computer_name", args.computer)
      .Match("tool_name", args.tool)
      .Equals("state", state)
      .Raw(run.flags().filter)
      .Text();
}

std::string KeyOf(const Message& message) {
  const auto& call = static_cast<const ToolCall&>(message);
  return call.office_id() + "/" + call.agent_name() + "/" + call.req_id();
}

absl::Status WatchThem(Invocation& run, const ListArgs& args) {
  v1::WatchToolCallsRequest request;
  request.set_filter(CallFilter(run, args));
  request.set_resume_token(args.from);
  v1::ToolCallChange change;
  return Watch(run, "ToolCallService/WatchToolCalls", request, &change, CallView(),
               WatchedSet(KeyOf, KeyOf));
}

absl::Status ListThem(Invocation& run, const ListArgs& args) {
  if (run.flags().watch) return WatchThem(run, args);
  v1::ListToolCallsRequest request;
  request.set_filter(CallFilter(run, args));
  // A call in any other state than SENT has finished.
  request.set_include_recent(args.recent || (!args.state.empty() && args.state != "sent"));
  return List<v1::ListToolCallsResponse>(run, "ToolCallService/ListToolCalls", request, CallView(),
                                         [](auto* r) { return r->mutable_calls(); });
}

int64_t TimeTaken(const ToolCall& call, const Clock& clock) {
  const int64_t end = call.has_end_time() ? Nanoseconds(call.end_time()) : clock.now;
  return call.has_start_time() ? end - Nanoseconds(call.start_time()) : 0;
}

absl::Status Slow(Invocation& run, const ListArgs& args) {
  const auto over = SpanFlag("--over", args.over);
  if (!over.ok()) return over.status();
  v1::ListToolCallsRequest request;
  request.set_filter(CallFilter(run, args));
  request.set_include_recent(true);
  v1::ListToolCallsResponse all;
  bool complete = true;
  const auto rows = [](auto* r) { return r->mutable_calls(); };
  absl::Status status =
      ReadPages(run, "ToolCallService/ListToolCalls", request, 0, rows, &all, &complete);
  if (!status.ok()) return status;
  const Clock clock = run.out().Now();
  std::vector<size_t> order;
  for (int i = 0; i < all.calls_size(); ++i) {
    if (TimeTaken(all.calls(i), clock) >= *over) order.push_back(static_cast<size_t>(i));
  }
  const auto taken = [&](size_t i) { return TimeTaken(all.calls(static_cast<int>(i)), clock); };
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t a, size_t b) { return taken(a) > taken(b); });
  const auto limit = static_cast<size_t>(run.flags().limit == 0 ? 20 : run.flags().limit);
  if (!run.flags().all && order.size() > limit) order.resize(limit);
  Reorder(order, all.mutable_calls());
  ShowRows(run, SlowCallView(), all.calls(), all);
  return absl::OkStatus();
}

absl::Status GetOne(Invocation& run, const CallQuery& query) {
  const auto call = FindCall(run, query);
  if (!call.ok()) return call.status();
  run.out().One(*call, CallFields(*call, run.out().Now()), call->req_id());
  return absl::OkStatus();
}

absl::Status Cancel(Invocation& run, const CallQuery& query) {
  const auto call = FindCall(run, query);
  if (!call.ok()) return call.status();
  const std::string what = call->tool_name().empty() ? call->event() : call->tool_name();
  if (auto s = run.Confirm("Cancel call " + ShellWord(Printable(call->req_id())) + " (" +
                           Printable(what) + " on " + Printable(call->computer_name()) + ")?");
      !s.ok()) {
    return s;
  }
  v1::CancelToolCallRequest request;
  request.mutable_key()->set_office_id(call->office_id());
  request.mutable_key()->set_agent_name(call->agent_name());
  request.mutable_key()->set_req_id(call->req_id());
  run.FillChange(&request);
  ToolCall after;
  if (auto s = run.Call("ToolCallService/CancelToolCall", request, &after); !s.ok()) return s;
  run.out().One(after, CallFields(after, run.out().Now()), after.req_id());
  return absl::OkStatus();
}

void AddNarrowing(CLI::App* command, ListArgs* args) {
  command->add_option("--office", args->office, "only of this office; lab* for all that begin so");
  command->add_option("--agent", args->agent, "only of this Agent");
  command->add_option("--computer", args->computer, "only to this Computer");
  command->add_option("--tool", args->tool, "only of this tool; fs_* for all that begin so");
}

void AddState(CLI::App* command, ListArgs* args) {
  command->add_option("--state", args->state, "sent, done, tool-error, timeout, cancelled, ...")
      ->check(CLI::IsMember({"sent", "done", "tool-error", "timeout", "cancelled", "peer-lost",
                             "denied", "undelivered"}));
}

void AddKey(CLI::App* command, CallQuery* query) {
  command->add_option("req-id", query->req_id, "its request id")->required();
  command->add_option("--office", query->office, "the office of its Agent");
  command->add_option("--agent", query->agent, "its Agent's name");
}

void AddListing(Cli* cli, CLI::App* calls) {
  auto list = std::make_shared<ListArgs>();
  auto* ls = cli->Add(calls,
                      {"ls", "List calls in flight, and with --recent those that have ended.",
                       "smcpctl calls ls --office lab\n"
                       "smcpctl calls ls --recent --state timeout\n"
                       "smcpctl calls ls --filter 'age > 10' --sort-by -time",
                       kTakesList | kTakesWatch | kTakesCount},
                      [list](Invocation& run) { return ListThem(run, *list); });
  AddNarrowing(ls, list.get());
  AddState(ls, list.get());
  ls->add_flag("--recent", list->recent, "those that have ended, too");

  auto watch = std::make_shared<ListArgs>();
  auto* command = cli->Add(calls,
                           {"watch", "Show calls as they begin and end.",
                            "smcpctl calls watch --office lab\n"
                            "smcpctl calls watch -o jsonl | jq 'select(.removed)'",
                            kTakesFilter | kTakesCount},
                           [watch](Invocation& run) { return WatchThem(run, *watch); });
  AddNarrowing(command, watch.get());
  command->add_option("--from", watch->from, "go on from this resume token");

  auto slow = std::make_shared<ListArgs>();
  slow->over = "1s";
  auto* slowest =
      cli->Add(calls,
               {"slow", "List the slowest calls, and where their time went.",
                "smcpctl calls slow --over 5s --computer pc-1", kTakesFilter | kTakesLimit},
               [slow](Invocation& run) { return Slow(run, *slow); });
  AddNarrowing(slowest, slow.get());
  slowest->add_option("--over", slow->over, "least time taken; default 1s");
}

}  // namespace

void AddCallCommands(Cli* cli) {
  CLI::App* calls = cli->Group("calls", "Tool calls: list, watch, top, slow, cancel.");
  AddListing(cli, calls);
  AddTopCommands(cli, calls);
  auto get = std::make_shared<CallQuery>();
  AddKey(cli->Add(calls,
                  {"get", "Show one call and its phases.",
                   "smcpctl calls get 7f3a\nsmcpctl calls get 7f3a --office lab --agent bot", 0},
                  [get](Invocation& run) { return GetOne(run, *get); }),
         get.get());
  auto cancel = std::make_shared<CallQuery>();
  cancel->in_flight = true;
  AddKey(cli->Add(
             calls,
             {"cancel", "Tell the Computer to give a call up, as its Agent could.",
              "smcpctl calls cancel 7f3a --office lab --agent bot --yes", kTakesChange | kTakesYes},
             [cancel](Invocation& run) { return Cancel(run, *cancel); }),
         cancel.get());
}

}  // namespace smcpctl
