#include "clients/smcpctl/invocation.h"

#include <google/protobuf/descriptor.h>
#include <unistd.h>

#include <cstdio>
#include <iostream>
#include <random>
#include <utility>

#include "clients/smcpctl/failure.h"
#include "clients/smcpctl/human.h"
#include "clients/smcpctl/secret_ref.h"
#include "clients/smcpctl/text.h"

namespace smcpctl {
namespace {

std::string FullMethod(const std::string& method) {
  return method.find('.') == std::string::npos ? "smcp.control.v1." + method : method;
}

absl::Status ReadPem(const char* what, const std::optional<std::string>& value, std::string* out) {
  if (!value.has_value()) return absl::OkStatus();
  auto pem = ResolvePem(*value);
  if (!pem.ok())
    return Fail(Exit::kFailed, std::string(what) + ": " + std::string(pem.status().message()));
  *out = *std::move(pem);
  return absl::OkStatus();
}

absl::Status ChooseTls(const Settings& settings, const std::vector<Endpoint>& endpoints,
                       Target* target) {
  // Where nobody has said so, TLS is the rule, except on this machine.
  target->tls = !target->loopback || settings.cacert.has_value() || settings.cert.has_value();
  for (const Endpoint& endpoint : endpoints) {
    if (endpoint.tls.has_value()) target->tls = *endpoint.tls;
    if (endpoint.tls != endpoints.front().tls) {
      return UsageError("endpoints with and without TLS cannot be mixed");
    }
  }
  if (settings.tls.has_value()) target->tls = ParseBool(*settings.tls).value_or(true);
  target->skip_verify = ParseBool(settings.insecure_skip_verify.value_or("false")).value_or(false);
  if (settings.cert.has_value() != settings.key.has_value()) {
    return UsageError("--cert and --key belong together");
  }
  return absl::OkStatus();
}

absl::StatusOr<Target> MakeTarget(const Settings& settings, bool verbose) {
  Target target;
  target.verbose = verbose;
  auto text = ResolveSecret(settings.endpoint.value_or(std::string(kDefaultEndpoint)));
  if (!text.ok()) return text.status();
  auto endpoints = ParseEndpoints(*text);
  if (!endpoints.ok()) return endpoints.status();
  target.loopback = true;
  for (const Endpoint& endpoint : *endpoints) {
    target.addresses.push_back(endpoint.address);
    target.loopback = target.loopback && endpoint.loopback;
  }
  if (absl::Status tls = ChooseTls(settings, *endpoints, &target); !tls.ok()) return tls;
  for (const auto& [flag, value, out] : {std::tuple{"--cacert", &settings.cacert, &target.ca_pem},
                                         std::tuple{"--cert", &settings.cert, &target.cert_pem},
                                         std::tuple{"--key", &settings.key, &target.key_pem}}) {
    if (absl::Status read = ReadPem(flag, *value, out); !read.ok()) return read;
  }
  if (settings.token.has_value()) {
    auto token = ResolveSecret(*settings.token);
    if (!token.ok()) return token.status();
    target.token = *std::move(token);
    if (Printable(target.token) != target.token) {
      return Fail(Exit::kFailed, "the token holds characters that no header may have");
    }
  }
  target.server_name = settings.server_name.value_or("");
  auto timeout = SpanFlag("--timeout", settings.timeout.value_or(std::string(kDefaultTimeout)));
  if (!timeout.ok()) return timeout.status();
  target.timeout = *timeout;
  if (target.timeout == 0) return UsageError("--timeout must be more than 0");
  return target;
}

std::string NewRequestId() {
  std::random_device random;
  uint32_t words[4];
  for (uint32_t& word : words) word = random();
  char out[48];
  std::snprintf(out, sizeof out, "%08x-%04x-4%03x-%04x-%04x%08x", words[0], words[1] >> 16U,
                words[1] & 0xFFFU, 0x8000U | ((words[2] >> 16U) & 0x3FFFU), words[2] & 0xFFFFU,
                words[3]);
  return out;
}

}  // namespace

absl::StatusOr<int64_t> SpanFlag(const char* flag, const std::string& text) {
  if (text.empty()) return 0;
  const auto span = ParseSpan(text);
  if (span.has_value()) return *span;
  return UsageError(std::string(flag) + ": '" + text + "' is no span such as 300ms, 5s or 1m30s");
}

absl::StatusOr<Client*> Invocation::Connection() {
  if (client_ == nullptr) {
    auto target = MakeTarget(settings_, flags_.verbose);
    if (!target.ok()) return target.status();
    client_ = std::make_unique<Client>(*std::move(target));
  }
  return client_.get();
}

absl::Status Invocation::Call(const std::string& method, const google::protobuf::Message& request,
                              google::protobuf::Message* response) {
  auto client = Connection();
  if (!client.ok()) return client.status();
  return (*client)->Call(FullMethod(method), request, response);
}

absl::Status Invocation::Stream(const std::string& method, const google::protobuf::Message& request,
                                google::protobuf::Message* message, const Client::Each& each,
                                const std::function<void()>& idle) {
  auto client = Connection();
  if (!client.ok()) return client.status();
  auto timeout = SpanFlag("--timeout", flags_.settings.timeout.value_or(""));
  if (!timeout.ok()) return timeout.status();
  return (*client)->Stream(FullMethod(method), request, message, *timeout, each, idle);
}

void Invocation::FillChange(google::protobuf::Message* request) const {
  const auto* access = request->GetReflection();
  const auto field = [request](const char* name) {
    return request->GetDescriptor()->FindFieldByName(name);
  };
  if (const auto* id = field("request_id"); id != nullptr) {
    access->SetString(request, id, flags_.request_id.empty() ? NewRequestId() : flags_.request_id);
  }
  if (const auto* reason = field("reason"); reason != nullptr) {
    access->SetString(request, reason, flags_.reason);
  }
  if (const auto* only = field("validate_only"); only != nullptr) {
    access->SetBool(request, only, flags_.dry_run);
  }
}

absl::Status Invocation::Confirm(const std::string& question) const {
  if (flags_.yes || flags_.dry_run) return absl::OkStatus();
  if (isatty(STDIN_FILENO) == 0 || isatty(STDERR_FILENO) == 0) {
    return UsageError(question + " Without a terminal to ask on, --yes is needed");
  }
  std::cerr << question << " [y/N] " << std::flush;
  std::string answer;
  std::getline(std::cin, answer);
  if (answer == "y" || answer == "Y" || answer == "yes") return absl::OkStatus();
  return Fail(Exit::kCancelled, "nothing was done");
}

}  // namespace smcpctl
