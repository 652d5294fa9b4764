// The Socket.IO server: the front door of the library.
//
//   smcp::sio::Server server({.threads = 2});
//   server.Register("/chat", [](smcp::sio::NamespaceContext context) {
//     return std::make_unique<Chat>(std::move(context));
//   });
//   smcp::net::Listener listener("127.0.0.1", 8000);
//   listener.AddRoute("/hello", [](const smcp::net::HttpRequest&) { ... });
//   if (absl::Status s = server.Attach(listener, {"/socket.io"}); !s.ok()) ...
//   server.Start();
//
// Thread rule: everything but scheduler() belongs to the thread that made it, which must not be one
// of its shards. Register and Attach come before Start. Stop is final.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "gateway/base/limits.h"
#include "gateway/base/rng.h"
#include "gateway/net/listener.h"
#include "gateway/peer/raw_handler.h"
#include "gateway/peer/session_log.h"
#include "gateway/runtime/shard_set.h"
#include "gateway/socketio/namespace.h"

namespace smcp::sio {

struct ServerOptions {
  unsigned threads = 0;  // shards; 0: one per CPU that the process may use
  SessionLimits session = {};
  HttpLimits http = {};
  net::CorsPolicy cors = {};
  net::HandshakeGate gate = {};  // looks at every request that would create a session
  SessionLog* log = nullptr;     // outlives the server; may be null
};

// Makes the instance of a namespace for one shard.
using NamespaceFactory = std::function<std::unique_ptr<Namespace>(NamespaceContext)>;

class Server {
 public:
  explicit Server(ServerOptions options);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  void Register(std::string name, NamespaceFactory factory);
  // Binds the listener and mounts this server under `paths`; other paths keep the listener's own
  // routes.
  absl::Status Attach(net::Listener& listener, const std::vector<std::string>& paths);
  // As Attach, with bare Engine.IO under `path` in addition.
  void MountRaw(net::Listener& listener, std::string path, RawHandler& handler);
  // Binds a listener that serves only its own routes, on the acceptor's thread.
  absl::Status AttachRoutes(net::Listener& listener);

  void Start();
  // Takes over `session`, `http` connection counts, `cors` and `gate` of the options while serving;
  // the rest of them stays. Nobody is disconnected: limits count for what comes next, a longer ping
  // interval for new sessions. Any thread, one at a time, between Start and Stop.
  void Reconfigure(const ServerOptions& options);
  // No new sessions while on; those that there are go on. Any thread.
  void SetDraining(bool on);
  // No new connections and sessions on attached listeners; routes of AttachRoutes go on.
  void StopAccepting();
  // Ends every session (websockets: 1001 Going Away; polls: a close packet), gives clients up to
  // `grace` to take note, then stops the threads.
  void Stop(Millis grace);

  Scheduler& scheduler() { return shards_; }
  uint32_t sessions() const { return admission_.sessions(); }

 private:
  struct Part;  // what lives on one shard

  // Whose event loop accepts.
  Shard& AcceptorShard();
  size_t OpenWebSockets();
  void ReleaseListeners();

  ServerOptions options_;
  SessionAdmission admission_;
  std::vector<net::Listener> listeners_;  // their sites are read by what runs on the shards
  std::vector<net::Listener> route_listeners_;
  ShardSet shards_;  // destroyed after all that posts to it
  Shard acceptor_;
  std::vector<std::unique_ptr<Part>> parts_;
  std::vector<net::EngineShard> engine_shards_;
  bool started_ = false;
  bool stopped_ = false;
};

}  // namespace smcp::sio
