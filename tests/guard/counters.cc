#include "tests/guard/counters.h"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

namespace smcp::guard {
namespace {

void CountAllocation() {
  if (counting) ++counts.allocations;
}

void CountCopy(size_t size) {
  if (counting && size >= kCopyCountedMin) counts.bytes_copied += size;
}

void Count(size_t Counts::*what) {
  if (counting) ++(counts.*what);
}

}  // namespace
}  // namespace smcp::guard

using smcp::guard::Count;
using smcp::guard::CountAllocation;
using smcp::guard::CountCopy;
using smcp::guard::Counts;

extern "C" {

void* __libc_malloc(size_t size);
void* __libc_calloc(size_t count, size_t size);
void* __libc_realloc(void* old, size_t size);
void* __libc_memalign(size_t alignment, size_t size);

void* malloc(size_t size) {
  CountAllocation();
  return __libc_malloc(size);
}
void* calloc(size_t count, size_t size) {
  CountAllocation();
  return __libc_calloc(count, size);
}
void* realloc(void* old, size_t size) {
  CountAllocation();
  return __libc_realloc(old, size);
}
void* aligned_alloc(size_t alignment, size_t size) {
  CountAllocation();
  return __libc_memalign(alignment, size);
}
int posix_memalign(void** out, size_t alignment, size_t size) {
  CountAllocation();
  *out = __libc_memalign(alignment, size);
  return *out == nullptr ? ENOMEM : 0;
}

// One instruction, so that the compiler cannot make a call of these functions out of their bodies.
void* memcpy(void* __restrict to, const void* __restrict from, size_t size) {
  CountCopy(size);
  void* at = to;
  asm volatile("rep movsb" : "+D"(at), "+S"(from), "+c"(size) : : "memory");
  return to;
}
void* memmove(void* to, const void* from, size_t size) {
  CountCopy(size);
  if (to <= from || static_cast<char*>(to) >= static_cast<const char*>(from) + size) {
    void* at = to;
    asm volatile("rep movsb" : "+D"(at), "+S"(from), "+c"(size) : : "memory");
  } else if (size != 0) {
    char* at = static_cast<char*>(to) + size - 1;
    const char* back = static_cast<const char*>(from) + size - 1;
    asm volatile("std; rep movsb; cld" : "+D"(at), "+S"(back), "+c"(size) : : "memory");
  }
  return to;
}

ssize_t send(int fd, const void* data, size_t size, int flags) {
  Count(&Counts::sends);
  return syscall(SYS_sendto, fd, data, size, flags, nullptr, 0);
}
ssize_t recv(int fd, void* data, size_t size, int flags) {
  Count(&Counts::receives);
  return syscall(SYS_recvfrom, fd, data, size, flags, nullptr, nullptr);
}
int epoll_wait(int fd, epoll_event* events, int max, int timeout_ms) {
  Count(&Counts::epoll_waits);
  return static_cast<int>(syscall(SYS_epoll_wait, fd, events, max, timeout_ms));
}
int epoll_ctl(int fd, int operation, int target, epoll_event* event) noexcept {
  Count(&Counts::epoll_changes);
  return static_cast<int>(syscall(SYS_epoll_ctl, fd, operation, target, event));
}

}  // extern "C"
