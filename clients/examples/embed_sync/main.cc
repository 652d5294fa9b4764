// The same with code that blocks: provider and handlers run on bounded pools, never on a shard.
//   embed-sync-example PORT KEYS.db    then type an office's name to see its Computers
#include <iostream>

#include "clients/examples/sqlite_keys.h"
#include "gateway/auth/blocking_auth.h"
#include "gateway/backplane/local_backplane.h"
#include "gateway/server/server.h"
#include "gateway/smcp/sync_smcp_namespace.h"

class SqliteAuth final : public smcp::SyncAuthenticationProvider {
 public:
  explicit SqliteAuth(const char* path) : keys_(path) {}
  absl::StatusOr<smcp::Identity> Authenticate(const smcp::AuthRequest& request) override {
    return keys_.Find(request.Header("x-api-key"));
  }

 private:
  SqliteKeys keys_;
};

class Fleet final : public smcp::SyncSmcpNamespace {
 public:
  Fleet(smcp::sio::NamespaceContext context, std::shared_ptr<smcp::SmcpDomain> domain,
        std::shared_ptr<smcp::SyncPool> pool)
      : SyncSmcpNamespace(std::move(context), std::move(domain), std::move(pool)) {
    // Asks the client a question and waits for the answer before it answers itself.
    OnBlocking("fleet:echo-back", [](smcp::BlockingEvent& event) {
      auto answer = event.Call("fleet:question", "\"ready?\"", smcp::Millis(5000));
      event.Ack(answer.ok() ? answer->payload : "null");
    });
  }
};

int main(int argc, char** argv) {
  if (argc != 3) return std::cerr << "usage: embed-sync-example PORT KEYS.db\n", 2;
  auto auth = std::make_shared<smcp::BlockingAuth>(std::make_shared<SqliteAuth>(argv[2]), 4, 1000);
  auto domain = smcp::SmcpDomain::Create({}, auth, std::make_shared<smcp::LocalBackplane>());
  smcp::net::Listener listener("127.0.0.1", static_cast<uint16_t>(std::stoi(argv[1])));
  smcp::sio::Server server({.threads = 1});
  server.Register("/smcp",
                  smcp::MakeFactory<Fleet>(domain, std::make_shared<smcp::SyncPool>(4, 1000)));
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
