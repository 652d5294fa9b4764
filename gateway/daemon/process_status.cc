#include "gateway/daemon/process_status.h"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>

namespace smcp {
namespace {

int64_t Micros(const timeval& time) {
  return static_cast<int64_t>(time.tv_sec) * 1'000'000 + time.tv_usec;
}

}  // namespace

ProcessStatus ReadProcessStatus() {
  ProcessStatus status;
  rusage usage{};
  if (getrusage(RUSAGE_SELF, &usage) == 0) {
    status.cpu_us = Micros(usage.ru_utime) + Micros(usage.ru_stime);
  }
  uint64_t pages = 0;
  uint64_t resident = 0;
  if (std::ifstream("/proc/self/statm") >> pages >> resident) {
    status.rss_bytes = resident * static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
  }
  std::error_code error;
  for (auto at = std::filesystem::directory_iterator("/proc/self/fd", error);
       !error && at != std::filesystem::directory_iterator(); at.increment(error)) {
    ++status.fds_open;
  }
  if (status.fds_open != 0) --status.fds_open;  // the one that counts them
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0) status.fds_max = limit.rlim_cur;
  return status;
}

std::string NodeName() {
  std::array<char, 256> name{};
  if (gethostname(name.data(), name.size() - 1) != 0 || name[0] == '\0') return "smcp-gateway";
  return name.data();
}

}  // namespace smcp
