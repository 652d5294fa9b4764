#include "gateway/runtime/cpus.h"

#include <sched.h>

#include <algorithm>
#include <fstream>
#include <sstream>
#include <thread>

namespace smcp {
namespace {

unsigned CpusOfAffinity() {
  cpu_set_t set;
  CPU_ZERO(&set);
  // Fails on machines of more than 1,024 CPUs, whose masks are longer.
  if (::sched_getaffinity(0, sizeof(set), &set) != 0) return std::thread::hardware_concurrency();
  return static_cast<unsigned>(CPU_COUNT(&set));
}

unsigned CpusOfCgroup() {
  // In a container with a namespace of its own the group is the root; elsewhere it is where
  // /proc says, relative to the mount.
  std::ifstream groups("/proc/self/cgroup");
  std::string line, group;
  while (std::getline(groups, line)) {
    if (line.starts_with("0::")) group = line.substr(3);
  }
  std::ifstream file("/sys/fs/cgroup" + (group == "/" ? "" : group) + "/cpu.max");
  std::string text;
  std::getline(file, text);
  return CpusOfQuota(text);
}

}  // namespace

unsigned CpusOfQuota(const std::string& cpu_max) {
  std::istringstream in(cpu_max);
  unsigned long quota = 0;
  unsigned long period = 0;
  if (!(in >> quota >> period) || quota == 0 || period == 0) return 0;
  return static_cast<unsigned>((quota + period - 1) / period);
}

unsigned UsableCpus() {
  const unsigned cpus = std::max(1u, CpusOfAffinity());
  const unsigned quota = CpusOfCgroup();
  return quota == 0 ? cpus : std::min(cpus, quota);
}

}  // namespace smcp
