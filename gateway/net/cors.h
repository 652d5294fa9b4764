// Cross-origin headers (SOCKETIO-COMPAT.md 2.4). Off without origins. A request from an origin that
// is not listed is served all the same, without the headers: the browser then keeps the answer.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "gateway/net/http.h"

namespace smcp::net {

struct CorsPolicy {
  std::vector<std::string> origins;  // "*" allows any
  bool credentials = false;
};

// Appends what every response needs, errors and the 101 included.
void AddCorsHeaders(const CorsPolicy& policy, const HttpRequest& request, Headers* headers);
// The answer to an OPTIONS request; nothing if cross-origin use is off.
std::optional<HttpReply> Preflight(const CorsPolicy& policy, const HttpRequest& request);
// An Origin with characters that cannot be in one is refused before anything is echoed.
bool OriginIsSane(const HttpRequest& request);

}  // namespace smcp::net
