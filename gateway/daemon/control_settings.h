// Turns the configuration message into the options of the control interface, and judges whether it
// may be opened at that address.
//
// Thread rule: pure functions but for reading files; they may block. Errors: one line for the user,
// never with any part of a token or key.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "control/server.h"
#include "smcp/config/v1/config.pb.h"

namespace smcp {

bool IsLoopback(const std::string& host);

// Tokens and certificate names; token files are read.
absl::StatusOr<control::AccessOptions> AccessOptionsFrom(const config::v1::GatewayConfig& config);

// OK, or what the start (or the reload) is refused with: an address that others can reach needs TLS
// and credentials, or control.insecure. `notices` are to be said once at start.
absl::Status JudgeControl(const config::v1::GatewayConfig& config,
                          std::vector<std::string>* notices);

// A reload does not take the last credential away: a mistake, or going back to an old generation,
// would open the door.
absl::Status JudgeCredentials(const config::v1::Control& now, const config::v1::Control& next);

// For a configuration that JudgeControl lets pass; certificates are read.
absl::StatusOr<control::ServerOptions> ControlOptionsFrom(const config::v1::GatewayConfig& config);

// Everything of the above that a start would be refused with; for --check.
absl::Status CheckControl(const config::v1::GatewayConfig& config,
                          std::vector<std::string>* notices);

// Appends a line to the file at once, for good; false: it could not.
bool AppendLine(const std::string& path, std::string_view line);

}  // namespace smcp
