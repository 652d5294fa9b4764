// What a run found: a table for people and one line of JSON. Units are in the names.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "clients/bench/histogram.h"
#include "clients/bench/options.h"
#include "clients/bench/process_stats.h"

namespace smcp_bench {

// CPU of the server and of this process between Begin and End.
class Window {
 public:
  explicit Window(pid_t server) : server_(server) {}
  void Begin();
  void End();

  double seconds() const;
  bool has_server() const { return before_.ok && after_.ok; }
  double server_cpu_us() const;
  double server_user_s() const { return after_.user_s - before_.user_s; }
  double server_system_s() const { return after_.system_s - before_.system_s; }
  double server_share() const;
  double client_share() const;

 private:
  pid_t server_;
  ProcessSample before_;
  ProcessSample after_;
  int64_t own_before_ = 0;
  int64_t own_after_ = 0;
  int64_t begun_ = 0;
  int64_t ended_ = 0;
};

struct Result {
  explicit Result(pid_t server) : window(server) {}

  std::vector<std::pair<std::string, std::string>> params;  // name, JSON value
  std::vector<std::pair<std::string, double>> extras;       // of the workload
  Histogram latency;
  Window window;
  uint64_t operations = 0;
  uint64_t cpu_operations = 0;  // what the server's CPU is divided by; 0: operations
  uint64_t losses = 0;
  uint64_t misroutes = 0;
  uint64_t mismatches = 0;
  uint64_t duplicates = 0;
  uint64_t refused = 0;
  uint64_t disconnects = 0;
  int64_t rss_before = 0;
  int64_t rss_after = 0;
  uint64_t rss_connections = 0;  // what the growth is divided by
  std::string first_problem;

  // Of connections or operations per second, where it is not operations over the window.
  double rate = 0;

  bool clean() const {
    return losses + misroutes + mismatches + duplicates + refused + disconnects == 0;
  }
  void Note(std::string_view problem) {
    if (first_problem.empty()) first_problem = problem;
  }
};

std::string JsonText(std::string_view text);
std::string JsonNumber(double value);

std::string ToJson(const Options& options, const Result& result);
std::string ToTable(const Options& options, const Result& result);

}  // namespace smcp_bench
