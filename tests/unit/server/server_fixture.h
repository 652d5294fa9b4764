// A whole server on a free port of the loopback, and raw clients.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "gateway/server/server.h"
#include "tests/unit/support/tcp_client.h"
#include "tests/unit/support/wait.h"

namespace smcp::test {

// `echo` is acked with its payload, `join` joins the room of its payload's text, `shout` emits to
// the room `r` on all shards, `kick` closes the session.
class Chat final : public sio::Namespace {
 public:
  explicit Chat(sio::NamespaceContext context) : Namespace(std::move(context)) {
    On("echo", [](sio::Socket& socket, const sio::EventView& event) {
      socket.SendAck(event.ack_id, event.payload, event.attachments);
    });
    On("join", [](sio::Socket& socket, const sio::EventView& event) {
      socket.Join("r");
      socket.SendAck(event.ack_id, "[]", {});
    });
    On("shout", [this](sio::Socket&, const sio::EventView&) { EmitToRoom("r", "heard", "1"); });
    On("kick", [](sio::Socket& socket, const sio::EventView&) { socket.CloseSession(); });
  }
};

class EndLog final : public SessionLog {
 public:
  void SessionEnded(const SessionFacts&) override { ended.Raise(); }
  Signal ended;
};

class ServerTest : public ::testing::Test {
 protected:
  // Options may be changed before.
  void Start() {
    server_ = std::make_unique<sio::Server>(options_);
    server_->Register("/chat", [](sio::NamespaceContext context) {
      return std::make_unique<Chat>(std::move(context));
    });
    const absl::Status status = server_->Attach(listener_, {"/socket.io"});
    ASSERT_TRUE(status.ok()) << status;
    server_->Start();
  }
  void TearDown() override {
    if (server_) server_->Stop(Millis(0));
  }

  static std::string GetRequest(std::string_view target, std::string_view headers = "") {
    return "GET " + std::string(target) + " HTTP/1.1\r\nHost: x\r\n" + std::string(headers) +
           "\r\n";
  }
  static std::string PostRequest(std::string_view target, std::string_view body) {
    return "POST " + std::string(target) +
           " HTTP/1.1\r\nHost: x\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" +
           std::string(body);
  }
  static std::string UpgradeRequest(std::string_view target) {
    return GetRequest(target,
                      "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
                      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n");
  }
  static std::string Polling(std::string_view sid = "") {
    std::string target = "/socket.io/?EIO=4&transport=polling";
    if (!sid.empty()) target.append("&sid=").append(sid);
    return target;
  }
  static std::string WebSocket(std::string_view sid = "") {
    std::string target = "/socket.io/?EIO=4&transport=websocket";
    if (!sid.empty()) target.append("&sid=").append(sid);
    return target;
  }

  uint16_t port() const { return listener_.port(); }
  Response Ask(std::string_view request) {
    TcpClient client(port());
    client.Send(request);
    return client.ReadResponse();
  }
  Response Get(std::string_view target) { return Ask(GetRequest(target)); }
  Response Post(std::string_view target, std::string_view body) {
    return Ask(PostRequest(target, body));
  }
  // A new polling session; its sid.
  std::string OpenPolling() {
    const std::string body = Get(Polling()).body;
    EXPECT_EQ(body.substr(0, 8), "0{\"sid\":");
    return body.substr(9, 28);
  }
  std::string OpenChatPolling() {
    const std::string sid = OpenPolling();
    EXPECT_EQ(Post(Polling(sid), "40/chat,").body, "ok");
    EXPECT_EQ(Get(Polling(sid)).body.substr(0, 9), "40/chat,{");
    return sid;
  }
  // A client on a websocket in `/chat`.
  std::unique_ptr<TcpClient> OpenChat() {
    auto client = std::make_unique<TcpClient>(port());
    client->Send(UpgradeRequest(WebSocket()));
    EXPECT_EQ(client->ReadResponse().status, 101);
    EXPECT_EQ(client->ReadFrame().substr(0, 8), "0{\"sid\":");
    client->SendText("40/chat,");
    EXPECT_EQ(client->ReadFrame().substr(0, 9), "40/chat,{");
    return client;
  }

  EndLog log_;
  sio::ServerOptions options_{
      .threads = 2, .session = {}, .http = {}, .cors = {}, .gate = nullptr, .log = &log_};
  std::unique_ptr<sio::Server> server_;
  net::Listener listener_{"127.0.0.1", 0};  // lives on an event loop of the server's
};

}  // namespace smcp::test
