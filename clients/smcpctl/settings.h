// Where to connect, as whom, and how to print: what flags, environment and a context can say.
//
// Precedence: flag > environment > context > default, key by key.
#pragma once

#include <array>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace smcpctl {

struct Settings {
  std::optional<std::string> endpoint{};  // several, separated by commas: the first that answers
  std::optional<std::string> token{};     // or env://, file://, exec://
  std::optional<std::string> cacert{};    // a path, or env://, file://, exec:// for PEM text
  std::optional<std::string> cert{};
  std::optional<std::string> key{};
  std::optional<std::string> server_name{};
  std::optional<std::string> tls{};  // "true" or "false"; absent: as the endpoint asks for
  std::optional<std::string> insecure_skip_verify{};
  std::optional<std::string> timeout{};
  std::optional<std::string> output{};
  std::optional<std::string> color{};
};

// One key: its name in a context, its variable, its member.
struct SettingKey {
  const char* name;
  const char* variable;
  std::optional<std::string> Settings::*member;
  bool boolean;
};
inline constexpr std::array<SettingKey, 11> kSettingKeys{{
    {"endpoint", "SMCPCTL_ENDPOINT", &Settings::endpoint, false},
    {"token", "SMCPCTL_TOKEN", &Settings::token, false},
    {"cacert", "SMCPCTL_CACERT", &Settings::cacert, false},
    {"cert", "SMCPCTL_CERT", &Settings::cert, false},
    {"key", "SMCPCTL_KEY", &Settings::key, false},
    {"server_name", "SMCPCTL_SERVER_NAME", &Settings::server_name, false},
    {"tls", "SMCPCTL_TLS", &Settings::tls, true},
    {"insecure_skip_verify", "SMCPCTL_INSECURE_SKIP_VERIFY", &Settings::insecure_skip_verify, true},
    {"timeout", "SMCPCTL_TIMEOUT", &Settings::timeout, false},
    {"output", "SMCPCTL_OUTPUT", &Settings::output, false},
    {"color", "SMCPCTL_COLOR", &Settings::color, false},
}};

inline constexpr std::string_view kDefaultEndpoint = "127.0.0.1:50051";
inline constexpr std::string_view kDefaultTimeout = "10s";

// `over` wins where it says something.
Settings Overlay(const Settings& base, const Settings& over);

// SMCPCTL_TOKEN_FILE is a token too; a variable that is empty counts as not set.
using GetEnv = std::function<const char*(const char*)>;
absl::StatusOr<Settings> FromEnvironment(const GetEnv& get);

// "true", "1", "yes" or their opposites.
std::optional<bool> ParseBool(std::string_view text);

// "host:port" of each endpoint; a missing port is 50051. unix:/path stays as it is. https:// and
// http:// in front say TLS or not.
struct Endpoint {
  std::string address{};
  std::optional<bool> tls{};
  bool loopback = false;
};
absl::StatusOr<std::vector<Endpoint>> ParseEndpoints(std::string_view text);

}  // namespace smcpctl
