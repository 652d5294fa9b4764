// What has happened on one shard, in order: two rings of changes that one reader follows by number.
// Off until somebody reads it for the first time.
//
// Calls have a ring of their own, so that a flood of them does not push out who came and went.
// Entries are reused with what their texts hold, so writing allocates nothing in steady state.
// Thread rule: the shard's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/base/clock.h"
#include "gateway/smcp/call_book.h"
#include "gateway/smcp/inspect.h"

namespace smcp {

class Journal {
 public:
  static constexpr size_t kEntriesMax = 4096;  // of each ring

  explicit Journal(const Clock& clock) : clock_(clock) {}

  struct Entry {
    Change::Kind kind = Change::Kind::kConnected;
    std::string_view sid{};
    Role role = Role::kNone;
    std::string_view name{};
    std::string_view office_id{};
    std::string_view address{};
    std::string_view cause{};
  };
  bool on() const { return on_; }
  void Write(const Entry& entry) {
    if (on_) Keep(entry);
  }
  void WriteCall(Change::Kind kind, const CallRecord& call) {
    if (on_) KeepCall(kind, call);
  }

  // Everything from number `from` on (0: from the oldest kept). Switches it on.
  JournalPart Read(uint64_t from);

 private:
  struct Kept {
    uint64_t seq = 0;
    int64_t time_ms = 0;
    Change::Kind kind = Change::Kind::kConnected;
    Role role = Role::kNone;
    std::string sid{};
    std::string name{};
    std::string office_id{};
    std::string address{};
    std::string cause{};
  };
  struct KeptCall {
    uint64_t seq = 0;
    Change::Kind kind = Change::Kind::kCallBegan;
    CallRecord call{};
  };
  template <class T>
  struct Ring {
    T& Next();
    // The i-th oldest.
    const T& At(size_t i) const { return entries[(oldest + i) % entries.size()]; }
    // How many of the oldest are before number `from`.
    size_t Before(uint64_t from) const;
    std::vector<T> entries;
    size_t oldest = 0;
    uint64_t overwritten = 0;  // the last number that was
  };
  void Keep(const Entry& entry);
  void KeepCall(Change::Kind kind, const CallRecord& call);
  Change ToChange(const Kept& kept) const;
  Change ToChange(const KeptCall& kept) const;

  const Clock& clock_;
  bool on_ = false;
  uint64_t next_ = 1;
  Ring<Kept> ring_;
  Ring<KeptCall> calls_;
};

}  // namespace smcp
