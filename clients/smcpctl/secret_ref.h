// Credentials that are kept elsewhere: env://NAME, file://PATH, exec://COMMAND.
//
// exec runs the command in a shell with our stderr; what it prints is the value. A line end at the
// value's end does not belong to it.
#pragma once

#include <string>

#include "absl/status/statusor.h"

namespace smcpctl {

bool IsSecretRef(const std::string& value);

// The value itself, or what the reference leads to. Errors name the reference, never a value.
absl::StatusOr<std::string> ResolveSecret(const std::string& value);

// PEM text: of a reference what it leads to, otherwise the file of that name.
absl::StatusOr<std::string> ResolvePem(const std::string& value);

// The whole file; "-" is stdin.
absl::StatusOr<std::string> ReadFile(const std::string& path);

}  // namespace smcpctl
