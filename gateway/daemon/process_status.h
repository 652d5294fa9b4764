// What the system says of this process. Thread rule: any thread; reads files, so not on a shard.
#pragma once

#include <cstdint>
#include <string>

namespace smcp {

struct ProcessStatus {
  int64_t cpu_us = 0;  // user and system, since the start
  uint64_t rss_bytes = 0;
  uint64_t fds_open = 0;
  uint64_t fds_max = 0;
};
ProcessStatus ReadProcessStatus();

// The machine's name: what tells this node from others.
std::string NodeName();

}  // namespace smcp
