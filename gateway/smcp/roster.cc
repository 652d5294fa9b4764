#include "gateway/smcp/roster.h"

namespace smcp {

void Roster::Reset(const std::vector<RosterEntry>& entries) {
  computers_.clear();
  for (const RosterEntry& entry : entries) Set(entry.name, entry.computer);
}

void Roster::Set(std::string_view name, MemberRef computer) {
  computers_.insert_or_assign(std::string(name), computer);
}

void Roster::Erase(std::string_view name) {
  const auto it = computers_.find(name);
  if (it != computers_.end()) computers_.erase(it);
}

MemberRef Roster::Find(std::string_view name) const {
  const auto it = computers_.find(name);
  return it == computers_.end() ? MemberRef() : it->second;
}

}  // namespace smcp
