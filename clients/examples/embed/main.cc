// A program that serves SMCP itself: its own keys, an event of its own, an HTTP route beside it.
//   embed-example PORT KEYS.db    then type an office's name to see its Computers
#include <iostream>

#include "clients/examples/sqlite_keys.h"
#include "gateway/backplane/local_backplane.h"
#include "gateway/server/server.h"
#include "gateway/smcp/sync_smcp_namespace.h"

class SqliteAuth final : public smcp::AuthenticationProvider {
 public:
  explicit SqliteAuth(const char* path) : keys_(path) {}
  void Authenticate(smcp::AuthRequest request, Done done) override {
    smcp::Task look = [this, request = std::move(request), done = std::move(done)]() mutable {
      std::move(done)(keys_.Find(request.Header("x-api-key")));
    };
    pool_.Run(look);  // a full pool drops `done`, which refuses the connection
  }

 private:
  SqliteKeys keys_;
  smcp::SyncPool pool_{2, 1000};
};

std::atomic<int> events_seen{0};

class Fleet final : public smcp::SmcpNamespace {
 public:
  Fleet(smcp::sio::NamespaceContext context, std::shared_ptr<smcp::SmcpDomain> domain)
      : SmcpNamespace(std::move(context), std::move(domain)) {
    On("fleet:whoami", [](smcp::sio::Socket& socket, const smcp::sio::EventView& event) {
      const std::string answer = "[\"" + IdentityOf(socket).subject + "\"]";
      if (!event.ack_id.empty()) socket.SendAck(event.ack_id, answer, {});
    });
    Use([](smcp::sio::Socket&, const smcp::sio::EventView&) { return ++events_seen > 0; });
  }
};

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  auto domain = smcp::SmcpDomain::Create({}, std::make_shared<SqliteAuth>(argv[2]),
                                         std::make_shared<smcp::LocalBackplane>());
  smcp::net::Listener listener("127.0.0.1", static_cast<uint16_t>(std::stoi(argv[1])));
  listener.AddRoute("/events", [](const smcp::net::HttpRequest&) {
    return smcp::net::HttpReply{.body = std::to_string(events_seen) + "\n"};
  });
  smcp::sio::Server server({.threads = 2});
  server.Register("/smcp", smcp::MakeFactory<Fleet>(domain));
  if (auto status = server.Attach(listener, {"/socket.io"}); !status.ok()) {
    return std::cerr << status.message() << "\n", 2;
  }
  server.Start();
  std::cout << "ready listen=127.0.0.1:" << listener.port() << std::endl;
  for (std::string office; std::getline(std::cin, office);) {
    for (const auto& computer : smcp::GetComputersInOffice(*domain, smcp::OfficeId{office}))
      std::cout << computer.name << " ";
    std::cout << std::endl;
  }
}
