#include "clients/smcpctl/watch.h"

#include <google/protobuf/descriptor.h>

#include <chrono>
#include <utility>
#include <vector>

#include "clients/smcpctl/failure.h"
#include "clients/smcpctl/table.h"
#include "clients/smcpctl/text.h"

namespace smcpctl {
namespace {

using google::protobuf::Message;
using std::chrono::steady_clock;

constexpr auto kRedraw = std::chrono::milliseconds(250);
constexpr auto kRefresh = std::chrono::seconds(1);  // ages go on without changes
constexpr const char* kHomeAndClear = "\033[H\033[J";

std::string Screen(const Invocation& run, const View& view, const WatchedSet& set) {
  const Output& out = run.out();
  const Clock clock = out.Now();
  std::vector<Cells> cells;
  const size_t room = out.options().height - 3;
  for (const auto& [key, row] : set.rows()) {
    if (cells.size() == room) break;
    cells.push_back(view.cells(*row, clock));
  }
  std::string text = kHomeAndClear + run.address() + ", " + std::to_string(set.rows().size()) +
                     " rows, Ctrl-C ends\n" + RenderTable(view.columns, cells, out.Style());
  if (set.rows().size() > cells.size()) {
    text += "and " + std::to_string(set.rows().size() - cells.size()) + " more\n";
  }
  return text;
}

}  // namespace

bool WatchedSet::Apply(const Message& change) {
  const auto* access = change.GetReflection();
  const auto* oneof = change.GetDescriptor()->FindOneofByName("change");
  const auto* field = access->GetOneofFieldDescriptor(change, oneof);
  if (field == nullptr) return false;
  const Message& value = access->GetMessage(change, field);
  if (field->name() == "reset") {
    rows_.clear();
  } else if (field->name() == "bookmark") {
    const auto* token = value.GetDescriptor()->FindFieldByName("resume_token");
    resume_token_ = value.GetReflection()->GetString(value, token);
  } else if (field->name() == "removed") {
    last_key_ = key_of_removed_(value);
    rows_.erase(last_key_);
    return true;
  } else {
    last_key_ = key_(value);
    auto& row = rows_[last_key_];
    if (row == nullptr) row.reset(value.New());
    row->CopyFrom(value);
    return true;
  }
  return false;
}

absl::Status Watch(Invocation& run, const std::string& method, const Message& request,
                   Message* change, const View& view, WatchedSet set) {
  const bool draws = run.out().options().tty && run.out().IsTable();
  int64_t changes = 0;
  bool dirty = false;
  auto drawn = steady_clock::time_point{};
  const auto draw = [&](steady_clock::duration least) {
    const auto now = steady_clock::now();
    if (now - drawn < least) return;
    run.out().Print(Screen(run, view, set));
    drawn = now;
    dirty = false;
  };
  const auto each = [&] {
    const bool counts = set.Apply(*change);
    changes += counts ? 1 : 0;
    dirty = true;
    if (draws) {
      draw(kRedraw);
    } else if (run.out().format() != Format::kName) {
      run.out().Piece(*change);
    } else if (counts) {
      run.out().Print(Printable(set.last_key()) + "\n");
    }
    return run.flags().limit == 0 || changes < run.flags().limit;
  };
  const auto idle = [&] {
    if (draws) draw(dirty ? kRedraw : kRefresh);
  };
  absl::Status status = run.Stream(method, request, change, each, idle);
  if (draws && dirty) draw({});
  if (status.ok() && (run.flags().limit == 0 || changes < run.flags().limit)) {
    return Fail(Exit::kCannotConnect, "the gateway ended the watch");
  }
  if (!status.ok() && !set.resume_token().empty()) {
    run.out().Note("--from " + set.resume_token() + " goes on from here");
  }
  return status;
}

}  // namespace smcpctl
