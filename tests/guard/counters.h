// Counts what the gateway's code asks of the C library: linked into a test, these functions take
// the place of the library's in the whole program. Only what happens while `counting` is set
// is counted: the lines set it around the gateway's code, so that the harness is left out.
#pragma once

#include <cstddef>

namespace smcp::guard {

struct Counts {
  size_t allocations = 0;   // malloc and its kin
  size_t bytes_copied = 0;  // by memcpy and memmove, in pieces of kCopyCountedMin and more
  size_t sends = 0;
  size_t receives = 0;
  size_t epoll_waits = 0;
  size_t epoll_changes = 0;
};
inline constexpr size_t kCopyCountedMin = 1024;

inline Counts counts;
inline bool counting = false;

}  // namespace smcp::guard
