// What an Agent may call: the Computers it can reach, by name, and what the office's settings say
// of calls. Its own copy, set by the join answer and kept up to date by the same tasks that carry
// the notifications, so an Agent never hears of a Computer it cannot call yet. There is one Agent
// per office, hence one copy.
//
// Thread rule: part of an Agent's member, on its shard. A ref may be one post old: the Computer's
// shard checks again.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gateway/base/ids.h"
#include "gateway/base/strings.h"

namespace smcp {

struct CallPolicy;

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

  // Null if there is none.
  const CallPolicy* policy() const { return policy_.get(); }
  void set_policy(std::shared_ptr<const CallPolicy> policy) { policy_ = std::move(policy); }

 private:
  StringMap<MemberRef> computers_;
  std::shared_ptr<const CallPolicy> policy_;
};

}  // namespace smcp
