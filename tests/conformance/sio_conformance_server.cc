// The server that the official Engine.IO v4 and Socket.IO v5 protocol suites run against, built on
// the public API only.
//
// /engine.io/: a bare Engine.IO echo. /socket.io/: the namespaces / and /custom, which emit `auth`
// with the CONNECT payload, answer `message` with `message-back`, and ack `message-with-ack`.
#include <csignal>

#include <CLI/CLI.hpp>
#include <iostream>

#include "gateway/server/server.h"

namespace {

using smcp::sio::EventView;
using smcp::sio::Socket;

class Echo final : public smcp::RawHandler {
 public:
  void OnMessage(smcp::RawSession& session, std::string_view message, bool binary) override {
    session.SendRaw(message, binary);
  }
};

// What stands between the event's name and the end of its array, with the comma before it.
std::string_view ArgumentsWithComma(const EventView& event) {
  smcp::json::Value name;
  auto cursor = event.index.Enter(event.index.root());
  event.index.NextElement(&cursor, &name);
  const size_t begin = static_cast<size_t>(name.raw.data() - event.payload.data()) + name.raw.size();
  const size_t end = event.payload.find_last_of(']');
  return event.payload.substr(begin, end - begin);
}

std::string_view Arguments(const EventView& event) {
  std::string_view rest = ArgumentsWithComma(event);
  const size_t comma = rest.find(',');
  return comma == std::string_view::npos ? std::string_view() : rest.substr(comma + 1);
}

// The auth of a CONNECT, kept until the socket exists.
struct AuthData final : smcp::sio::SocketData {
  explicit AuthData(std::string auth_json) : auth(std::move(auth_json)) {}
  std::string auth;
};

class Suite final : public smcp::sio::Namespace {
 public:
  explicit Suite(smcp::sio::NamespaceContext context) : Namespace(std::move(context)) {
    On("message", [](Socket& socket, const EventView& event) {
      socket.Emit("message-back", Arguments(event), event.attachments);
    });
    On("message-with-ack", [](Socket& socket, const EventView& event) {
      if (event.ack_id.empty()) return;
      const std::string payload = "[" + std::string(Arguments(event)) + "]";
      socket.SendAck(event.ack_id, payload, event.attachments);
    });
  }

  void OnConnect(smcp::sio::ConnectRequest request, smcp::sio::ConnectDone done) override {
    std::move(done)(smcp::sio::ConnectVerdict::Accept(
        std::make_unique<AuthData>(std::move(request.auth))));
  }

  void OnConnected(Socket& socket) override {
    socket.Emit("auth", static_cast<const AuthData*>(socket.data())->auth);
  }
};

std::unique_ptr<smcp::sio::Namespace> MakeSuite(smcp::sio::NamespaceContext context) {
  return std::make_unique<Suite>(std::move(context));
}

}  // namespace

int main(int argc, char** argv) {
  uint16_t port = 3000;
  unsigned threads = 2;
  int64_t ping_interval_ms = 300;
  int64_t ping_timeout_ms = 200;
  int64_t connect_timeout_ms = 45'000;
  int64_t upgrade_timeout_ms = 10'000;
  smcp::sio::ServerOptions options;
  CLI::App app("Engine.IO v4 / Socket.IO v5 protocol suite target");
  app.add_option("--port", port, "0 picks a free one");
  app.add_option("--threads", threads);
  app.add_option("--ping-interval-ms", ping_interval_ms);
  app.add_option("--ping-timeout-ms", ping_timeout_ms);
  app.add_option("--connect-timeout-ms", connect_timeout_ms);
  app.add_option("--upgrade-timeout-ms", upgrade_timeout_ms);
  app.add_option("--max-payload", options.session.payload_bytes_max, "bytes");
  app.add_option("--outbox-bytes", options.session.outbox_bytes_max);
  app.add_option("--cors-origin", options.cors.origins);
  app.add_flag("--cors-credentials", options.cors.credentials);
  CLI11_PARSE(app, argc, argv);
  options.threads = threads;
  options.session.ping_interval = smcp::Millis(ping_interval_ms);
  options.session.ping_timeout = smcp::Millis(ping_timeout_ms);
  options.session.connect_timeout = smcp::Millis(connect_timeout_ms);
  options.session.upgrade_timeout = smcp::Millis(upgrade_timeout_ms);
  options.session.events_per_second = 0;  // the suites send as fast as they can
  options.http.connections_per_ip_max = 0;

  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);  // inherited by the shards: main waits for them

  Echo echo;
  smcp::sio::Server server(options);
  server.Register("/", MakeSuite);
  server.Register("/custom", MakeSuite);
  smcp::net::Listener listener("127.0.0.1", port);
  if (const absl::Status status = server.Attach(listener, {"/socket.io"}); !status.ok()) {
    std::cerr << status.message() << "\n";
    return 2;
  }
  server.MountRaw(listener, "/engine.io", echo);
  server.Start();
  std::cout << "sio-conformance-server ready listen=127.0.0.1:" << listener.port() << std::endl;
  int signal = 0;
  sigwait(&signals, &signal);
  server.Stop(smcp::Millis(1000));
  return 0;
}
