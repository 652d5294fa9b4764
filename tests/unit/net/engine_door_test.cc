#include "gateway/net/engine_door.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace smcp::net {
namespace {

using ::testing::ElementsAre;
using ::testing::Pair;
using Kind = DoorVerdict::Kind;

constexpr uint16_t kShards = 4;
constexpr std::string_view kCode0 = R"({"code":0,"message":"Transport unknown"})";
constexpr std::string_view kCode1 = R"({"code":1,"message":"Session ID unknown"})";
constexpr std::string_view kCode2 = R"({"code":2,"message":"Bad handshake method"})";
constexpr std::string_view kCode3 = R"({"code":3,"message":"Bad request"})";
constexpr std::string_view kCode5 = R"({"code":5,"message":"Unsupported protocol version"})";

std::string Sid(uint16_t shard) { return FormatSid(PeerAddress{shard, 7, {}}); }

HttpRequest Request(std::string_view method, std::string query) {
  HttpRequest request;
  request.method = method;
  request.path = "/socket.io/";
  request.query = std::move(query);
  return request;
}

HttpRequest WebSocket(std::string query) {
  HttpRequest request = Request("GET", std::move(query));
  request.headers = {{"Upgrade", "WebSocket"},
                     {"Connection", "keep-alive, Upgrade"},
                     {"Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="},
                     {"Sec-WebSocket-Version", "13"}};
  return request;
}

void SetHeader(HttpRequest* request, std::string_view name, std::string value) {
  for (auto& [key, old] : request->headers) {
    if (key == name) old = value;
  }
}

DoorVerdict Judge(const HttpRequest& request) {
  return JudgeRequest(request, CorsPolicy{}, nullptr, kShards);
}

TEST(EngineDoor, LegalRequestsPass) {
  EXPECT_EQ(Judge(Request("GET", "EIO=4&transport=polling")).kind, Kind::kOpenPolling);
  EXPECT_EQ(Judge(Request("GET", "t=abc&transport=polling&EIO=4&x=1")).kind, Kind::kOpenPolling);
  EXPECT_EQ(Judge(Request("GET", "EIO=4&transport=poll%69ng")).kind, Kind::kOpenPolling);
  EXPECT_EQ(Judge(Request("GET", "EIO=4&transport=polling&sid=")).kind, Kind::kOpenPolling);
  EXPECT_EQ(Judge(WebSocket("EIO=4&transport=websocket")).kind, Kind::kOpenWebSocket);
  const std::string sid = "&sid=" + Sid(3);
  EXPECT_EQ(Judge(Request("GET", "transport=polling" + sid)).kind, Kind::kPollGet);  // no EIO: fine
  EXPECT_EQ(Judge(Request("POST", "EIO=4&transport=polling" + sid)).kind, Kind::kPollPost);
  EXPECT_EQ(Judge(WebSocket("EIO=4&transport=websocket" + sid)).kind, Kind::kUpgrade);
}

TEST(EngineDoor, ASidTellsItsShard) {
  const DoorVerdict verdict = Judge(Request("GET", "transport=polling&sid=" + Sid(3)));
  EXPECT_EQ(verdict.address.shard, 3);
  EXPECT_EQ(verdict.address.slot, 7u);
}

TEST(EngineDoor, RefusalsAreTheBytesOfTheReference) {
  const std::string sid = "&sid=" + Sid(0);
  struct Case {
    HttpRequest request;
    std::string_view body;
  };
  for (const Case& c : std::vector<Case>{
           {Request("GET", ""), kCode0},
           {Request("GET", "EIO=4"), kCode0},
           {Request("GET", "EIO=4&transport=abc"), kCode0},
           {Request("GET", "EIO=4&transport="), kCode0},
           {Request("GET", "EIO=4&transport=webtransport"), kCode0},
           {Request("GET", "EIO=4&transport=Polling"), kCode0},
           {Request("GET", "EIO=4&transport=abc" + sid), kCode0},
           {Request("GET", "EIO=4&transport=polling&sid=nope"), kCode1},
           {Request("POST", "EIO=4&transport=polling&sid=__proto__"), kCode1},
           {Request("GET", "EIO=4&transport=polling&sid=" + std::string(10'000, 'A')), kCode1},
           {Request("GET", "EIO=4&transport=polling&sid=%00"), kCode1},
           {Request("GET", "EIO=4&transport=polling&sid=" + Sid(kShards)), kCode1},
           {WebSocket("EIO=4&transport=websocket&sid=nope"), kCode1},
           {Request("POST", "EIO=4&transport=polling"), kCode2},
           {Request("PUT", "EIO=4&transport=polling"), kCode2},
           {Request("DELETE", "EIO=4&transport=polling"), kCode2},
           {Request("HEAD", "EIO=4&transport=polling"), kCode2},
           {Request("OPTIONS", "EIO=4&transport=polling"), kCode2},
           {Request("GET", "EIO=4&transport=websocket"), kCode3},
           {Request("GET", "EIO=4&transport=websocket" + sid), kCode3},
           {Request("GET", "transport=polling"), kCode5},
           {Request("GET", "EIO=3&transport=polling"), kCode5},
           {Request("GET", "EIO=abc&transport=polling"), kCode5},
           {Request("GET", "EIO=04&transport=polling"), kCode5},
           {Request("GET", "EIO=+4&transport=polling"), kCode5},
           {Request("GET", "EIO=3&EIO=4&transport=polling"), kCode5},  // DECISIONS 16
           {WebSocket("EIO=3&transport=websocket"), kCode5},
       }) {
    const DoorVerdict verdict = Judge(c.request);
    EXPECT_EQ(verdict.kind, Kind::kReply) << c.request.method << " " << c.request.query;
    EXPECT_EQ(verdict.reply.body, c.body) << c.request.method << " " << c.request.query;
    EXPECT_EQ(verdict.reply.status, 400u) << c.request.query;
    EXPECT_EQ(verdict.reply.content_type, "application/json") << c.request.query;
  }
}

TEST(EngineDoor, AnOriginThatIsNoneIsABadRequest) {
  HttpRequest request = Request("GET", "EIO=4&transport=polling");
  request.headers.emplace_back("Origin", "http://a\x01");
  EXPECT_EQ(Judge(request).reply.body, kCode3);
}

// Each request breaks every rule from its own on, so the answer tells which is looked at first.
TEST(EngineDoor, TheChecksComeInTheOrderOfTheReference) {
  HttpRequest request = Request("POST", "transport=abc&EIO=3&sid=nope");
  request.headers.emplace_back("Origin", "\x01");
  EXPECT_EQ(Judge(request).reply.body, kCode0);
  request.query = "transport=polling&EIO=3&sid=nope";
  EXPECT_EQ(Judge(request).reply.body, kCode3);  // the Origin
  request.headers.clear();
  EXPECT_EQ(Judge(request).reply.body, kCode1);
  request.query = "transport=websocket&EIO=3";
  EXPECT_EQ(Judge(request).reply.body, kCode2);
  request.method = "GET";
  EXPECT_EQ(Judge(request).reply.body, kCode3);  // a websocket without Upgrade
  request = WebSocket("transport=websocket&EIO=3");
  EXPECT_EQ(Judge(request).reply.body, kCode5);
}

TEST(EngineDoor, TheGateComesBeforeEveryCheckOfAHandshake) {
  int asked = 0;
  const HandshakeGate gate = [&](const HttpRequest&) -> std::optional<HttpReply> {
    ++asked;
    HttpReply reply = EngineErrorReply(EngineError::kForbidden);
    reply.body = "{\"code\":4008}";
    return reply;
  };
  for (const HttpRequest& request :
       {Request("GET", ""), Request("GET", "transport=abc&EIO=3"),
        Request("POST", "transport=polling"), Request("GET", "EIO=4&transport=polling"),
        WebSocket("EIO=4&transport=websocket"), Request("GET", "transport=websocket")}) {
    const DoorVerdict verdict = JudgeRequest(request, CorsPolicy{}, gate, kShards);
    EXPECT_EQ(verdict.kind, Kind::kReply);
    EXPECT_EQ(verdict.reply.body, "{\"code\":4008}");
  }
  EXPECT_EQ(asked, 6);
}

TEST(EngineDoor, TheGateIsNotAskedForASessionThatExists) {
  const HandshakeGate gate = [](const HttpRequest&) -> std::optional<HttpReply> {
    return HttpReply{};
  };
  const auto judge = [&](const HttpRequest& request) {
    return JudgeRequest(request, CorsPolicy{}, gate, kShards).kind;
  };
  EXPECT_EQ(judge(Request("GET", "transport=polling&sid=" + Sid(0))), Kind::kPollGet);
  EXPECT_EQ(judge(WebSocket("transport=websocket&sid=" + Sid(0))), Kind::kUpgrade);
}

TEST(EngineDoor, AGateThatHasNothingToSayLetsTheChecksGoOn) {
  const HandshakeGate gate = [](const HttpRequest&) -> std::optional<HttpReply> {
    return std::nullopt;
  };
  EXPECT_EQ(JudgeRequest(Request("GET", "EIO=4&transport=polling"), {}, gate, kShards).kind,
            Kind::kOpenPolling);
  EXPECT_EQ(JudgeRequest(Request("GET", "EIO=3&transport=polling"), {}, gate, kShards).reply.body,
            kCode5);
}

TEST(EngineDoor, APreflightIsAnsweredBeforeAnythingElse) {
  CorsPolicy cors;
  cors.origins = {"*"};
  const HandshakeGate gate = [](const HttpRequest&) -> std::optional<HttpReply> {
    return EngineErrorReply(EngineError::kForbidden);
  };
  EXPECT_EQ(JudgeRequest(Request("OPTIONS", "transport=abc"), cors, gate, kShards).reply.status,
            204u);
}

TEST(EngineDoor, OtherMethodsOnASessionAreNotAllowed) {
  for (const std::string_view method : {"PUT", "DELETE", "HEAD", "PATCH", "OPTIONS"}) {
    const DoorVerdict verdict = Judge(Request(method, "transport=polling&sid=" + Sid(0)));
    EXPECT_EQ(verdict.kind, Kind::kReply) << method;
    EXPECT_EQ(verdict.reply.status, 405u) << method;
    EXPECT_THAT(verdict.reply.headers, ElementsAre(Pair("Allow", "GET, POST")));
  }
}

TEST(EngineDoor, AWebSocketHandshakeHasToBeOneOnBothWays) {
  for (const std::string& query :
       {std::string("EIO=4&transport=websocket"), "transport=websocket&sid=" + Sid(0)}) {
    HttpRequest request = WebSocket(query);
    SetHeader(&request, "Sec-WebSocket-Version", "12");
    EXPECT_EQ(Judge(request).reply.status, 426u);
    EXPECT_THAT(Judge(request).reply.headers, ElementsAre(Pair("Sec-WebSocket-Version", "13")));
    request = WebSocket(query);
    SetHeader(&request, "Sec-WebSocket-Key", "short");
    EXPECT_EQ(Judge(request).reply.body, kCode3);
    request = WebSocket(query);
    request.http_1_0 = true;
    EXPECT_EQ(Judge(request).reply.body, kCode3);
    request = WebSocket(query);
    SetHeader(&request, "Connection", "keep-alive");
    EXPECT_EQ(Judge(request).reply.body, kCode3);
    request = WebSocket(query);
    SetHeader(&request, "Upgrade", "h2c");
    EXPECT_EQ(Judge(request).reply.body, kCode3);
  }
}

TEST(EngineDoor, AForbiddenRequestIsTheOneWith403) {
  const HttpReply reply = EngineErrorReply(EngineError::kForbidden);
  EXPECT_EQ(reply.status, 403u);
  EXPECT_EQ(reply.body, R"({"code":4,"message":"Forbidden"})");
}

TEST(EngineDoor, AnswersOfASessionBecomeTheRepliesOfTheReference) {
  HttpReply reply = ReplyOf(PollReply{PollReply::Kind::kPackets,
                                      "2\x1e"
                                      "3"});
  EXPECT_EQ(reply.status, 200u);
  EXPECT_EQ(reply.body,
            "2\x1e"
            "3");
  EXPECT_EQ(reply.content_type, "text/plain; charset=UTF-8");
  EXPECT_THAT(reply.headers, ElementsAre(Pair("cache-control", "no-store")));
  reply = ReplyOf(PollReply{PollReply::Kind::kOk, {}});
  EXPECT_EQ(reply.status, 200u);
  EXPECT_EQ(reply.body, "ok");
  EXPECT_EQ(reply.content_type, "text/html");
  EXPECT_EQ(ReplyOf(PollReply{PollReply::Kind::kUnknownSid, {}}).body, kCode1);
  EXPECT_EQ(ReplyOf(PollReply{PollReply::Kind::kBadRequest, {}}).body, kCode3);
  reply = ReplyOf(PollReply{PollReply::Kind::kBare400, {}});
  EXPECT_EQ(reply.status, 400u);
  EXPECT_EQ(reply.body, "");
  EXPECT_EQ(reply.content_type, "");
}

TEST(EngineDoor, TheAcceptingReplyIsThatOfTheStandard) {
  EXPECT_EQ(FormatReply(AcceptWebSocket(WebSocket("")), WebSocket("")),
            "HTTP/1.1 101 Switching Protocols\r\n"
            "Upgrade: websocket\r\n"
            "Connection: Upgrade\r\n"
            "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"
            "\r\n");
}

}  // namespace
}  // namespace smcp::net
