#include "gateway/smcp/pending_calls.h"

#include <utility>

namespace smcp {

std::optional<PendingCalls::Entry> PendingCalls::Take(uint32_t ack_id) {
  const auto it = entries_.find(ack_id);
  if (it == entries_.end()) return std::nullopt;
  std::optional<Entry> entry = std::move(it->second);
  entries_.erase(it);
  return entry;
}

std::vector<PendingCalls::Entry> PendingCalls::TakeAll() {
  std::vector<Entry> all;
  all.reserve(entries_.size());
  for (auto& [ack_id, entry] : entries_) all.push_back(std::move(entry));
  entries_.clear();
  return all;
}

}  // namespace smcp
