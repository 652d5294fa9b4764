// Lists: all pages that are wanted, sorted if asked for, cut, and printed as one answer.
#pragma once

#include <google/protobuf/repeated_ptr_field.h>

#include <algorithm>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

#include "clients/smcpctl/failure.h"
#include "clients/smcpctl/invocation.h"
#include "clients/smcpctl/view.h"

namespace smcpctl {

inline constexpr int kPageMax = 1000;
inline constexpr int64_t kLimitDefault = 100;

// The index of the column that --sort-by names, and the direction.
struct SortOrder {
  size_t column = 0;
  bool descending = false;
};
absl::StatusOr<SortOrder> ParseSort(const std::string& text, const std::vector<Column>& columns);

template <class Response>
bool IsComplete(const Response& response) {
  if constexpr (requires { response.coverage(); }) {
    return !response.has_coverage() || response.coverage().complete();
  }
  return true;
}

// Reads pages until there are `wanted` rows (0: all) or no more. `rows` gives the repeated field.
template <class Request, class Response, class Rows>
absl::Status ReadPages(Invocation& run, const std::string& method, Request request, int64_t wanted,
                       const Rows& rows, Response* all, bool* complete) {
  for (*complete = true;;) {
    const int64_t left = wanted == 0 ? kPageMax : wanted - rows(all)->size();
    request.set_page_size(static_cast<int>(std::min<int64_t>(left, kPageMax)));
    Response page;
    if (absl::Status status = run.Call(method, request, &page); !status.ok()) return status;
    *complete = *complete && IsComplete(page);
    all->clear_next_page_token();
    all->MergeFrom(page);
    request.set_page_token(page.next_page_token());
    if (page.next_page_token().empty()) return absl::OkStatus();
    if (wanted > 0 && rows(all)->size() >= wanted) return absl::OkStatus();
  }
}

template <class T>
void Reorder(const std::vector<size_t>& order, google::protobuf::RepeatedPtrField<T>* items) {
  google::protobuf::RepeatedPtrField<T> sorted;
  for (const size_t i : order) sorted.Add()->Swap(items->Mutable(static_cast<int>(i)));
  items->Swap(&sorted);
}

template <class T>
absl::Status SortBy(Invocation& run, const View& view,
                    google::protobuf::RepeatedPtrField<T>* items) {
  if (run.flags().sort_by.empty()) return absl::OkStatus();
  const auto sort = ParseSort(run.flags().sort_by, view.columns);
  if (!sort.ok()) return sort.status();
  const Clock clock = run.out().Now();
  std::vector<Cells> cells;
  for (const T& item : *items) cells.push_back(view.cells(item, clock));
  std::vector<size_t> order(cells.size());
  std::iota(order.begin(), order.end(), 0);
  SortRows(sort->column, sort->descending, cells, &order);
  Reorder(order, items);
  return absl::OkStatus();
}

template <class T>
void ShowRows(const Invocation& run, const View& view,
              const google::protobuf::RepeatedPtrField<T>& items,
              const google::protobuf::Message& response) {
  std::vector<const google::protobuf::Message*> rows;
  for (const T& item : items) rows.push_back(&item);
  run.out().Rows(view, rows, response);
}

// The whole of an `ls`: --limit, --all and --sort-by as the flags say.
template <class Response, class Request, class Rows>
absl::Status List(Invocation& run, const std::string& method, const Request& request,
                  const View& view, const Rows& rows) {
  const Flags& flags = run.flags();
  const int64_t limit = flags.all ? 0 : flags.limit == 0 ? kLimitDefault : flags.limit;
  if (!flags.sort_by.empty()) {
    if (auto sort = ParseSort(flags.sort_by, view.columns); !sort.ok()) return sort.status();
  }
  Response all;
  bool complete = true;
  // The first of a sorted list may be on its last page.
  const int64_t wanted = flags.sort_by.empty() ? limit : 0;
  absl::Status status = ReadPages(run, method, request, wanted, rows, &all, &complete);
  if (status.ok()) status = SortBy(run, view, rows(&all));
  if (!status.ok()) return status;
  bool more = !all.next_page_token().empty();
  if (limit > 0 && rows(&all)->size() > limit) {
    const int surplus = rows(&all)->size() - static_cast<int>(limit);
    rows(&all)->DeleteSubrange(static_cast<int>(limit), surplus);
    more = true;
  }
  ShowRows(run, view, *rows(&all), all);
  if (more && run.out().IsTable()) run.out().Note("there are more: --all or --limit shows them");
  if (complete) return absl::OkStatus();
  return Fail(Exit::kPartial, "the list is not complete: not every node answered");
}

}  // namespace smcpctl
