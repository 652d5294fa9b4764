#include "clients/smcpctl/settings.h"

#include "clients/smcpctl/failure.h"

namespace smcpctl {
namespace {

constexpr std::string_view kDefaultPort = "50051";

bool ConsumePrefix(std::string_view* text, std::string_view prefix) {
  if (!text->starts_with(prefix)) return false;
  text->remove_prefix(prefix.size());
  return true;
}

absl::StatusOr<Endpoint> ParseEndpoint(std::string_view text) {
  Endpoint endpoint;
  if (text.starts_with("unix:")) {
    endpoint.address = std::string(text);
    endpoint.loopback = true;
    return endpoint;
  }
  if (ConsumePrefix(&text, "https://")) endpoint.tls = true;
  if (ConsumePrefix(&text, "http://")) endpoint.tls = false;
  while (text.ends_with('/')) text.remove_suffix(1);
  const size_t bracket = text.rfind(']');
  const size_t colon = text.rfind(':');
  const bool has_port =
      colon != std::string_view::npos && (bracket == std::string_view::npos || colon > bracket);
  const std::string_view host = has_port ? text.substr(0, colon) : text;
  const std::string_view port = has_port ? text.substr(colon + 1) : kDefaultPort;
  const bool digits = !port.empty() && port.size() <= 5 &&
                      port.find_first_not_of("0123456789") == std::string_view::npos;
  if (host.empty() || !digits || host.find_first_of(" /@") != std::string_view::npos) {
    return UsageError("endpoint '" + std::string(text) +
                      "': expected HOST:PORT, https://HOST:PORT or unix:/PATH");
  }
  endpoint.address = std::string(host) + ":" + std::string(port);
  endpoint.loopback = host == "localhost" || host.starts_with("127.") || host == "[::1]";
  return endpoint;
}

}  // namespace

Settings Overlay(const Settings& base, const Settings& over) {
  Settings out = base;
  for (const SettingKey& key : kSettingKeys) {
    if ((over.*key.member).has_value()) out.*key.member = over.*key.member;
  }
  return out;
}

std::optional<bool> ParseBool(std::string_view text) {
  if (text == "true" || text == "1" || text == "yes") return true;
  if (text == "false" || text == "0" || text == "no") return false;
  return std::nullopt;
}

absl::StatusOr<Settings> FromEnvironment(const GetEnv& get) {
  Settings out;
  const auto value = [&get](const char* name) -> std::optional<std::string> {
    const char* text = get(name);
    if (text == nullptr || *text == '\0') return std::nullopt;
    return std::string(text);
  };
  if (const auto file = value("SMCPCTL_TOKEN_FILE")) out.token = "file://" + *file;
  for (const SettingKey& key : kSettingKeys) {
    const auto text = value(key.variable);
    if (!text.has_value()) continue;
    if (key.boolean && !ParseBool(*text).has_value()) {
      return UsageError(std::string(key.variable) + ": '" + *text + "' is neither true nor false");
    }
    out.*key.member = text;
  }
  return out;
}

absl::StatusOr<std::vector<Endpoint>> ParseEndpoints(std::string_view text) {
  std::vector<Endpoint> out;
  while (!text.empty()) {
    const size_t comma = text.find(',');
    const std::string_view one = text.substr(0, comma);
    text.remove_prefix(comma == std::string_view::npos ? text.size() : comma + 1);
    auto endpoint = ParseEndpoint(one);
    if (!endpoint.ok()) return endpoint.status();
    out.push_back(*std::move(endpoint));
  }
  if (out.empty()) return UsageError("no endpoint: give HOST:PORT");
  return out;
}

}  // namespace smcpctl
