// Tables and lists of fields for a terminal.
//
// A table that is too wide for the line gives up columns' surplus, the widest first, and never the
// line's limit; "wide" tables are not cut at all. Cells must have passed Printable.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace smcpctl {

enum class Align { kLeft, kRight };
enum class Cut { kEnd, kMiddle, kLast };  // kLast: gives way only when all others have
enum class Tone { kPlain, kGood, kWarn, kBad };

struct Column {
  std::string title{};
  Align align = Align::kLeft;
  Cut cut = Cut::kLast;
  bool wide_only = false;
};

struct Cell {
  std::string text{};
  double number = 0;  // what a column sorts by, if it has numbers
  bool has_number = false;
  Tone tone = Tone::kPlain;
};
using Cells = std::vector<Cell>;  // one per column

struct TableStyle {
  size_t width = 80;  // 0: as wide as it gets
  bool wide = false;  // shows the columns that are wide_only
  bool headers = true;
  bool color = false;
};

std::string RenderTable(const std::vector<Column>& columns, const std::vector<Cells>& rows,
                        const TableStyle& style);

// "Label:  value", values aligned; those too long are cut unless wide. An empty label goes on with
// the value above it.
using Fields = std::vector<std::pair<std::string, Cell>>;
std::string RenderFields(const Fields& fields, const TableStyle& style);

// Stable. `column` is the index of one; numbers sort as numbers.
void SortRows(size_t column, bool descending, const std::vector<Cells>& rows,
              std::vector<size_t>* order);

}  // namespace smcpctl
