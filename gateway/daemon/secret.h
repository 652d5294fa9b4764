// The secret of the provider api_key: from the configuration, from its file, or random.
// Thread rule: pure functions but for reading the file; they may block. Errors: one line that names
// key and file, never the secret.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "gateway/base/rng.h"
#include "smcp/config/v1/config.pb.h"

namespace smcp::config {

struct Secret {
  std::string value;                  // empty: none is configured
  std::vector<std::string> warnings;  // one line each, for the log
};

// One newline at the end of the file is not part of the secret. A secret that no HTTP header could
// carry (control characters, spaces at an end) is refused here, not discovered at the first client.
absl::StatusOr<Secret> LoadSecret(const v1::GatewayConfig& config);

// 256 random bits in hexadecimal, for a start without a configured secret.
std::string RandomSecret(Random& random);

}  // namespace smcp::config
