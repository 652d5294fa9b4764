// CPU time and resident memory of the server's process (another process) and of this one. CPU in
// nanoseconds, all threads; memory in bytes. A process that is gone gives a sample that is not ok.
#pragma once

#include <sys/types.h>

#include <cstdint>

namespace smcp_bench {

struct ProcessSample {
  bool ok = false;
  int64_t cpu_ns = 0;  // precise: the kernel's clock of that process
  double user_s = 0;   // in clock ticks (10 ms): only for the split of user and system
  double system_s = 0;
  int64_t rss_bytes = 0;
};

// pid 0 stands for "no server process is known": not ok.
ProcessSample SampleProcess(pid_t pid);

// The exact resident size needs a walk over the process's memory, so it is asked for apart.
int64_t ResidentBytes(pid_t pid);

int64_t OwnCpuNs();

}  // namespace smcp_bench
