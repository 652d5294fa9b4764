// The Computers an Agent can reach, by name: its own copy, set by the join answer and kept up to
// date by the same tasks that carry the notifications, so an Agent never hears of a Computer it
// cannot call yet. There is one Agent per office, hence one copy.
//
// Thread rule: part of an Agent's member, on its shard. A ref may be one post old: the Computer's
// shard checks again.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "gateway/base/ids.h"
#include "gateway/base/strings.h"

namespace smcp {

struct RosterEntry {
  std::string name;
  MemberRef computer;
};

class Roster {
 public:
  void Reset(const std::vector<RosterEntry>& entries);
  void Set(std::string_view name, MemberRef computer);
  void Erase(std::string_view name);
  // A ref of nothing if there is no such Computer.
  MemberRef Find(std::string_view name) const;
  size_t size() const { return computers_.size(); }

 private:
  StringMap<MemberRef> computers_;
};

}  // namespace smcp
