#include "clients/smcpctl/list.h"

#include <cctype>

#include "clients/smcpctl/text.h"

namespace smcpctl {
namespace {

std::string Folded(std::string_view text) {
  std::string out;
  for (const char c : text) {
    out += c == '_' ? '-' : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  }
  return out;
}

}  // namespace

absl::StatusOr<SortOrder> ParseSort(const std::string& text, const std::vector<Column>& columns) {
  SortOrder order;
  order.descending = text.starts_with('-');
  const std::string wanted = Folded(std::string_view(text).substr(order.descending ? 1 : 0));
  std::vector<std::string> titles;
  for (size_t i = 0; i < columns.size(); ++i) {
    if (columns[i].title == wanted) {
      order.column = i;
      return order;
    }
    titles.push_back(columns[i].title);
  }
  return UsageError("--sort-by: no column '" + text + "'; there are " + Join(titles, ", "));
}

}  // namespace smcpctl
