#include "gateway/daemon/settings.h"

#include <algorithm>
#include <limits>

#include "gateway/codec/query_string.h"
#include "gateway/daemon/config.h"

namespace smcp {
namespace {

using config::ToMillis;

// Limits for which the library has no "off": as good as none.
template <class T>
T OrNoLimit(T value, T no_limit) {
  return value == 0 ? no_limit : value;
}

VersionPolicy VersionPolicyFrom(const config::v1::Protocol& protocol) {
  VersionPolicy policy{.served = {}, .allow_unversioned = protocol.allow_unversioned()};
  for (const std::string& name : protocol.versions()) {
    if (const auto generation = ParseGeneration(name)) policy.served.push_back(*generation);
  }
  std::sort(policy.served.begin(), policy.served.end());
  return policy;
}

}  // namespace

sio::ServerOptions ServerOptionsFrom(const config::v1::GatewayConfig& config) {
  sio::ServerOptions options;
  options.threads = config.threads();
  SessionLimits& session = options.session;
  session.ping_interval = ToMillis(config.engineio().ping_interval());
  session.ping_timeout = ToMillis(config.engineio().ping_timeout());
  session.upgrade_timeout = ToMillis(config.engineio().upgrade_timeout());
  session.connect_timeout = ToMillis(config.engineio().connect_timeout());
  session.payload_bytes_max = config.engineio().max_payload();
  session.json_depth_max = static_cast<int>(OrNoLimit(config.limits().json_depth(), 1u << 20));
  session.attachments_max = static_cast<int>(OrNoLimit(config.limits().attachments(), 1u << 20));
  session.outbox_bytes_max = config.limits().outbox_bytes();
  session.events_per_second = config.limits().events_per_second();
  options.http.connections_max = config.limits().connections();
  options.http.connections_per_ip_max = config.limits().connections_per_ip();
  options.cors.origins.assign(config.listen().cors_origins().begin(),
                              config.listen().cors_origins().end());
  options.gate = VersionGate(VersionPolicyFrom(config.protocol()));
  return options;
}

SmcpOptions SmcpOptionsFrom(const config::v1::GatewayConfig& config) {
  SmcpOptions options;
  options.versions = VersionPolicyFrom(config.protocol());
  options.mixed_offices = config.protocol().mixed_offices() == "allow";
  options.ack_notifications = config.protocol().ack_notifications();
  options.passthrough_events.insert(config.protocol().passthrough_events().begin(),
                                    config.protocol().passthrough_events().end());
  options.explain_refusals = config.auth().explain_refusals();
  options.call_timeout = ToMillis(config.calls().default_timeout());
  options.call_timeout_slack = ToMillis(config.calls().timeout_slack());
  options.call_timeout_max = ToMillis(config.calls().max_timeout());
  options.calls_in_flight_max = config.limits().calls_in_flight();
  options.office_members_max = config.limits().office_members();
  options.name_bytes_max = config.limits().name_bytes();
  return options;
}

ApiKeyOptions ApiKeyOptionsFrom(const config::v1::GatewayConfig& config, std::string secret) {
  const auto& api_key = config.auth().api_key();
  ApiKeyOptions options;
  options.secret = std::move(secret);
  options.header_names.assign(api_key.header_names().begin(), api_key.header_names().end());
  options.auth_fields.assign(api_key.auth_fields().begin(), api_key.auth_fields().end());
  return options;
}

net::HandshakeGate VersionGate(VersionPolicy policy) {
  return [policy =
              std::move(policy)](const net::HttpRequest& request) -> std::optional<net::HttpReply> {
    VersionVerdict verdict = JudgeVersion(QueryValue(request.query, "a2c_version"), policy);
    if (verdict.accepted) return std::nullopt;
    net::HttpReply reply;
    reply.status = 400;
    reply.content_type = "application/json";
    reply.body = std::move(verdict.body);
    if (verdict.error_code != 0) {
      reply.headers.emplace_back("x-a2c-error-code", std::to_string(verdict.error_code));
    }
    return reply;
  };
}

}  // namespace smcp
