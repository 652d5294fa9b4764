#include "gateway/server/server.h"

#include <thread>

#include "tests/unit/server/server_fixture.h"

namespace smcp::test {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

class Server : public ServerTest {};

TEST_F(Server, ServesAnEchoOverAWebSocket) {
  Start();
  const auto client = OpenChat();
  client->SendText("42/chat,7[\"echo\",{\"a\":1}]");
  EXPECT_EQ(client->ReadFrame(), "43/chat,7[\"echo\",{\"a\":1}]");
  client->SendText("451-/chat,8[\"echo\",{\"_placeholder\":true,\"num\":0}]");
  client->Send(ws::Encode({.opcode = ws::Opcode::kBinary, .data = "raw"}));
  EXPECT_EQ(client->ReadFrame(), "461-/chat,8[\"echo\",{\"_placeholder\":true,\"num\":0}]");
  EXPECT_EQ(client->ReadFrame(), "bin:raw");
  EXPECT_EQ(server_->sessions(), 1u);
}

TEST_F(Server, ServesAnEchoOverPolling) {
  Start();
  const std::string sid = OpenChatPolling();
  TcpClient poll(port());
  poll.Send(GetRequest(Polling(sid)));
  EXPECT_EQ(Post(Polling(sid), "42/chat,7[\"echo\",1]").body, "ok");
  EXPECT_EQ(poll.ReadResponse().body, "43/chat,7[\"echo\",1]");
}

TEST_F(Server, MovesASessionFromPollingToAWebSocket) {
  Start();
  const std::string sid = OpenChatPolling();
  TcpClient wire(port());
  wire.Send(UpgradeRequest(WebSocket(sid)));
  ASSERT_EQ(wire.ReadResponse().status, 101);
  wire.SendText("2probe");
  EXPECT_EQ(wire.ReadFrame(), "3probe");
  TcpClient poll(port());
  poll.Send(GetRequest(Polling(sid)));
  EXPECT_EQ(poll.ReadResponse().body, "6");
  EXPECT_EQ(Post(Polling(sid), "42/chat,1[\"echo\",1]").body, "ok");
  wire.SendText("5");
  EXPECT_EQ(wire.ReadFrame(), "43/chat,1[\"echo\",1]");
  const Response late = Get(Polling(sid));
  EXPECT_EQ(late.status, 400);
  EXPECT_EQ(late.body, "{\"code\":3,\"message\":\"Bad request\"}");
  wire.SendText("42/chat,2[\"echo\",2]");
  EXPECT_EQ(wire.ReadFrame(), "43/chat,2[\"echo\",2]");
}

TEST_F(Server, TheUpgradeMayUseTheConnectionOfTheHandshakeAndBringItsProbeAlong) {
  Start();
  TcpClient client(port());
  client.Send(GetRequest(Polling()));
  const std::string sid = client.ReadResponse().body.substr(9, 28);
  const auto text = [](std::string_view data) {
    return ws::Encode({.opcode = ws::Opcode::kText, .data = data});
  };
  client.Send(UpgradeRequest(WebSocket(sid)) + text("2probe") + text("5") + text("40/chat,"));
  EXPECT_EQ(client.ReadResponse().status, 101);
  EXPECT_EQ(client.ReadFrame(), "3probe");
  EXPECT_THAT(client.ReadFrame(), StartsWith("40/chat,{\"sid\""));
}

TEST_F(Server, EmitsToARoomOnEveryShard) {
  Start();
  std::vector<std::unique_ptr<TcpClient>> clients;
  for (int i = 0; i < 6; ++i) {
    clients.push_back(OpenChat());
    clients.back()->SendText("42/chat,1[\"join\"]");
    EXPECT_EQ(clients.back()->ReadFrame(), "43/chat,1[]");
  }
  clients[0]->SendText("42/chat,[\"shout\"]");
  for (const auto& client : clients) EXPECT_EQ(client->ReadFrame(), "42/chat,[\"heard\",1]");
}

TEST_F(Server, StopEndsWebSocketsWithGoingAwayAndNoDisconnectPacket) {
  Start();
  const auto one = OpenChat();
  const auto two = OpenChat();
  std::thread stopper([&] { server_->Stop(Millis(10'000)); });
  for (TcpClient* client : {one.get(), two.get()}) {
    EXPECT_EQ(client->ReadFrame(), "close:1001");
    client->Send(ws::Encode({.opcode = ws::Opcode::kClose, .data = "\x03\xe9"}));
    client->Hangup();
  }
  stopper.join();  // well before the grace is over
  EXPECT_EQ(server_->sessions(), 0u);
  EXPECT_TRUE(log_.ended.Wait(2));
}

TEST_F(Server, StopTellsAParkedPoll) {
  Start();
  const std::string sid = OpenChatPolling();
  const auto witness = OpenChat();  // keeps the shards running until it has gone
  TcpClient poll(port());
  poll.Send(GetRequest("/none"));
  EXPECT_EQ(poll.ReadResponse().status, 404);  // accepted, so what follows will be read
  poll.Send(GetRequest(Polling(sid)));
  std::thread stopper([&] { server_->Stop(Millis(10'000)); });
  EXPECT_EQ(poll.ReadResponse().body, "1");
  EXPECT_EQ(witness->ReadFrame(), "close:1001");
  witness->Hangup();
  stopper.join();
}

TEST_F(Server, StopDoesNotWaitLongerThanItsGrace) {
  Start();
  const auto client = OpenChat();  // never answers the Close
  const auto before = std::chrono::steady_clock::now();
  server_->Stop(Millis(50));
  EXPECT_LT(std::chrono::steady_clock::now() - before, kDeadline);
  server_->Stop(Millis(50));  // final: a second time does nothing
}

TEST_F(Server, AfterStopAcceptingThereAreNoNewSessionsAndOldOnesGoOn) {
  Start();
  const auto client = OpenChat();
  TcpClient kept(port());  // connected, has not asked yet
  kept.Send(GetRequest("/none"));
  EXPECT_EQ(kept.ReadResponse().status, 404);
  server_->StopAccepting();
  kept.Send(GetRequest(Polling()));
  const Response refused = kept.ReadResponse();
  EXPECT_EQ(refused.status, 503);
  EXPECT_THAT(refused.head, HasSubstr("retry-after: 5\r\n"));
  client->SendText("42/chat,7[\"echo\"]");
  EXPECT_EQ(client->ReadFrame(), "43/chat,7[\"echo\"]");
}

TEST_F(Server, SessionsOfOneAddressAreCounted) {
  options_.http.connections_per_ip_max = 2;
  Start();
  const auto one = OpenChat();
  OpenPolling();
  EXPECT_EQ(Get(Polling()).status, 503);
  TcpClient wire(port());
  wire.Send(UpgradeRequest(WebSocket()));
  EXPECT_EQ(wire.ReadResponse().status, 503);
  one->Hangup();
  ASSERT_TRUE(log_.ended.Wait());
  EXPECT_EQ(Get(Polling()).status, 200);
}

TEST_F(Server, AParkedPollWhoseConnectionEndsTakesTheSessionWithIt) {
  Start();
  const std::string sid = OpenChatPolling();
  {
    TcpClient poll(port());
    poll.Send(GetRequest(Polling(sid)));
  }
  ASSERT_TRUE(log_.ended.Wait());
  EXPECT_EQ(Get(Polling(sid)).body, "{\"code\":1,\"message\":\"Session ID unknown\"}");
}

TEST_F(Server, TheGateAnswersBothWaysIn) {
  options_.gate = [](const net::HttpRequest& request) -> std::optional<net::HttpReply> {
    if (request.query.find("a2c_version=9") == std::string::npos) return std::nullopt;
    net::HttpReply reply;
    reply.status = 400;
    reply.body = "{\"code\":4008}";
    return reply;
  };
  Start();
  EXPECT_EQ(Get(Polling() + "&a2c_version=9").body, "{\"code\":4008}");
  EXPECT_EQ(Ask(UpgradeRequest(WebSocket() + "&a2c_version=9")).body, "{\"code\":4008}");
  EXPECT_EQ(Get(Polling() + "&a2c_version=1").status, 200);
}

TEST_F(Server, ServesASocketThatTheApplicationHasAccepted) {
  listener_.AddRoute("/hello", [](const net::HttpRequest&) {
    return net::HttpReply{.body = "hi", .headers = {}};
  });
  Start();
  TcpAcceptor acceptor;
  TcpClient client(acceptor.port());
  listener_.Serve(acceptor.Accept());
  client.Send(GetRequest("/hello"));
  EXPECT_EQ(client.ReadResponse().body, "hi");
}

// A session that the server has closed waits for a last GET; it is no session to upgrade.
TEST_F(Server, AClosingSessionCannotBeUpgraded) {
  Start();
  const std::string sid = OpenChatPolling();
  EXPECT_EQ(Post(Polling(sid), "42/chat,[\"kick\"]").body, "ok");
  ASSERT_TRUE(log_.ended.Wait());
  TcpClient wire(port());
  wire.Send(UpgradeRequest(WebSocket(sid)));
  const int status = wire.ReadResponse().status;
  EXPECT_EQ(Get(Polling(sid)).body,
            "41/chat,\x1e"
            "1");
  wire.SendText("2probe");  // there is no peer any more for this to reach
  EXPECT_EQ(Get(Polling(sid)).status, 400);
  EXPECT_EQ(status, 400);
  EXPECT_TRUE(wire.Ends());
}

TEST(ServerOptions, AServerThatNeverStartedIsStoppedAtOnce) {
  sio::Server server(
      {.threads = 1, .session = {}, .http = {}, .cors = {}, .gate = nullptr, .log = nullptr});
  server.Stop(Millis(1000));
}

TEST(ServerOptions, ATakenPortIsSaidBeforeTheStart) {
  const auto options = sio::ServerOptions{
      .threads = 1, .session = {}, .http = {}, .cors = {}, .gate = nullptr, .log = nullptr};
  sio::Server one(options);
  sio::Server two(options);
  net::Listener first("127.0.0.1", 0);
  ASSERT_TRUE(one.Attach(first, {"/socket.io"}).ok());
  net::Listener second("127.0.0.1", first.port());
  EXPECT_TRUE(absl::IsUnavailable(two.Attach(second, {"/socket.io"})));
}

}  // namespace
}  // namespace smcp::test
