// One kind of rows (sessions, offices, calls) as its watchers see it: the rows that exist, a
// bounded ring of what changed, and for each watcher two places: how far into the ring it has read,
// and how far it has got in the current set it was promised.
//
// A watcher has no queue of its own. What it is given is bounded by what its connection takes; if
// it falls so far behind that the ring has overwritten what it would read next, it gets a Reset and
// the current set again, and nobody else notices. A change is serialized once for all.
//
// The current set is sent in the order of the keys, so while it is on its way a change behind that
// place needs no message (the row will be sent as it then is), and one before it is sent as such.
// Thread rule: one thread, the executor's. Times are Unix or monotonic ms, as they say.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "control/call.h"
#include "control/hub_limits.h"
#include "control/watch_messages.h"

namespace smcp::control {

// How rows of a kind are shown.
template <class Row>
struct FeedForm {
  std::function<std::string(const Row&)> body{};  // serialized, as in added and modified
  // Serialized, as in removed.
  std::function<std::string(const Row& last, const std::string& cause, int64_t unix_ms)> removed{};
  std::function<bool(const Row&, const Row&)> same{};  // no change worth a message
};

template <class Row>
class Feed {
 public:
  using Match = std::function<bool(const Row&)>;
  // Makes the token of a place in the ring, for one watcher.
  using TokenOf = std::function<std::string(uint64_t)>;

  struct Watch {
    std::shared_ptr<Call> call{};
    Match match{};
    TokenOf token{};
    bool omit_initial = false;
    std::optional<uint64_t> resume{};
  };

  Feed(FeedForm<Row> form, const HubLimits& limits) : form_(std::move(form)), limits_(limits) {}

  // Whether the rows are known and kept up to date. Watchers wait until they are.
  bool live() const { return live_; }
  bool empty() const { return watchers_.empty(); }
  size_t watchers() const { return watchers_.size(); }
  void DropWatchers() { watchers_.clear(); }

  // False: the place to resume from is not kept any more.
  bool Join(Watch watch, int64_t now_ms) {
    Watcher watcher;
    if (watch.resume) {
      if (!live_ || *watch.resume > last_ || *watch.resume + 1 < first()) return false;
      watcher.at = *watch.resume;
      watcher.set_done = true;
    } else {
      watcher.at = last_;
      watcher.set_done = watch.omit_initial;
    }
    watcher.fresh = !live_;
    watcher.next_bookmark_ms = watcher.set_done ? now_ms : INT64_MAX;
    watcher.watch = std::move(watch);
    watchers_.push_back(std::move(watcher));
    return true;
  }

  // The rows as they are now; whoever watches already is told to forget what it knew.
  void Begin(std::map<std::string, Row> rows, const std::string& cause) {
    for (Watcher& watcher : watchers_) {
      if (!watcher.fresh) watcher.reset = cause;
    }
    rows_.clear();
    for (auto& [key, row] : rows) rows_.emplace(key, std::make_shared<const Row>(std::move(row)));
    ring_.clear();
    ++last_;  // no token of before is good after
    for (Watcher& watcher : watchers_) {
      watcher.at = last_;
      watcher.fresh = false;
    }
    live_ = true;
  }
  // Forgets the rows, to save their memory and upkeep.
  void End() {
    live_ = false;
    rows_.clear();
    ring_.clear();
    ++last_;  // no token of before is good after
  }

  void Set(const std::string& key, Row row, int64_t unix_ms) {
    std::shared_ptr<const Row>& slot = rows_[key];
    if (slot != nullptr && form_.same(*slot, row)) return;
    std::shared_ptr<const Row> old = slot;
    slot = std::make_shared<const Row>(std::move(row));
    Append({key, std::move(old), slot, {}, unix_ms, {}, {}, {}});
  }
  // `last` replaces what is known of the row as it went, where the kind shows that.
  void Remove(const std::string& key, const std::string& cause, int64_t unix_ms,
              std::optional<Row> last = {}) {
    const auto found = rows_.find(key);
    if (found == rows_.end()) return;
    std::shared_ptr<const Row> old = std::move(found->second);
    rows_.erase(found);
    if (last) old = std::make_shared<const Row>(*std::move(last));
    Append({key, std::move(old), nullptr, cause, unix_ms, {}, {}, {}});
  }

  // Gives every watcher what it may have now. True: somebody could take more at once, but has had
  // his share of this turn.
  bool Pump(int64_t now_ms, int64_t unix_ms) {
    bool more = false;
    std::erase_if(watchers_, [&](Watcher& watcher) {
      if (Gone(watcher)) return true;
      if (live_) more |= PumpOne(watcher, now_ms, unix_ms);
      return false;
    });
    return more;
  }

  size_t rows() const { return rows_.size(); }
  uint64_t last() const { return last_; }

 private:
  struct Change {
    std::string key{};
    std::shared_ptr<const Row> old{};
    std::shared_ptr<const Row> row{};  // null: removed
    std::string cause{};
    int64_t unix_ms = 0;
    Bytes added{};  // made when first wanted
    Bytes modified{};
    Bytes removed{};
  };
  struct Watcher {
    Watch watch{};
    uint64_t at = 0;        // the last change in the ring that is dealt with
    bool set_done = false;  // the current set has been sent
    std::string set_at{};   // its keys up to here have been
    bool set_began = false;
    bool fresh = false;  // waits for the rows to be known; has been given nothing
    std::string reset{};
    int64_t next_bookmark_ms = 0;
  };

  // Rows looked at in one turn of one watcher, so that a filter that matches little does not keep
  // the thread.
  static constexpr size_t kShare = 4'096;

  uint64_t first() const { return last_ + 1 - ring_.size(); }
  Change& At(uint64_t seq) { return ring_[static_cast<size_t>(seq - first())]; }

  static bool Gone(const Watcher& watcher) {
    return watcher.watch.call->finished() || watcher.watch.call->sink().gone();
  }

  bool Room(const Watcher& watcher) const {
    const Sink::Backlog ahead = watcher.watch.call->sink().backlog();
    return ahead.messages < limits_.ahead_messages && ahead.bytes < limits_.ahead_bytes;
  }

  void Append(Change change) {
    ++last_;
    ring_.push_back(std::move(change));
    if (ring_.size() > limits_.changes) ring_.pop_front();
  }

  bool PumpOne(Watcher& watcher, int64_t now_ms, int64_t unix_ms) {
    if (!Room(watcher)) return false;
    if (watcher.reset.empty() && watcher.at + 1 < first()) watcher.reset = "the reader is too slow";
    if (!watcher.reset.empty()) {
      Send(watcher, ResetMessage(std::exchange(watcher.reset, {}), last_));
      watcher.at = last_;
      watcher.set_done = watcher.set_began = false;
      watcher.next_bookmark_ms = INT64_MAX;
    }
    for (size_t share = 0; share < kShare; ++share) {
      if (!Room(watcher)) return false;
      if (watcher.at < last_) {
        ++watcher.at;
        Tell(watcher, At(watcher.at), watcher.at);
      } else if (!watcher.set_done) {
        SendRow(watcher, now_ms, unix_ms);
      } else {
        if (now_ms >= watcher.next_bookmark_ms) SendBookmark(watcher, false, now_ms, unix_ms);
        return false;
      }
    }
    return true;
  }

  // Behind the place that the current set has reached, rows will be sent as they are by then.
  bool Ahead(const Watcher& watcher, const std::string& key) const {
    return !watcher.set_done && (!watcher.set_began || key > watcher.set_at);
  }

  void Tell(const Watcher& watcher, Change& change, uint64_t seq) {
    if (Ahead(watcher, change.key)) return;
    const Match& match = watcher.watch.match;
    const bool before = change.old != nullptr && (!match || match(*change.old));
    const bool after = change.row != nullptr && (!match || match(*change.row));
    if (after) {
      Bytes& bytes = before ? change.modified : change.added;
      if (bytes == nullptr) {
        bytes = ChangeMessage(before ? ChangeField::kModified : ChangeField::kAdded,
                              form_.body(*change.row), seq);
      }
      Send(watcher, bytes);
    } else if (before) {
      if (change.removed == nullptr) {
        change.removed = ChangeMessage(
            ChangeField::kRemoved, form_.removed(*change.old, change.cause, change.unix_ms), seq);
      }
      Send(watcher, change.removed);
    }
  }

  void SendRow(Watcher& watcher, int64_t now_ms, int64_t unix_ms) {
    const auto next = watcher.set_began ? rows_.upper_bound(watcher.set_at) : rows_.begin();
    if (next == rows_.end()) {
      watcher.set_done = true;
      return SendBookmark(watcher, true, now_ms, unix_ms);
    }
    watcher.set_began = true;
    watcher.set_at = next->first;
    if (watcher.watch.match && !watcher.watch.match(*next->second)) return;
    Send(watcher, ChangeMessage(ChangeField::kAdded, form_.body(*next->second), last_));
  }

  void SendBookmark(Watcher& watcher, bool complete, int64_t now_ms, int64_t unix_ms) {
    Send(watcher, BookmarkMessage(watcher.watch.token(watcher.at), unix_ms, complete, watcher.at));
    watcher.next_bookmark_ms = now_ms + limits_.bookmark_ms;
  }

  static void Send(const Watcher& watcher, Bytes bytes) {
    watcher.watch.call->Send(std::move(bytes));
  }

  FeedForm<Row> form_;
  const HubLimits& limits_;
  bool live_ = false;
  std::map<std::string, std::shared_ptr<const Row>> rows_;
  std::deque<Change> ring_;  // the last one has the number last_
  uint64_t last_ = 1;
  std::vector<Watcher> watchers_;
};

}  // namespace smcp::control
