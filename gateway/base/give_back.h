// Containers keep their capacity when they are emptied, which is what one wants until a crowd of
// clients has come and gone.
//
// Thread rule: functions of their arguments only.
#pragma once

#include <cstddef>

namespace smcp {

// Room for so many elements is kept, so that a handful that comes and goes allocates nothing.
inline constexpr size_t kKeptCapacity = 256;

// Call it after something was taken out. Invalidates nothing that was valid in an empty container.
template <class Container>
void GiveBackIfEmpty(Container& container) {
  if (container.empty() && container.capacity() > kKeptCapacity) container = Container();
}

}  // namespace smcp
