#include <unistd.h>
#include <csignal>
#include <cstdlib>

#include "clients/smcpctl/cli.h"

namespace {

// All output has been flushed when it was written, and a call that breaks off is cancelled by the
// gateway, so there is nothing left to do.
void OnInterrupt(int) { _exit(static_cast<int>(smcpctl::Exit::kInterrupted)); }

}  // namespace

int main(int argc, char** argv) {
  struct sigaction action {};
  action.sa_handler = OnInterrupt;
  sigaction(SIGINT, &action, nullptr);
  // gRPC's own log; errors are told in our words.
  setenv("GRPC_VERBOSITY", "NONE", 0);
  smcpctl::Cli cli;
  smcpctl::AddStatusCommands(&cli);
  smcpctl::AddOfficeCommands(&cli);
  smcpctl::AddSessionCommands(&cli);
  smcpctl::AddCallCommands(&cli);
  smcpctl::AddToolCommands(&cli);
  smcpctl::AddNotifyCommands(&cli);
  smcpctl::AddConfigCommands(&cli);
  smcpctl::AddNodeCommands(&cli);
  smcpctl::AddEventCommands(&cli);
  smcpctl::AddContextCommands(&cli);
  smcpctl::AddRawCommand(&cli);
  smcpctl::AddCompletionCommand(&cli);
  return static_cast<int>(cli.Main(argc, argv));
}
