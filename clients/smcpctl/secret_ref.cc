#include "clients/smcpctl/secret_ref.h"

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iostream>
#include <iterator>

#include "clients/smcpctl/failure.h"

namespace smcpctl {
namespace {

std::string WithoutLineEnd(std::string text) {
  while (text.ends_with('\n') || text.ends_with('\r')) text.pop_back();
  return text;
}

absl::StatusOr<std::string> Run(const std::string& command) {
  std::FILE* pipe = popen(command.c_str(), "re");
  if (pipe == nullptr) return Fail(Exit::kFailed, "exec://: cannot start a shell");
  std::string out;
  char part[4096];
  for (size_t got = 0; (got = std::fread(part, 1, sizeof part, pipe)) > 0;) out.append(part, got);
  const int status = pclose(pipe);
  if (status != 0) {
    return Fail(Exit::kFailed, "exec://" + command + ": the command failed; run it by hand to see");
  }
  return out;
}

absl::StatusOr<std::string> NotEmpty(absl::StatusOr<std::string> value, const std::string& ref) {
  if (!value.ok()) return value;
  std::string text = WithoutLineEnd(*std::move(value));
  if (text.empty()) return Fail(Exit::kFailed, ref + ": gives nothing");
  return text;
}

}  // namespace

bool IsSecretRef(const std::string& value) {
  return value.starts_with("env://") || value.starts_with("file://") ||
         value.starts_with("exec://");
}

absl::StatusOr<std::string> ReadFile(const std::string& path) {
  if (path == "-") {
    return std::string(std::istreambuf_iterator<char>(std::cin), std::istreambuf_iterator<char>());
  }
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  if (!file.is_open() || file.bad()) {
    return Fail(Exit::kFailed, path + ": " + std::strerror(errno == 0 ? EIO : errno));
  }
  return text;
}

absl::StatusOr<std::string> ResolveSecret(const std::string& value) {
  if (value.starts_with("env://")) {
    const char* found = std::getenv(value.c_str() + 6);
    if (found == nullptr) return Fail(Exit::kFailed, value + ": the variable is not set");
    return NotEmpty(std::string(found), value);
  }
  if (value.starts_with("file://")) return NotEmpty(ReadFile(value.substr(7)), value);
  if (value.starts_with("exec://")) return NotEmpty(Run(value.substr(7)), value);
  return value;
}

absl::StatusOr<std::string> ResolvePem(const std::string& value) {
  return IsSecretRef(value) ? ResolveSecret(value) : ReadFile(value);
}

}  // namespace smcpctl
