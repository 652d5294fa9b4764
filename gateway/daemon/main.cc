// smcp-gateway: the daemon.
#include <unistd.h>

#include <exception>
#include <iostream>

#include "gateway/daemon/app.h"
#include "gateway/daemon/control_settings.h"
#include "gateway/daemon/options.h"

int main(int argc, char** argv) {
  try {
    smcp::config::Startup startup =
        smcp::config::Start(argc, argv, smcp::config::EnvironmentFrom(environ), SMCP_VERSION,
                            std::cout, std::cerr, smcp::CheckControl);
    if (startup.exit_code) return *startup.exit_code;
    return smcp::App(std::move(startup.sources)).Run();
  } catch (const std::exception& error) {
    std::cerr << "smcp-gateway: " << error.what() << std::endl;
    return 1;
  }
}
