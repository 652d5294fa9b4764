// Turns the configuration message into the option structs of the library.
// Pure functions; any thread.
#pragma once

#include "gateway/auth/api_key_auth.h"
#include "gateway/codec/version.h"
#include "gateway/net/engine_door.h"
#include "gateway/server/server.h"
#include "gateway/smcp/options.h"
#include "smcp/config/v1/config.pb.h"

namespace smcp {

sio::ServerOptions ServerOptionsFrom(const config::v1::GatewayConfig& config);
SmcpOptions SmcpOptionsFrom(const config::v1::GatewayConfig& config);
ApiKeyOptions ApiKeyOptionsFrom(const config::v1::GatewayConfig& config, std::string secret);

// The version gate (SMCP-PROTOCOL.md 3.1): refuses sessions of protocol versions not served, before
// any Engine.IO check.
net::HandshakeGate VersionGate(VersionPolicy policy);

}  // namespace smcp
