#include "clients/smcpctl/table.h"

#include <algorithm>

#include "clients/smcpctl/text.h"

namespace smcpctl {
namespace {

constexpr size_t kGap = 2;
constexpr size_t kLeast = 6;  // a column with less says nothing

std::string Tinted(const std::string& text, Tone tone, bool color) {
  if (!color || tone == Tone::kPlain || text.empty()) return text;
  const char* code = tone == Tone::kGood ? "32" : tone == Tone::kWarn ? "33" : "31";
  return std::string("\033[") + code + "m" + text + "\033[0m";
}

size_t Total(const std::vector<size_t>& widths) {
  size_t total = 0;
  for (const size_t width : widths) total += width;
  return widths.empty() ? 0 : total + kGap * (widths.size() - 1);
}

// Takes one column of the terminal from the widest one that may still lose some. False: none may.
bool Shrink(const std::vector<const Column*>& columns, bool last_resort, size_t least,
            std::vector<size_t>* widths) {
  size_t widest = widths->size();
  for (size_t i = 0; i < widths->size(); ++i) {
    if (!last_resort && columns[i]->cut == Cut::kLast) continue;
    if ((*widths)[i] <= least) continue;
    if (widest == widths->size() || (*widths)[i] > (*widths)[widest]) widest = i;
  }
  if (widest == widths->size()) return false;
  --(*widths)[widest];
  return true;
}

void Fit(const std::vector<const Column*>& columns, size_t limit, std::vector<size_t>* widths) {
  while (Total(*widths) > limit) {
    if (Shrink(columns, false, kLeast, widths)) continue;
    if (Shrink(columns, true, kLeast, widths)) continue;
    if (!Shrink(columns, true, 1, widths)) return;
  }
}

std::string Fitted(const std::string& text, const Column& column, size_t width) {
  return column.cut == Cut::kMiddle ? CutMiddle(text, width) : CutEnd(text, width);
}

void AppendLine(std::string* out, std::string line) {
  while (line.ends_with(' ')) line.pop_back();
  out->append(line).push_back('\n');
}

}  // namespace

std::string RenderTable(const std::vector<Column>& columns, const std::vector<Cells>& rows,
                        const TableStyle& style) {
  std::vector<size_t> shown;
  std::vector<const Column*> kept;
  std::vector<size_t> widths;
  for (size_t i = 0; i < columns.size(); ++i) {
    if (columns[i].wide_only && !style.wide) continue;
    shown.push_back(i);
    kept.push_back(&columns[i]);
    widths.push_back(style.headers ? Width(columns[i].title) : 1);
    for (const Cells& row : rows) widths.back() = std::max(widths.back(), Width(row[i].text));
  }
  if (!style.wide && style.width > 0) Fit(kept, style.width, &widths);
  std::string out;
  const auto line = [&](const auto& text_of, const auto& tone_of) {
    std::string text;
    for (size_t i = 0; i < shown.size(); ++i) {
      if (i > 0) text.append(kGap, ' ');
      const std::string cut = Fitted(text_of(shown[i]), *kept[i], widths[i]);
      const size_t padding = widths[i] - Width(cut);
      if (kept[i]->align == Align::kRight) text.append(padding, ' ');
      text += Tinted(cut, tone_of(shown[i]), style.color);
      if (kept[i]->align == Align::kLeft) text.append(padding, ' ');
    }
    AppendLine(&out, std::move(text));
  };
  if (style.headers) {
    line([&](size_t i) { return columns[i].title; }, [](size_t) { return Tone::kPlain; });
  }
  for (const Cells& row : rows) {
    line([&](size_t i) { return row[i].text; }, [&](size_t i) { return row[i].tone; });
  }
  return out;
}

std::string RenderFields(const Fields& fields, const TableStyle& style) {
  size_t label_width = 0;
  for (const auto& [label, value] : fields) label_width = std::max(label_width, Width(label) + 1);
  std::string out;
  for (const auto& [label, value] : fields) {
    std::string line = PadRight(label.empty() ? "" : label + ":", label_width);
    line.append(kGap, ' ');
    const size_t used = label_width + kGap;
    const bool cut = !style.wide && style.width > used;
    const std::string text = cut ? CutMiddle(value.text, style.width - used) : value.text;
    AppendLine(&out, line + Tinted(text, value.tone, style.color));
  }
  return out;
}

void SortRows(size_t column, bool descending, const std::vector<Cells>& rows,
              std::vector<size_t>* order) {
  const auto before = [&](size_t a, size_t b) {
    const Cell& x = rows[a][column];
    const Cell& y = rows[b][column];
    if (x.has_number && y.has_number) return x.number < y.number;
    if (x.has_number != y.has_number) return y.has_number;  // rows without a value come first
    return x.text < y.text;
  };
  std::stable_sort(order->begin(), order->end(),
                   [&](size_t a, size_t b) { return descending ? before(b, a) : before(a, b); });
}

}  // namespace smcpctl
