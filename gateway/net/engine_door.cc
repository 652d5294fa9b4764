#include "gateway/net/engine_door.h"

#include "absl/strings/str_cat.h"
#include "gateway/base/strings.h"
#include "gateway/codec/query_string.h"
#include "gateway/codec/ws_frame.h"

namespace smcp::net {
namespace {

std::string_view ErrorText(EngineError error) {
  switch (error) {
    case EngineError::kTransportUnknown:
      return "Transport unknown";
    case EngineError::kSessionIdUnknown:
      return "Session ID unknown";
    case EngineError::kBadHandshakeMethod:
      return "Bad handshake method";
    case EngineError::kBadRequest:
      return "Bad request";
    case EngineError::kForbidden:
      return "Forbidden";
    case EngineError::kUnsupportedProtocolVersion:
      return "Unsupported protocol version";
  }
  return "";
}

DoorVerdict Refuse(EngineError error) {
  return DoorVerdict{DoorVerdict::Kind::kReply, EngineErrorReply(error), {}};
}

bool WantsUpgrade(const HttpRequest& request) {
  return request.HasToken("upgrade", "websocket") && request.HasToken("connection", "upgrade");
}

// What RFC 6455 4.2.1 asks of the opening handshake beyond the Upgrade headers.
std::optional<HttpReply> CheckWebSocket(const HttpRequest& request) {
  if (request.http_1_0 || request.Header("sec-websocket-key").size() != 24) {
    return EngineErrorReply(EngineError::kBadRequest);
  }
  if (request.Header("sec-websocket-version") != "13") {
    HttpReply reply = EngineErrorReply(EngineError::kBadRequest);
    reply.status = 426;
    reply.headers.emplace_back("Sec-WebSocket-Version", "13");
    return reply;
  }
  return std::nullopt;
}

DoorVerdict JudgeSession(const HttpRequest& request, const std::string& sid, bool websocket,
                         uint16_t shards) {
  DoorVerdict verdict;
  if (!ParseSid(sid, shards, &verdict.address)) return Refuse(EngineError::kSessionIdUnknown);
  if (websocket) {
    if (!WantsUpgrade(request)) return Refuse(EngineError::kBadRequest);
    if (auto reply = CheckWebSocket(request)) {
      verdict.reply = std::move(*reply);
      return verdict;
    }
    verdict.kind = DoorVerdict::Kind::kUpgrade;
  } else if (request.method == "GET") {
    verdict.kind = DoorVerdict::Kind::kPollGet;
  } else if (request.method == "POST") {
    verdict.kind = DoorVerdict::Kind::kPollPost;
  } else {
    verdict.reply.status = 405;
    verdict.reply.headers.emplace_back("Allow", "GET, POST");
  }
  return verdict;
}

DoorVerdict JudgeHandshake(const HttpRequest& request, bool websocket) {
  if (request.method != "GET") return Refuse(EngineError::kBadHandshakeMethod);
  if (websocket && !WantsUpgrade(request)) return Refuse(EngineError::kBadRequest);
  if (QueryValue(request.query, "EIO") != "4") {
    return Refuse(EngineError::kUnsupportedProtocolVersion);
  }
  DoorVerdict verdict;
  verdict.kind = DoorVerdict::Kind::kOpenPolling;
  if (websocket) {
    verdict.kind = DoorVerdict::Kind::kOpenWebSocket;
    if (auto reply = CheckWebSocket(request)) {
      verdict.kind = DoorVerdict::Kind::kReply;
      verdict.reply = std::move(*reply);
    }
  }
  return verdict;
}

}  // namespace

DoorVerdict JudgeRequest(const HttpRequest& request, const CorsPolicy& cors,
                         const HandshakeGate& gate, uint16_t shards) {
  if (request.method == "OPTIONS") {
    if (auto reply = Preflight(cors, request)) {
      return DoorVerdict{DoorVerdict::Kind::kReply, std::move(*reply), {}};
    }
  }
  const std::string sid = QueryValue(request.query, "sid").value_or("");
  if (sid.empty() && gate) {
    if (auto reply = gate(request)) {
      return DoorVerdict{DoorVerdict::Kind::kReply, std::move(*reply), {}};
    }
  }
  const std::string transport = QueryValue(request.query, "transport").value_or("");
  const bool websocket = transport == "websocket";
  if (!websocket && transport != "polling") return Refuse(EngineError::kTransportUnknown);
  if (!OriginIsSane(request)) return Refuse(EngineError::kBadRequest);
  return sid.empty() ? JudgeHandshake(request, websocket)
                     : JudgeSession(request, sid, websocket, shards);
}

HttpReply EngineErrorReply(EngineError error) {
  HttpReply reply;
  reply.status = error == EngineError::kForbidden ? 403 : 400;
  reply.content_type = "application/json";
  reply.body = absl::StrCat("{\"code\":", static_cast<int>(error), ",\"message\":\"",
                            ToAbsl(ErrorText(error)), "\"}");
  return reply;
}

HttpReply ReplyOf(PollReply reply) {
  HttpReply http;
  switch (reply.kind) {
    case PollReply::Kind::kPackets:
      http.body = std::move(reply.body);
      http.headers.emplace_back("cache-control", "no-store");
      return http;
    case PollReply::Kind::kOk:
      http.content_type = "text/html";
      http.body = "ok";
      http.headers.emplace_back("cache-control", "no-store");
      return http;
    case PollReply::Kind::kUnknownSid:
      return EngineErrorReply(EngineError::kSessionIdUnknown);
    case PollReply::Kind::kBadRequest:
      return EngineErrorReply(EngineError::kBadRequest);
    case PollReply::Kind::kBare400:
      http.status = 400;
      http.content_type.clear();
      return http;
  }
  return http;
}

HttpReply AcceptWebSocket(const HttpRequest& request) {
  HttpReply reply;
  reply.status = 101;
  reply.content_type.clear();
  reply.headers.emplace_back("Upgrade", "websocket");
  reply.headers.emplace_back("Connection", "Upgrade");
  reply.headers.emplace_back("Sec-WebSocket-Accept",
                             ws::AcceptKey(request.Header("sec-websocket-key")));
  return reply;
}

}  // namespace smcp::net
