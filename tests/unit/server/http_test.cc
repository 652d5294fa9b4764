// The HTTP connection under the server: framing, limits, routes, and what a session makes of it.
#include "gateway/net/http_connection.h"

#include <thread>

#include "tests/unit/server/server_fixture.h"

namespace smcp::test {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

class Http : public ServerTest {};

TEST_F(Http, RoutesLiveBesideTheMountedServer) {
  listener_.AddRoute("/hello", [](const net::HttpRequest& request) {
    net::HttpReply reply;
    reply.body = request.method + " " + request.query + " " + request.body + " " +
                 std::string(request.Header("x-key")) + " " + request.remote_address;
    return reply;
  });
  Start();
  TcpClient client(port());
  client.Send("POST /hello?a=1 HTTP/1.1\r\nHost: x\r\nX-Key: k\r\nContent-Length: 4\r\n\r\nbody");
  const Response response = client.ReadResponse();
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.body, "POST a=1 body k 127.0.0.1");
  EXPECT_EQ(Get("/other").status, 404);
  EXPECT_EQ(Get("/hello/below").status, 404);
  EXPECT_EQ(Get("/socket.iox").status, 404);
  EXPECT_EQ(Get(Polling()).status, 200);
}

TEST_F(Http, ARouteMayAnswerLaterAndFromAnotherThread) {
  std::vector<std::thread> threads;
  listener_.AddAsyncRoute("/later", [&](const net::HttpRequest&, net::RouteDone done) {
    threads.emplace_back([done = std::move(done)]() mutable {
      std::move(done)(net::HttpReply{.body = "now", .headers = {}});
    });
  });
  Start();
  EXPECT_EQ(Get("/later").body, "now");
  server_->Stop(Millis(0));
  for (std::thread& thread : threads) thread.join();
}

TEST_F(Http, ARouteThatDropsItsAnswerGets500) {
  listener_.AddAsyncRoute("/drop", [](const net::HttpRequest&, net::RouteDone) {});
  Start();
  EXPECT_EQ(Get("/drop").status, 500);
}

TEST_F(Http, AConnectionServesRequestsOneAfterAnother) {
  Start();
  TcpClient client(port());
  client.Send(GetRequest(Polling()) + GetRequest(Polling()));  // pipelined
  const std::string one = client.ReadResponse().body;
  const std::string two = client.ReadResponse().body;
  EXPECT_THAT(one, StartsWith("0{\"sid\":"));
  EXPECT_THAT(two, StartsWith("0{\"sid\":"));
  EXPECT_NE(one, two);
  client.Send(GetRequest("/none", "Connection: close\r\n"));
  EXPECT_EQ(client.ReadResponse().status, 404);
  EXPECT_TRUE(client.Ends());
}

TEST_F(Http, AnOldClientGetsItsAnswerAndTheEnd) {
  Start();
  TcpClient client(port());
  client.Send("GET " + Polling() + " HTTP/1.0\r\n\r\n");
  const Response response = client.ReadResponse();
  EXPECT_EQ(response.status, 200);
  EXPECT_THAT(response.head, HasSubstr("connection: close\r\n"));
  EXPECT_TRUE(client.Ends());
}

TEST_F(Http, TheHandshakeHasTheHeadersOfTheReference) {
  Start();
  const Response response = Get(Polling());
  EXPECT_THAT(response.head, HasSubstr("content-type: text/plain; charset=utf-8\r\n"));
  EXPECT_THAT(response.head, HasSubstr("cache-control: no-store\r\n"));
  EXPECT_THAT(response.head, Not(HasSubstr("access-control")));
}

TEST_F(Http, RefusalsAreJsonAndTheConnectionCanBeUsedOn) {
  Start();
  TcpClient client(port());
  client.Send(GetRequest("/socket.io/?EIO=3&transport=polling"));
  const Response refused = client.ReadResponse();
  EXPECT_EQ(refused.status, 400);
  EXPECT_EQ(refused.body, "{\"code\":5,\"message\":\"Unsupported protocol version\"}");
  EXPECT_THAT(refused.head, HasSubstr("content-type: application/json\r\n"));
  client.Send(GetRequest(Polling()));
  EXPECT_EQ(client.ReadResponse().status, 200);
}

TEST_F(Http, CrossOriginHeadersAreOnEveryAnswer) {
  options_.cors.origins = {"http://a"};
  Start();
  const std::string origin = "Origin: http://a\r\n";
  const std::string allowed = "access-control-allow-origin: http://a\r\n";
  EXPECT_THAT(Ask(GetRequest(Polling(), origin)).head, HasSubstr(allowed));
  EXPECT_THAT(Ask(GetRequest("/socket.io/?transport=x", origin)).head, HasSubstr(allowed));
  std::string upgrade = UpgradeRequest(WebSocket());
  upgrade.insert(upgrade.size() - 2, origin);
  const Response accepted = Ask(upgrade);
  EXPECT_EQ(accepted.status, 101);
  EXPECT_THAT(accepted.head, HasSubstr(allowed));
  TcpClient client(port());
  client.Send("OPTIONS " + Polling() + " HTTP/1.1\r\nHost: x\r\n" + origin + "\r\n");
  EXPECT_EQ(client.ReadResponse().status, 204);
}

TEST_F(Http, ABodyOfExactlyTheMaximumPassesAndOneByteMoreIs413) {
  options_.session.payload_bytes_max = 1000;
  Start();
  const std::string sid = OpenChatPolling();
  const std::string start = "42/chat,[\"x\",\"";
  const std::string body = start + std::string(1000 - start.size() - 2, 'y') + "\"]";
  ASSERT_EQ(body.size(), 1000u);
  EXPECT_EQ(Post(Polling(sid), body).body, "ok");
  EXPECT_EQ(Post(Polling(sid), body + " ").status, 413);
  EXPECT_EQ(Post(Polling(sid), body).body, "ok");  // the session survives
}

TEST_F(Http, ABodyInChunksIsABody) {
  Start();
  const std::string sid = OpenChatPolling();
  TcpClient client(port());
  client.Send("POST " + Polling(sid) +
              " HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
              "8\r\n42/chat,\r\n");
  client.Send("c;ext=1\r\n7[\"echo\",12]\r\n0\r\nTrailer: x\r\n\r\n");
  EXPECT_EQ(client.ReadResponse().body, "ok");
  EXPECT_EQ(Get(Polling(sid)).body, "43/chat,7[\"echo\",12]");
}

TEST_F(Http, AClientThatAsksFirstIsToldToContinue) {
  Start();
  const std::string sid = OpenChatPolling();
  TcpClient client(port());
  client.Send("POST " + Polling(sid) +
              " HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(client.ReadResponse().status, 100);
  client.Send("3");
  EXPECT_EQ(client.ReadResponse().body, "ok");
}

TEST_F(Http, ARequestThatIsNoneGets400AndTheEnd) {
  Start();
  for (const std::string_view bytes :
       {"\x16\x03\x01\x02\r\n\r\n", "GET\r\n\r\n", "GET / HTTP/1.1\r\nbad header\r\n\r\n",
        "POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n"}) {
    TcpClient client(port());
    client.Send(bytes);
    EXPECT_EQ(client.ReadResponse().status, 400) << bytes;
    EXPECT_TRUE(client.Ends()) << bytes;
  }
}

TEST_F(Http, AHeaderThatIsTooLargeGets431) {
  options_.http.header_bytes_max = 1000;
  Start();
  const Response response = Ask(GetRequest("/", "X: " + std::string(2000, 'x') + "\r\n"));
  EXPECT_EQ(response.status, 431);
}

TEST_F(Http, AHeaderThatNeverEndsIsCutAtItsDeadline) {
  options_.http.header_timeout = Millis(50);
  Start();
  TcpClient client(port());
  client.Send("GET / HTTP/1.1\r\nX: ");
  EXPECT_TRUE(client.Ends());
}

TEST_F(Http, ABodyThatNeverEndsIsCutAndTakesTheSessionWithIt) {
  options_.http.body_timeout = Millis(50);
  Start();
  const std::string sid = OpenChatPolling();
  TcpClient client(port());
  client.Send("POST " + Polling(sid) + " HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n4");
  EXPECT_TRUE(log_.ended.Wait());
  EXPECT_EQ(Get(Polling(sid)).status, 400);
}

TEST_F(Http, OctetStreamsAreRefusedAndEndTheSession) {
  Start();
  const std::string sid = OpenChatPolling();
  TcpClient client(port());
  client.Send("POST " + Polling(sid) +
              " HTTP/1.1\r\nHost: x\r\nContent-Type: application/octet-stream\r\n"
              "Content-Length: 1\r\n\r\n3");
  const Response response = client.ReadResponse();
  EXPECT_EQ(response.status, 400);
  EXPECT_EQ(response.body, "");
  EXPECT_TRUE(log_.ended.Wait());
}

TEST_F(Http, ASecondPostWhileTheFirstArrivesEndsBoth) {
  Start();
  const std::string sid = OpenChatPolling();
  TcpClient first(port());
  first.Send("POST " + Polling(sid) +
             " HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\nExpect: 100-continue\r\n\r\n");
  ASSERT_EQ(first.ReadResponse().status, 100);  // the session knows of it
  const Response second = Post(Polling(sid), "3");
  EXPECT_EQ(second.status, 400);
  EXPECT_TRUE(first.Ends());
  EXPECT_TRUE(log_.ended.Wait());
}

TEST_F(Http, UnknownSessionsAreRefusedOnEveryWay) {
  Start();
  const std::string sid = FormatSid(PeerAddress{1, 5, {}});
  const std::string unknown = "{\"code\":1,\"message\":\"Session ID unknown\"}";
  EXPECT_EQ(Get(Polling(sid)).body, unknown);
  EXPECT_EQ(Post(Polling(sid), "3").body, unknown);
  const Response upgrade = Ask(UpgradeRequest(WebSocket(sid)));
  EXPECT_EQ(upgrade.status, 400);
  EXPECT_EQ(upgrade.body, unknown);
  TcpClient slow(port());  // refused before the body has come
  slow.Send("POST " + Polling(sid) + " HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n4");
  EXPECT_EQ(slow.ReadResponse().body, unknown);
}

}  // namespace
}  // namespace smcp::test
