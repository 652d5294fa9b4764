// Who changed what: a bounded ring for ListAuditEntries and a function that is told of every entry
// (the daemon writes them to a file of their own). Entries hold names, never arguments or secrets.
// Thread rule: any thread. The sink runs under the ring's lock, so entries reach it in order; it
// must not come back here.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <vector>

#include "smcp/control/v1/event_service.pb.h"

namespace smcp::control {

// One line of JSON without its line break: the form for a file.
std::string AuditLine(const v1::AuditEntry& entry);

class AuditLog {
 public:
  using AuditSink = std::function<void(const v1::AuditEntry&)>;
  explicit AuditLog(size_t kept_max, AuditSink sink = {});

  // Gives the entry its number.
  void Add(v1::AuditEntry entry);
  // At most `max` entries before number `before` (0: from the newest) that match, newest first.
  std::vector<v1::AuditEntry> Read(uint64_t before, size_t max,
                                   const std::function<bool(const v1::AuditEntry&)>& match) const;

 private:
  const size_t kept_max_;
  const AuditSink sink_;
  mutable std::mutex mutex_;
  std::deque<v1::AuditEntry> entries_;
  uint64_t last_ = 0;
};

}  // namespace smcp::control
