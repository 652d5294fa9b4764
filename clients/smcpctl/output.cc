#include "clients/smcpctl/output.h"

#include <cctype>
#include <chrono>
#include <cstdio>

#include "clients/smcpctl/text.h"

namespace smcpctl {
namespace {

std::string LocalJson(const std::vector<Column>& columns, const Cells& row) {
  std::string out = "{";
  for (size_t i = 0; i < columns.size(); ++i) {
    if (i > 0) out += ",";
    out += "\"" + JsonKey(columns[i].title) + "\":";
    char number[40];
    std::snprintf(number, sizeof number, "%.15g", row[i].number);
    out += row[i].has_number ? number : JsonString(row[i].text == "-" ? "" : row[i].text);
  }
  return out + "}";
}

}  // namespace

std::string JsonKey(std::string_view title) {
  std::string out;
  bool upper = false;
  for (const char c : title) {
    if (std::isalnum(static_cast<unsigned char>(c)) == 0) {
      upper = !out.empty();
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    out += static_cast<char>(upper ? std::toupper(byte) : std::tolower(byte));
    upper = false;
  }
  return out;
}

TableStyle Output::Style() const {
  const bool wide = format() == Format::kWide;
  return {wide ? 0 : options_.width, wide, options_.headers, options_.color};
}

Clock Output::Now() const {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return {std::chrono::duration_cast<std::chrono::nanoseconds>(now).count(), options_.utc,
          format() == Format::kWide};
}

void Output::Print(std::string_view text) const {
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fflush(stdout);
}

void Output::Note(std::string_view text) const {
  std::fprintf(stderr, "smcpctl: %.*s\n", static_cast<int>(text.size()), text.data());
}

void Output::Rows(const View& view, const std::vector<const google::protobuf::Message*>& rows,
                  const google::protobuf::Message& response) const {
  std::string out;
  switch (format()) {
    case Format::kJson:
      out = ToJson(response, false);
      break;
    case Format::kYaml:
      out = ToYaml(response);
      break;
    case Format::kJsonl:
      for (const auto* row : rows) out += ToJson(*row, true) + "\n";
      break;
    case Format::kName:
      for (const auto* row : rows) out += Printable(view.name(*row)) + "\n";
      break;
    case Format::kTable:
    case Format::kWide: {
      const Clock clock = Now();
      std::vector<Cells> cells;
      for (const auto* row : rows) cells.push_back(view.cells(*row, clock));
      out = RenderTable(view.columns, cells, Style());
    }
  }
  Print(out);
}

void Output::One(const google::protobuf::Message& message, const Fields& fields,
                 const std::string& name) const {
  if (IsTable()) {
    Print(RenderFields(fields, Style()));
  } else if (format() == Format::kName) {
    Print(Printable(name) + "\n");
  } else if (format() == Format::kJson) {
    Print(ToJson(message, false));
  } else if (format() == Format::kYaml) {
    Print(ToYaml(message));
  } else {
    Print(ToJson(message, true) + "\n");
  }
}

void Output::Local(const std::vector<Column>& columns, const std::vector<Cells>& rows,
                   size_t name_column) const {
  if (IsTable()) {
    Print(RenderTable(columns, rows, Style()));
    return;
  }
  std::string lines;
  std::string list = "[";
  for (const Cells& row : rows) {
    const std::string json = LocalJson(columns, row);
    list += (list.size() > 1 ? ",\n " : "\n ") + json;
    lines += (format() == Format::kName ? row[name_column].text : json) + "\n";
  }
  list += rows.empty() ? "]" : "\n]";
  if (format() == Format::kJson) {
    Print(list + "\n");
  } else {
    Print(format() == Format::kYaml ? JsonToYaml(list) : lines);
  }
}

void Output::Piece(const google::protobuf::Message& message) const {
  Print(format() == Format::kYaml ? "---\n" + ToYaml(message) : ToJson(message, true) + "\n");
}

}  // namespace smcpctl
