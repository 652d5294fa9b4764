#include "gateway/daemon/control_settings.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "gateway/base/strings.h"
#include "gateway/daemon/config_access.h"
#include "gateway/daemon/config_text.h"
#include "gateway/daemon/file_system.h"
#include "gateway/daemon/process_status.h"

namespace smcp {
namespace {

using config::Concat;
using config::Invalid;

constexpr size_t kTokenBytesMin = 8;
constexpr size_t kTokenBytesMax = 4096;

control::v1::AccessRole RoleOf(const std::string& name) {
  if (name == "admin") return control::v1::ADMIN;
  return name == "operator" ? control::v1::OPERATOR : control::v1::VIEWER;
}

absl::StatusOr<std::string> ReadToken(const std::string& path) {
  const auto failed = [&](std::string_view why) {
    return Invalid({"control.tokens: ", path, ": ", why});
  };
  absl::StatusOr<std::string> text = SystemFiles().Read(path);
  if (!text.ok()) return failed(Concat({"cannot be read: ", ToStd(text.status().message())}));
  if (text->ends_with('\n')) text->pop_back();
  if (text->ends_with('\r')) text->pop_back();
  if (text->size() < kTokenBytesMin || text->size() > kTokenBytesMax) {
    return failed("a token has 8 to 4096 bytes on one line; openssl rand -hex 32 makes one");
  }
  for (const char c : *text) {
    if (c <= ' ' || c == 0x7f) return failed("a token is one word on one line");
  }
  return *std::move(text);
}

absl::StatusOr<std::string> ReadPem(std::string_view key, const std::string& path) {
  if (path.empty()) return std::string();
  absl::StatusOr<std::string> text = SystemFiles().Read(path);
  if (!text.ok()) {
    return Invalid({key, ": ", path, ": cannot be read: ", ToStd(text.status().message())});
  }
  if (text->find("-----BEGIN ") == std::string::npos) {
    return Invalid({key, ": ", path, ": is no PEM file"});
  }
  return text;
}

bool HasCredentials(const config::v1::Control& settings) {
  return !settings.tokens().empty() || !settings.san_roles().empty();
}

}  // namespace

bool IsLoopback(const std::string& host) {
  in6_addr v6{};
  if (inet_pton(AF_INET6, host.c_str(), &v6) == 1) return IN6_IS_ADDR_LOOPBACK(&v6);
  in_addr v4{};
  if (inet_pton(AF_INET, host.c_str(), &v4) == 1) return (ntohl(v4.s_addr) >> 24) == 127;
  return host == "localhost";
}

absl::StatusOr<control::AccessOptions> AccessOptionsFrom(const config::v1::GatewayConfig& config) {
  control::AccessOptions access;
  for (const std::string& text : config.control().tokens()) {
    absl::StatusOr<config::ControlToken> token = config::ParseControlToken(text);
    if (!token.ok()) return Invalid({"control.tokens: ", ToStd(token.status().message())});
    if (token->sha256.empty()) {
      const absl::StatusOr<std::string> content = ReadToken(token->file);
      if (!content.ok()) return content.status();
      token->sha256 = control::Sha256Hex(*content);
    }
    access.tokens.push_back(
        {token->name, RoleOf(token->role), std::move(token->offices), token->sha256});
  }
  for (const std::string& text : config.control().san_roles()) {
    absl::StatusOr<config::SanRole> role = config::ParseSanRole(text);
    if (!role.ok()) return Invalid({"control.san_roles: ", ToStd(role.status().message())});
    access.certificates.push_back({"", role->san, RoleOf(role->role), std::move(role->offices)});
  }
  const absl::StatusOr<control::AccessPolicy> policy = control::AccessPolicy::Create(access);
  if (!policy.ok()) return Invalid({"control.tokens: ", ToStd(policy.status().message())});
  return access;
}

absl::Status JudgeControl(const config::v1::GatewayConfig& config,
                          std::vector<std::string>* notices) {
  const config::v1::Control& settings = config.control();
  if (settings.address().empty()) return absl::OkStatus();
  const auto address = config::ParseAddress(settings.address());
  const bool loopback = address.ok() && IsLoopback(address->host);
  const bool tls = !settings.tls().cert_file().empty();
  if (!loopback && !settings.insecure()) {
    if (!tls) {
      return Invalid({"control.address: ", settings.address(),
                      " can be reached by others and has no TLS; set control.tls.cert_file and "
                      "key_file, use 127.0.0.1, or say --insecure"});
    }
    if (!HasCredentials(settings)) {
      return Invalid({"control.address: ", settings.address(),
                      " can be reached by others and nobody has a credential; set control.tokens "
                      "or control.san_roles, use 127.0.0.1, or say --insecure"});
    }
  }
  if (!HasCredentials(settings)) {
    notices->push_back(Concat({"control interface: without control.tokens everybody who reaches ",
                               settings.address(), " is an administrator"}));
  }
  if (!loopback && !tls) {
    notices->push_back("control interface: tokens travel in clear text (control.insecure)");
  }
  return absl::OkStatus();
}

absl::Status JudgeCredentials(const config::v1::Control& now, const config::v1::Control& next) {
  if (now.address().empty() || !HasCredentials(now) || HasCredentials(next)) {
    return absl::OkStatus();
  }
  return Invalid({"control.tokens: without any, everybody who reaches ", now.address(),
                  " would be an administrator; keep one, or take the last away with a restart"});
}

absl::StatusOr<control::ServerOptions> ControlOptionsFrom(const config::v1::GatewayConfig& config) {
  const config::v1::Control& settings = config.control();
  control::ServerOptions options;
  options.address = settings.address();
  options.node_id = NodeName();
  options.allow_invoke = settings.allow_invoke();
  const auto address = config::ParseAddress(settings.address());
  options.reflection = settings.reflection() == "on" || (settings.reflection() == "auto" &&
                                                         address.ok() && IsLoopback(address->host));
  absl::StatusOr<control::AccessOptions> access = AccessOptionsFrom(config);
  if (!access.ok()) return access.status();
  options.access = *std::move(access);
  struct Pem {
    std::string_view key;
    const std::string& path;
    std::string* text;
  };
  for (const Pem& pem :
       {Pem{"control.tls.cert_file", settings.tls().cert_file(), &options.tls.certificate_chain},
        Pem{"control.tls.key_file", settings.tls().key_file(), &options.tls.private_key},
        Pem{"control.tls.client_ca_file", settings.tls().client_ca_file(),
            &options.tls.client_ca}}) {
    absl::StatusOr<std::string> text = ReadPem(pem.key, pem.path);
    if (!text.ok()) return text.status();
    *pem.text = *std::move(text);
  }
  // Without tokens a certificate is the only credential there is.
  options.tls.require_client_cert = !options.tls.client_ca.empty() && settings.tokens().empty();
  return options;
}

absl::Status CheckControl(const config::v1::GatewayConfig& config,
                          std::vector<std::string>* notices) {
  if (config.control().address().empty()) return absl::OkStatus();
  if (absl::Status allowed = JudgeControl(config, notices); !allowed.ok()) return allowed;
  return ControlOptionsFrom(config).status();
}

bool AppendLine(const std::string& path, std::string_view line) {
  const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (file < 0) return false;
  std::string text(line);
  if (!text.empty()) text += '\n';
  // One call for a line: other writers of the file cannot come in between.
  const bool written = ::write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  ::close(file);
  return written;
}

}  // namespace smcp
