// smcp-bench: loads an SMCP server of any make, checks every answer, and measures.
#include <sys/prctl.h>
#include <sys/resource.h>

#include <cstdio>
#include <memory>
#include <string>

#include "clients/bench/options.h"
#include "clients/bench/report.h"
#include "clients/bench/workload.h"

namespace smcp_bench {
namespace {

constexpr int kExitWrong = 1;
constexpr int kExitUsage = 2;
constexpr int kExitNotStarted = 3;

void RaiseFileLimit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

std::unique_ptr<Workload> Make(const Options& options, SessionSetup* setup) {
  if (options.workload == "idle") return MakeIdle(options, setup);
  if (options.workload == "fanout") return MakeFanout(options, setup);
  if (options.workload == "churn") return MakeChurn(options, setup);
  if (options.workload == "connect-storm") return MakeConnectStorm(options, setup);
  return MakeRelay(options, setup);
}

int Main(int argc, char** argv) {
  int exit_code = 0;
  const std::optional<Options> options = ParseOptions(argc, argv, &exit_code);
  if (!options) return exit_code;

  Loop loop;
  SessionSetup setup;
  setup.loop = &loop;
  if (options->transport == "polling") setup.transport = TransportKind::kPolling;
  if (const std::string why = FillTarget(*options, &setup.target); !why.empty()) {
    std::fprintf(stderr, "smcp-bench: %s\n", why.c_str());
    return kExitUsage;
  }
  RaiseFileLimit();
  prctl(PR_SET_TIMERSLACK, 1UL);  // calls of an open loop are due to the microsecond
  const std::unique_ptr<Workload> workload = Make(*options, &setup);
  const bool started = workload->Run();
  if (setup.transport == TransportKind::kPolling) workload->Goodbye();
  const Result& result = workload->result();
  if (!started) {
    std::fprintf(stderr, "smcp-bench: the run could not start: %s\n", result.first_problem.c_str());
    if (options->json) std::printf("%s\n", ToJson(*options, result).c_str());
    return kExitNotStarted;
  }
  if (!options->quiet) std::fputs(ToTable(*options, result).c_str(), stdout);
  if (options->json) std::printf("%s\n", ToJson(*options, result).c_str());
  return result.clean() ? 0 : kExitWrong;
}

}  // namespace
}  // namespace smcp_bench

int main(int argc, char** argv) { return smcp_bench::Main(argc, argv); }
