// How messages look in a table: columns, cells, and the one word that names a row.
#pragma once

#include <google/protobuf/duration.pb.h>
#include <google/protobuf/message.h>
#include <google/protobuf/timestamp.pb.h>

#include <algorithm>
#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "clients/smcpctl/table.h"

namespace smcpctl {

// The moment times are relative to, and how absolute ones are written.
struct Clock {
  int64_t now = 0;  // nanoseconds since 1970
  bool utc = false;
  bool absolute = false;  // wide tables show points in time, not ages
};

struct View {
  std::vector<Column> columns{};
  std::function<Cells(const google::protobuf::Message&, const Clock&)> cells{};
  std::function<std::string(const google::protobuf::Message&)> name{};
};

template <class M>
View MakeView(std::vector<Column> columns, Cells (*cells)(const M&, const Clock&),
              std::string (*name)(const M&)) {
  using google::protobuf::Message;
  return {std::move(columns),
          [cells](const Message& m, const Clock& c) { return cells(static_cast<const M&>(m), c); },
          [name](const Message& m) { return name(static_cast<const M&>(m)); }};
}

int64_t Nanoseconds(const google::protobuf::Timestamp& time);
int64_t Nanoseconds(const google::protobuf::Duration& span);

Cell TextCell(const std::string& text, Tone tone = Tone::kPlain);
Cell CountCell(uint64_t count);
Cell SizeCell(uint64_t bytes);
Cell SpanCell(int64_t nanoseconds);  // negative: has not happened
// "3m ago", or the point in time; "-" for 0.
Cell TimeCell(int64_t nanoseconds, const Clock& clock);
// Always a point in time.
Cell MomentCell(int64_t nanoseconds, const Clock& clock);
// "tool-error" of TOOL_ERROR; "-" of .._UNSPECIFIED.
Cell EnumCell(const std::string& name, Tone tone = Tone::kPlain);

template <class M>
Cell SpanCellOf(bool has, const M& span) {
  return SpanCell(has ? Nanoseconds(span) : -1);
}
template <class M>
int64_t TimeOf(bool has, const M& time) {
  return has ? Nanoseconds(time) : 0;
}

// "a=1,b=2" of a map of labels.
template <class Map>
std::string LabelText(const Map& labels) {
  std::vector<std::pair<std::string, std::string>> sorted(labels.begin(), labels.end());
  std::sort(sorted.begin(), sorted.end());
  std::string out;
  for (const auto& [key, value] : sorted) out += (out.empty() ? "" : ",") + key + "=" + value;
  return out;
}

}  // namespace smcpctl
