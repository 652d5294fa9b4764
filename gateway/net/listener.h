// A listening address with what it serves: routes of the host application, and the Engine.IO paths
// of a server attached to it.
//
// A handle: copies mean the same listener. A server keeps one of its own, so it does not matter
// whether the program's handle or the server goes first.
// Thread rule: configure before Start; then it runs on the acceptor's shard.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "gateway/net/site.h"

namespace smcp::net {

class Listener {
 public:
  // Port 0 picks a free one.
  Listener(std::string host, uint16_t port);

  // A plain HTTP route beside whatever is mounted. The simple form answers at once.
  void AddRoute(std::string path, std::function<HttpReply(const HttpRequest&)> route);
  void AddAsyncRoute(std::string path, Route route);
  Site& site();

  // Binds; the error says what is wrong with the address and how to mend it.
  absl::Status Bind(Shard& acceptor);
  // Accepts from now on; connections are placed on the target with the fewest live sessions.
  void Start(std::vector<EngineShard> targets);
  // On the acceptor's shard: no further connections.
  void StopAccepting();
  // Lets go of the acceptor's event loop, which has stopped for good.
  void Release();
  // Serves a connected socket that the host application has accepted itself. Any thread.
  void Serve(int fd);

  const std::string& host() const;
  // After Bind: the real one.
  uint16_t port() const;

 private:
  struct Core;

  std::shared_ptr<Core> core_;
};

}  // namespace smcp::net
