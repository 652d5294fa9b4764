#include "clients/smcpctl/table.h"

#include <gtest/gtest.h>

#include <numeric>
#include <sstream>

#include "clients/smcpctl/text.h"

namespace smcpctl {
namespace {

Cell Text(const std::string& text) { return {text, 0, false, Tone::kPlain}; }
Cell Number(double number) {
  return {std::to_string(static_cast<int>(number)), number, true, Tone::kPlain};
}

size_t Widest(const std::string& table) {
  size_t widest = 0;
  std::istringstream in(table);
  for (std::string line; std::getline(in, line);) widest = std::max(widest, Width(line));
  return widest;
}

const std::vector<Column> kColumns{{"NAME", Align::kLeft, Cut::kMiddle},
                                   {"CALLS", Align::kRight},
                                   {"NOTE", Align::kLeft, Cut::kEnd},
                                   {"MORE", Align::kLeft, Cut::kLast, true}};

TEST(Table, ColumnsAlignAndLinesEndWithoutBlanks) {
  const std::vector<Cells> rows{{Text("pc"), Number(7), Text("x"), Text("m")},
                                {Text("laptop"), Number(1200), Text(""), Text("m")}};
  EXPECT_EQ(RenderTable(kColumns, rows, {}),
            "NAME    CALLS  NOTE\n"
            "pc          7  x\n"
            "laptop   1200\n");
  TableStyle bare;
  bare.headers = false;
  EXPECT_EQ(RenderTable(kColumns, rows, bare),
            "pc         7  x\n"
            "laptop  1200\n");
}

TEST(Table, NeverWiderThanTheLine) {
  const std::string lengthy(200, 'x');
  const std::vector<Cells> rows{{Text(lengthy), Number(123456), Text(lengthy), Text(lengthy)}};
  for (const size_t width : {80U, 60U, 30U, 12U}) {
    TableStyle style;
    style.width = width;
    EXPECT_LE(Widest(RenderTable(kColumns, rows, style)), width);
  }
}

TEST(Table, TheWidestColumnGivesWayFirstAndNumbersLast) {
  const std::vector<Cells> rows{
      {Text(std::string(90, 'n')), Number(123456), Text("short note"), Text("")}};
  const std::string table = RenderTable(kColumns, rows, {});
  EXPECT_NE(table.find("123456"), std::string::npos);
  EXPECT_NE(table.find("short note"), std::string::npos);
  EXPECT_NE(table.find("n…n"), std::string::npos);
}

TEST(Table, WideIsWhole) {
  const std::string lengthy(200, 'x');
  TableStyle style;
  style.wide = true;
  const std::string table =
      RenderTable(kColumns, {{Text(lengthy), Number(1), Text(lengthy), Text("more")}}, style);
  EXPECT_NE(table.find(lengthy + "      1  " + lengthy + "  more"), std::string::npos);
}

TEST(Table, ColorsDoNotCountAsWidth) {
  TableStyle style;
  style.color = true;
  Cell bad = Text("bad");
  bad.tone = Tone::kBad;
  EXPECT_EQ(RenderTable({{"A"}, {"B"}}, {{bad, Text("x")}}, style),
            "A    B\n\033[31mbad\033[0m  x\n");
}

TEST(Table, FieldsAlignAndFit) {
  const Fields fields{{"Name", Text("pc")}, {"Tool rules", Text("a")}, {"", Text("b")}};
  EXPECT_EQ(RenderFields(fields, {}),
            "Name:        pc\n"
            "Tool rules:  a\n"
            "             b\n");
  EXPECT_LE(Widest(RenderFields({{"Name", Text(std::string(300, 'y'))}}, {})), 80U);
}

TEST(Table, NumbersSortAsNumbersAndEqualsKeepTheirOrder) {
  const std::vector<Cells> rows{{Number(10)}, {Number(9)}, {Text("-")}, {Number(9)}};
  std::vector<size_t> order(4);
  std::iota(order.begin(), order.end(), 0);
  SortRows(0, false, rows, &order);
  EXPECT_EQ(order, (std::vector<size_t>{2, 1, 3, 0}));
  SortRows(0, true, rows, &order);
  EXPECT_EQ(order, (std::vector<size_t>{0, 1, 3, 2}));
}

}  // namespace
}  // namespace smcpctl
