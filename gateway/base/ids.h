// Identifiers of the domain and addresses of things that live on a shard.
//
// An id names something to the outside (an office, a session); a ref says where it lives inside
// this process. Refs are values: they may travel between threads, go stale, and are then resolved
// to nothing instead of dangling.
#pragma once

#include <compare>
#include <cstdint>
#include <string>

#include "absl/hash/hash.h"

namespace smcp {

// A string that cannot be mixed up with a string of another meaning.
template <class Tag>
struct StrongId {
  std::string value;
  friend bool operator==(const StrongId&, const StrongId&) = default;
  template <typename H>
  friend H AbslHashValue(H h, const StrongId& id) {
    return H::combine(std::move(h), id.value);
  }
};

using OfficeId = StrongId<struct OfficeIdTag>;  // client-chosen UTF-8, SMCP-PROTOCOL.md 1.1
using Sid = StrongId<struct SidTag>;            // Socket.IO session id: public, per namespace

// Where something in a per-shard slab lives. `generation` makes a reused slot unequal to its
// former owner; generation 0 is "nothing".
template <class Tag>
struct SlotRef {
  uint32_t slot = 0;
  uint32_t generation = 0;
  uint16_t shard = 0;
  explicit operator bool() const { return generation != 0; }
  friend auto operator<=>(const SlotRef&, const SlotRef&) = default;
  template <typename H>
  friend H AbslHashValue(H h, const SlotRef& ref) {
    return H::combine(std::move(h), ref.slot, ref.generation, ref.shard);
  }
};

using PeerRef = SlotRef<struct PeerTag>;      // one Engine.IO session
using MemberRef = SlotRef<struct MemberTag>;  // one session of the SMCP namespace

// One life of an office: two offices of the same name at different times have different keys.
// Comparing keys is how a delivery re-checks isolation without comparing strings. 0 is "none".
using OfficeKey = uint64_t;

}  // namespace smcp
