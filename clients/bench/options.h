// The command line. Every bound is checked here, so workloads need not.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "clients/bench/session.h"

namespace smcp_bench {

struct Options {
  std::string workload;
  std::string url;
  std::string path = "/socket.io";
  std::string namespace_name = "/smcp";
  std::string token;
  std::vector<std::string> headers;
  std::string a2c_version;
  std::string transport = "websocket";
  std::string server_name = "server";
  pid_t server_pid = 0;

  double seconds = 0;  // 0: 10, or 60 when a number of operations ends the run
  uint64_t operations = 0;
  double warmup = 1;
  double deadline = 0;  // of the whole run; 0: five minutes above what was asked for
  double rate = 0;
  double hold = 30;
  uint32_t offices = 50;
  uint32_t outstanding = 4;
  uint32_t bytes = 200;
  uint32_t connections = 1000;
  uint32_t members = 0;  // 0: what suits the workload
  uint32_t concurrency = 64;
  uint32_t sources = 1;
  bool join_together = false;
  bool drop_all = false;
  bool json = false;
  bool quiet = false;
};

// The options, or the exit code to end with (0 for --help, 2 for a mistake, which was printed).
std::optional<Options> ParseOptions(int argc, char** argv, int* exit_code);

// Resolves the address and builds what every session needs. "" or what is wrong.
std::string FillTarget(const Options& options, Target* target);

}  // namespace smcp_bench
