// SMCP_CHECK: our own bugs end the process, also in release builds, where isolation is at stake.
// The world's errors are never checked this way: they are answered.
#pragma once

#include <cstdio>
#include <cstdlib>

#define SMCP_CHECK(condition)                                                              \
  do {                                                                                     \
    if (!(condition)) [[unlikely]] {                                                       \
      std::fprintf(stderr, "check failed: %s at %s:%d\n", #condition, __FILE__, __LINE__); \
      std::abort();                                                                        \
    }                                                                                      \
  } while (false)
