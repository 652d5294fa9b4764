// order_by, and where a page of sorted rows ends: "computer_count desc, office_id".
//
// A position is the values of the ordered fields of a row and its id, which is always the last
// criterion, so positions are total: a row that stays comes exactly once however others come and
// go. Thread rule: immutable; any thread.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "control/filter.h"

namespace smcp::control {

struct OrderTerm {
  uint32_t field = 0;
  bool descending = false;
};
// ORDER_INVALID names the fields that there are. Empty text: no terms.
absl::StatusOr<std::vector<OrderTerm>> ParseOrder(std::string_view text,
                                                  const std::vector<FieldSpec>& fields);

struct Position {
  struct Key {
    std::string text{};
    int64_t number = 0;
    friend auto operator<=>(const Key&, const Key&) = default;
  };
  std::vector<Key> keys{};
  std::string id{};
};
std::string SerializePosition(const Position& position);
bool ParsePosition(std::string_view bytes, Position& out);

template <class Row>
class Order {
 public:
  Order() = default;  // by id alone

  static absl::StatusOr<Order> Parse(std::string_view text, const Schema<Row>& schema) {
    std::vector<FieldSpec> specs;
    for (const Field<Row>& field : schema) specs.push_back(field.spec);
    auto terms = ParseOrder(text, specs);
    if (!terms.ok()) return terms.status();
    Order order;
    order.schema_ = &schema;
    order.terms_ = *std::move(terms);
    return order;
  }

  Position PositionOf(const Row& row, std::string_view id) const {
    Position position;
    position.id = id;
    for (const OrderTerm& term : terms_) {
      const FieldValue value = (*schema_)[term.field].get(row, 0);
      position.keys.push_back({std::string(value.text), value.number});
    }
    return position;
  }

  bool Before(const Position& a, const Position& b) const {
    for (size_t i = 0; i < terms_.size() && i < a.keys.size() && i < b.keys.size(); ++i) {
      if (a.keys[i] == b.keys[i]) continue;
      return (a.keys[i] < b.keys[i]) != terms_[i].descending;
    }
    return a.id < b.id;
  }

 private:
  const Schema<Row>* schema_ = nullptr;
  std::vector<OrderTerm> terms_{};
};

// The first `max` rows behind a position, of rows that come in any order.
template <class Row, class Info>
class TopRows {
 public:
  TopRows(Order<Row> order, size_t max, const Position* after)
      : order_(std::move(order)), max_(max), bounded_(after != nullptr) {
    if (bounded_) after_ = *after;
  }

  void Offer(const Row& row, std::string_view id, Info&& info) {
    Position position = order_.PositionOf(row, id);
    if (bounded_ && !order_.Before(after_, position)) return;
    if (rows_.size() == max_ + 1 && !order_.Before(position, rows_.front().first)) return;
    rows_.emplace_back(std::move(position), std::move(info));
    std::push_heap(rows_.begin(), rows_.end(), less());
    if (rows_.size() > max_ + 1) {
      std::pop_heap(rows_.begin(), rows_.end(), less());
      rows_.pop_back();
    }
  }

  struct Page {
    std::vector<Info> rows{};
    bool more = false;
    Position last{};
  };
  Page Take() {
    std::sort_heap(rows_.begin(), rows_.end(), less());
    Page page;
    page.more = rows_.size() > max_;
    if (page.more) rows_.pop_back();
    if (!rows_.empty()) page.last = rows_.back().first;
    for (auto& [position, info] : rows_) page.rows.push_back(std::move(info));
    rows_.clear();
    return page;
  }

 private:
  using Entry = std::pair<Position, Info>;
  auto less() const {
    return [this](const Entry& a, const Entry& b) { return order_.Before(a.first, b.first); };
  }

  Order<Row> order_;
  size_t max_;
  bool bounded_;
  Position after_{};
  std::vector<Entry> rows_{};  // a heap, the last row in front
};

}  // namespace smcp::control
