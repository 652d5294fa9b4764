// How many CPUs this process may really use: a container's share, not the machine's. One shard too
// many on a core that is shared costs every cross-shard call two context switches.
//
// Thread rule: any thread. Linux; what cannot be read counts as no restriction.
#pragma once

#include <string>

namespace smcp {

// The least of the CPUs in the thread's affinity mask and the cgroup's quota (rounded up); at
// least 1. Affinity is what `taskset`, cpusets and `docker --cpuset-cpus` set, the quota what
// Kubernetes limits and `docker --cpus` do.
unsigned UsableCpus();

// The quota in the text of a cgroup v2 `cpu.max` ("150000 100000"), in CPUs rounded up; 0: none.
unsigned CpusOfQuota(const std::string& cpu_max);

}  // namespace smcp
