#include "gateway/smcp/journal.h"

#include <utility>

namespace smcp {

template <class T>
T& Journal::Ring<T>::Next() {
  if (entries.size() < kEntriesMax) return entries.emplace_back();
  T& entry = entries[oldest];
  overwritten = entry.seq;
  oldest = oldest + 1 == kEntriesMax ? 0 : oldest + 1;
  return entry;
}

template <class T>
size_t Journal::Ring<T>::Before(uint64_t from) const {
  size_t low = 0;
  size_t high = entries.size();
  while (low < high) {
    const size_t middle = low + (high - low) / 2;
    (At(middle).seq < from ? low : high) = At(middle).seq < from ? middle + 1 : middle;
  }
  return low;
}

void Journal::Keep(const Entry& entry) {
  Kept& kept = ring_.Next();
  kept.seq = next_++;
  kept.time_ms = clock_.NowMs();
  kept.kind = entry.kind;
  kept.role = entry.role;
  kept.sid.assign(entry.sid);
  kept.name.assign(entry.name);
  kept.office_id.assign(entry.office_id);
  kept.address.assign(entry.address);
  kept.cause.assign(entry.cause);
}

void Journal::KeepCall(Change::Kind kind, const CallRecord& call) {
  KeptCall& kept = calls_.Next();
  kept.seq = next_++;
  kept.kind = kind;
  kept.call = call;
}

Change Journal::ToChange(const Kept& kept) const {
  return {.kind = kept.kind,
          .seq = kept.seq,
          .time_ms = clock_.ToUnixMs(kept.time_ms),
          .sid = kept.sid,
          .role = kept.role,
          .name = kept.name,
          .office_id = kept.office_id,
          .address = kept.address,
          .cause = kept.cause,
          .call = std::nullopt};
}

Change Journal::ToChange(const KeptCall& kept) const {
  CallInfoRecord call = kept.call.ToInfo(clock_);
  const bool began = kept.kind == Change::Kind::kCallBegan;
  Change change{.kind = kept.kind,
                .seq = kept.seq,
                .time_ms = began ? call.started_ms : call.ended_ms,
                .role = Role::kAgent,
                .name = call.agent_name,
                .office_id = call.office_id};
  change.call = std::move(call);
  return change;
}

JournalPart Journal::Read(uint64_t from) {
  if (!std::exchange(on_, true)) {
    // At once: growing would move what is kept, in the middle of a call.
    ring_.entries.reserve(kEntriesMax);
    calls_.entries.reserve(kEntriesMax);
  }
  JournalPart part{.next = next_};
  const bool lost_others = from != 0 && ring_.overwritten >= from;
  const bool lost_calls = from != 0 && calls_.overwritten >= from;
  part.lost = lost_others || lost_calls;
  part.only_calls_lost = lost_calls && !lost_others;
  size_t i = ring_.Before(from);
  size_t j = calls_.Before(from);
  const size_t others = ring_.entries.size();
  const size_t calls = calls_.entries.size();
  part.changes.reserve(others - i + calls - j);
  while (i < others || j < calls) {
    if (j == calls || (i < others && ring_.At(i).seq < calls_.At(j).seq)) {
      part.changes.push_back(ToChange(ring_.At(i++)));
    } else {
      part.changes.push_back(ToChange(calls_.At(j++)));
    }
  }
  return part;
}

}  // namespace smcp
