#include "gateway/net/cors.h"

#include <algorithm>

namespace smcp::net {

void AddCorsHeaders(const CorsPolicy& policy, const HttpRequest& request, Headers* headers) {
  if (policy.origins.empty()) return;
  const std::string origin(request.Header("origin"));
  const auto listed = [&](std::string_view name) {
    return std::find(policy.origins.begin(), policy.origins.end(), name) != policy.origins.end();
  };
  if (listed("*") && !policy.credentials) {
    headers->emplace_back("Access-Control-Allow-Origin", "*");
  } else {
    // A wildcard with credentials is illegal: the origin is echoed instead.
    if (!origin.empty() && (listed("*") || listed(origin))) {
      headers->emplace_back("Access-Control-Allow-Origin", origin);
    }
    headers->emplace_back("Vary", "Origin");
  }
  if (policy.credentials) headers->emplace_back("Access-Control-Allow-Credentials", "true");
}

std::optional<HttpReply> Preflight(const CorsPolicy& policy, const HttpRequest& request) {
  if (policy.origins.empty()) return std::nullopt;
  HttpReply reply{.status = 204, .content_type = "", .body = {}, .headers = {}, .close = false};
  AddCorsHeaders(policy, request, &reply.headers);
  reply.headers.emplace_back("Access-Control-Allow-Methods", "GET,HEAD,PUT,PATCH,POST,DELETE");
  const std::string_view wanted = request.Header("access-control-request-headers");
  if (!wanted.empty()) {
    reply.headers.emplace_back("Access-Control-Allow-Headers", wanted);
    reply.headers.emplace_back("Vary", "Access-Control-Request-Headers");
  }
  return reply;
}

bool OriginIsSane(const HttpRequest& request) {
  const std::string_view origin = request.Header("origin");
  return std::all_of(origin.begin(), origin.end(), [](char c) {
    const auto u = static_cast<unsigned char>(c);
    return u > 0x20 && u < 0x7f;
  });
}

}  // namespace smcp::net
