#include "clients/bench/process_stats.h"

#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <string>

#include "clients/bench/clock.h"

namespace smcp_bench {
namespace {

std::string ReadProc(pid_t pid, const char* name) {
  std::array<char, 64> path{};
  std::snprintf(path.data(), path.size(), "/proc/%d/%s", static_cast<int>(pid), name);
  std::string text;
  if (std::FILE* file = std::fopen(path.data(), "re")) {
    std::array<char, 4096> part{};
    while (size_t n = std::fread(part.data(), 1, part.size(), file)) text.append(part.data(), n);
    std::fclose(file);
  }
  return text;
}

int64_t ClockNs(clockid_t clock) {
  timespec time{};
  if (clock_gettime(clock, &time) != 0) return -1;
  return time.tv_sec * kSecond + time.tv_nsec;
}

// Fields 14 and 15 of stat, counted behind the command name, which may hold blanks and brackets.
bool UserAndSystem(pid_t pid, double* user, double* system) {
  const std::string stat = ReadProc(pid, "stat");
  const size_t end = stat.rfind(')');
  if (end == std::string::npos) return false;
  unsigned long u = 0;
  unsigned long s = 0;
  if (std::sscanf(stat.c_str() + end + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu",
                  &u, &s) != 2) {
    return false;
  }
  const auto ticks = static_cast<double>(sysconf(_SC_CLK_TCK));
  *user = static_cast<double>(u) / ticks;
  *system = static_cast<double>(s) / ticks;
  return true;
}

}  // namespace

ProcessSample SampleProcess(pid_t pid) {
  ProcessSample sample;
  clockid_t clock{};
  if (pid <= 0 || clock_getcpuclockid(pid, &clock) != 0) return sample;
  sample.cpu_ns = ClockNs(clock);
  sample.ok = sample.cpu_ns >= 0 && UserAndSystem(pid, &sample.user_s, &sample.system_s);
  return sample;
}

int64_t ResidentBytes(pid_t pid) {
  if (pid <= 0) return 0;
  // statm lags behind by up to 64 pages per CPU; the rollup is counted.
  const std::string rollup = ReadProc(pid, "smaps_rollup");
  const size_t at = rollup.find("\nRss:");
  long long kib = 0;
  if (at != std::string::npos && std::sscanf(rollup.c_str() + at, "\nRss: %lld", &kib) == 1) {
    return kib * 1024;
  }
  long long pages = 0;
  if (std::sscanf(ReadProc(pid, "statm").c_str(), "%*d %lld", &pages) != 1) return 0;
  return pages * sysconf(_SC_PAGESIZE);
}

int64_t OwnCpuNs() { return ClockNs(CLOCK_PROCESS_CPUTIME_ID); }

}  // namespace smcp_bench
