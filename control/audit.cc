#include "control/audit.h"

#include <google/protobuf/util/json_util.h>

#include <utility>

namespace smcp::control {

std::string AuditLine(const v1::AuditEntry& entry) {
  google::protobuf::util::JsonPrintOptions options;
  options.preserve_proto_field_names = true;
  std::string line;
  return google::protobuf::util::MessageToJsonString(entry, &line, options).ok() ? line : "{}";
}

AuditLog::AuditLog(size_t kept_max, AuditSink sink) : kept_max_(kept_max), sink_(std::move(sink)) {}

void AuditLog::Add(v1::AuditEntry entry) {
  const std::lock_guard lock(mutex_);
  entry.set_seq(++last_);
  if (sink_) sink_(entry);
  entries_.push_back(std::move(entry));
  if (entries_.size() > kept_max_) entries_.pop_front();
}

std::vector<v1::AuditEntry> AuditLog::Read(
    uint64_t before, size_t max, const std::function<bool(const v1::AuditEntry&)>& match) const {
  std::vector<v1::AuditEntry> out;
  const std::lock_guard lock(mutex_);
  for (auto it = entries_.rbegin(); it != entries_.rend() && out.size() < max; ++it) {
    if (before != 0 && it->seq() >= before) continue;
    if (!match || match(*it)) out.push_back(*it);
  }
  return out;
}

}  // namespace smcp::control
