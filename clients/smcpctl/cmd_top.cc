#include <algorithm>
#include <map>
#include <memory>

#include "clients/smcpctl/cli.h"
#include "clients/smcpctl/filter.h"
#include "clients/smcpctl/list.h"
#include "smcp/control/v1/tool_call_service.pb.h"

namespace smcpctl {
namespace {

namespace v1 = smcp::control::v1;
using smcp::type::v1::ToolCall;

struct Args {
  std::string by{"tool"};
  std::string office{};
};

struct Sum {
  uint64_t in_flight = 0;
  uint64_t ended = 0;
  uint64_t failed = 0;
  std::vector<int64_t> times{};
};

std::string GroupOf(const ToolCall& call, const std::string& by) {
  if (by == "computer") return call.computer_name();
  if (by == "agent") return call.agent_name();
  if (by == "office") return call.office_id();
  return call.tool_name().empty() ? call.event() : call.tool_name();
}

void Add(const ToolCall& call, Sum* sum) {
  if (call.state() == ToolCall::SENT) {
    ++sum->in_flight;
    return;
  }
  ++sum->ended;
  if (call.state() != ToolCall::DONE && call.state() != ToolCall::CANCELLED) ++sum->failed;
  sum->times.push_back(Nanoseconds(call.end_time()) - Nanoseconds(call.start_time()));
}

Cell Percentile(const std::vector<int64_t>& sorted, size_t percent) {
  if (sorted.empty()) return SpanCell(-1);
  return SpanCell(std::max<int64_t>(sorted[(sorted.size() - 1) * percent / 100], 0));
}

absl::Status Top(Invocation& run, const Args& args) {
  v1::ListToolCallsRequest request;
  request.set_include_recent(true);
  request.set_filter(Filter().Match("office_id", args.office).Raw(run.flags().filter).Text());
  v1::ListToolCallsResponse all;
  bool complete = true;
  const auto rows = [](auto* r) { return r->mutable_calls(); };
  if (auto s = ReadPages(run, "ToolCallService/ListToolCalls", request, 0, rows, &all, &complete);
      !s.ok()) {
    return s;
  }
  std::map<std::string, Sum> sums;
  for (const ToolCall& call : all.calls()) Add(call, &sums[GroupOf(call, args.by)]);
  std::string title = args.by;
  for (char& c : title) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  const Align right = Align::kRight;
  const std::vector<Column> columns{{title, Align::kLeft, Cut::kMiddle},
                                    {"IN-FLIGHT", right},
                                    {"ENDED", right},
                                    {"FAILED", right},
                                    {"MEDIAN", right},
                                    {"P95", right},
                                    {"SLOWEST", right}};
  std::vector<Cells> cells;
  for (auto& [name, sum] : sums) {
    std::sort(sum.times.begin(), sum.times.end());
    Cell failed = CountCell(sum.failed);
    if (sum.failed > 0) failed.tone = Tone::kBad;
    cells.push_back({TextCell(name), CountCell(sum.in_flight), CountCell(sum.ended), failed,
                     Percentile(sum.times, 50), Percentile(sum.times, 95),
                     Percentile(sum.times, 100)});
  }
  SortOrder sort{1, true};
  if (!run.flags().sort_by.empty()) {
    const auto asked = ParseSort(run.flags().sort_by, columns);
    if (!asked.ok()) return asked.status();
    sort = *asked;
  }
  std::vector<size_t> order(cells.size());
  for (size_t i = 0; i < order.size(); ++i) order[i] = i;
  SortRows(2, true, cells, &order);
  SortRows(sort.column, sort.descending, cells, &order);
  const auto limit = static_cast<size_t>(run.flags().limit == 0 ? 20 : run.flags().limit);
  if (!run.flags().all && order.size() > limit) order.resize(limit);
  std::vector<Cells> shown;
  for (const size_t i : order) shown.push_back(std::move(cells[i]));
  run.out().Local(columns, shown, 0);
  return absl::OkStatus();
}

}  // namespace

void AddTopCommands(Cli* cli, CLI::App* calls) {
  auto args = std::make_shared<Args>();
  auto* top =
      cli->Add(calls,
               {"top", "Sum up calls in flight and recent ones, busiest first.",
                "smcpctl calls top\nsmcpctl calls top --by computer --sort-by -failed", kTakesList},
               [args](Invocation& run) { return Top(run, *args); });
  top->add_option("--by", args->by, "tool (default), computer, agent or office")
      ->check(CLI::IsMember({"tool", "computer", "agent", "office"}));
  top->add_option("--office", args->office, "only of this office; lab* for all that begin so");
}

}  // namespace smcpctl
