// The server that the official Engine.IO v4 and Socket.IO v5 protocol suites run against, built on
// the public API only.
//
// /engine.io/: a bare Engine.IO echo. /socket.io/: the namespaces / and /custom, which emit `auth`
// with the CONNECT payload, answer `message` with `message-back`, and ack `message-with-ack`. The
// options from --test-events on are for our own tests.
#include <csignal>

#include <CLI/CLI.hpp>
#include <iostream>

#include "gateway/server/server.h"
#include "tests/conformance/suite_namespace.h"

namespace {

class Echo final : public smcp::RawHandler {
 public:
  void OnMessage(smcp::RawSession& session, std::string_view message, bool binary) override {
    session.SendRaw(message, binary);
  }
};

struct Arguments {
  uint16_t port = 3000;
  bool stats = false;
  smcp::sio::ServerOptions server;
  smcp::conformance::Extras extras;
};

void AddSuiteOptions(CLI::App& app, Arguments& arguments) {
  smcp::SessionLimits& session = arguments.server.session;
  smcp::HttpLimits& http = arguments.server.http;
  app.add_option("--port", arguments.port, "0 picks a free one");
  app.add_option("--threads", arguments.server.threads);
  app.add_option("--max-payload", session.payload_bytes_max, "bytes");
  app.add_option("--outbox-bytes", session.outbox_bytes_max);
  app.add_option("--cors-origin", arguments.server.cors.origins);
  app.add_flag("--cors-credentials", arguments.server.cors.credentials);
  app.add_flag("--test-events", arguments.extras.events);
  app.add_flag("--report-disconnects", arguments.extras.report);
  app.add_flag("--stats", arguments.stats, "the number of live sessions on /stats");
  app.add_option("--events-per-second", session.events_per_second);
  const auto add_millis = [&app](const char* name, smcp::Millis* value) {
    app.add_option_function<int64_t>(name, [value](int64_t ms) { *value = smcp::Millis(ms); });
  };
  add_millis("--ping-interval-ms", &session.ping_interval);
  add_millis("--ping-timeout-ms", &session.ping_timeout);
  add_millis("--connect-timeout-ms", &session.connect_timeout);
  add_millis("--upgrade-timeout-ms", &session.upgrade_timeout);
  add_millis("--connect-delay-ms", &arguments.extras.connect_delay);
  add_millis("--closing-grace-ms", &session.closing_grace);
  add_millis("--reassembly-timeout-ms", &session.reassembly_timeout);
  add_millis("--header-timeout-ms", &http.header_timeout);
  add_millis("--body-timeout-ms", &http.body_timeout);
  add_millis("--idle-timeout-ms", &http.idle_timeout);
}

int Serve(Arguments& arguments, const sigset_t& signals) {
  Echo echo;
  smcp::sio::Server server(arguments.server);
  for (const char* name : {"/", "/custom"}) {
    server.Register(name, [&arguments](smcp::sio::NamespaceContext context) {
      return smcp::conformance::MakeSuite(std::move(context), arguments.extras);
    });
  }
  smcp::net::Listener listener("127.0.0.1", arguments.port);
  if (arguments.stats) {
    listener.AddRoute("/stats", [&server](const smcp::net::HttpRequest&) {
      return smcp::net::HttpReply{.body = std::to_string(server.sessions())};
    });
  }
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

}  // namespace

int main(int argc, char** argv) {
  Arguments arguments;
  // The suites' close test sends a GET and a POST at once and takes for granted that they are
  // served in the order sent, which over two connections only a single thread can promise.
  arguments.server.threads = 1;
  arguments.server.session.ping_interval = smcp::Millis(300);
  arguments.server.session.ping_timeout = smcp::Millis(200);
  arguments.server.session.events_per_second = 0;  // the suites send as fast as they can
  arguments.server.http.connections_per_ip_max = 0;
  CLI::App app("Engine.IO v4 / Socket.IO v5 protocol suite target");
  AddSuiteOptions(app, arguments);
  CLI11_PARSE(app, argc, argv);

  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);  // inherited by the shards: main waits for them
  return Serve(arguments, signals);
}
