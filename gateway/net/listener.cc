#include "gateway/net/listener.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>

#include "absl/strings/str_cat.h"
#include "gateway/net/http_connection.h"

namespace smcp::net {
namespace {

using boost::asio::ip::tcp;
constexpr auto kAwait = boost::asio::as_tuple(boost::asio::use_awaitable_t<Executor>{});
// Out of descriptors or memory: trying again at once would spin.
constexpr Millis kAcceptPause{100};

std::string Describe(const boost::system::error_code& error) {
  if (error == boost::asio::error::address_in_use) {
    return "the port is in use; stop the other program or choose another port (0 picks a free one)";
  }
  if (error == boost::asio::error::access_denied) {
    return "permission denied; choose a port above 1023 or grant CAP_NET_BIND_SERVICE";
  }
  if (error.value() == EADDRNOTAVAIL) return "this machine has no such address";
  return error.message();
}

}  // namespace

struct Listener::Core {
  struct Acceptor {
    explicit Acceptor(Shard& shard)
        : socket(shard.io().get_executor()), pause(shard.io().get_executor()) {}
    boost::asio::basic_socket_acceptor<tcp, Executor> socket;
    boost::asio::basic_waitable_timer<std::chrono::steady_clock,
                                      boost::asio::wait_traits<std::chrono::steady_clock>, Executor>
        pause;
  };

  Core(std::string host_name, uint16_t wanted_port)
      : host(std::move(host_name)), port(wanted_port) {}
  const EngineShard& PickTarget();
  // The core outlives the acceptor's loop: the server that runs it keeps a handle.
  static Awaitable<void> Accept(Core* core);

  std::string host;
  uint16_t port;
  Site site;
  std::unique_ptr<Acceptor> acceptor;  // from Bind until Release
  std::vector<EngineShard> targets;
  size_t turn = 0;
};

Listener::Listener(std::string host, uint16_t port)
    : core_(std::make_shared<Core>(std::move(host), port)) {}

Site& Listener::site() { return core_->site; }
const std::string& Listener::host() const { return core_->host; }
uint16_t Listener::port() const { return core_->port; }

void Listener::AddRoute(std::string path, std::function<HttpReply(const HttpRequest&)> route) {
  AddAsyncRoute(std::move(path),
                [route = std::move(route)](const HttpRequest& request, RouteDone done) {
                  std::move(done)(route(request));
                });
}

void Listener::AddAsyncRoute(std::string path, Route route) {
  core_->site.routes.insert_or_assign(std::move(path), std::move(route));
}

absl::Status Listener::Bind(Shard& shard) {
  const std::string name = absl::StrCat(core_->host, ":", core_->port);
  const auto failed = [&name](const boost::system::error_code& error) {
    return absl::UnavailableError(absl::StrCat("cannot listen on ", name, ": ", Describe(error)));
  };
  boost::system::error_code error;
  tcp::resolver resolver(shard.io());
  const auto found =
      resolver.resolve(core_->host, std::to_string(core_->port), tcp::resolver::passive, error);
  if (error || found.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat("cannot listen on ", name, ": no such host; use an address such as 0.0.0.0"));
  }
  const tcp::endpoint endpoint = *found.begin();
  auto acceptor = std::make_unique<Core::Acceptor>(shard);
  auto& socket = acceptor->socket;
  if (socket.open(endpoint.protocol(), error)) return failed(error);
  socket.set_option(tcp::acceptor::reuse_address(true), error);
  socket.set_option(tcp::no_delay(true), error);  // accepted sockets inherit it
  if (socket.bind(endpoint, error)) return failed(error);
  if (socket.listen(4096, error)) return failed(error);
  core_->port = socket.local_endpoint(error).port();
  core_->acceptor = std::move(acceptor);
  return absl::OkStatus();
}

void Listener::Start(std::vector<EngineShard> targets) {
  core_->targets = std::move(targets);
  boost::asio::co_spawn(core_->acceptor->socket.get_executor(), Core::Accept(core_.get()),
                        [](std::exception_ptr error) { static_cast<void>(error); });
}

const EngineShard& Listener::Core::PickTarget() {
  // Ties (an idle server, or targets without sessions) go round.
  size_t best = turn++ % targets.size();
  for (size_t i = 0; i < targets.size(); ++i) {
    const PeerHost* host_there = targets[i].host;
    if (host_there != nullptr && host_there->live() < targets[best].host->live()) best = i;
  }
  return targets[best];
}

Awaitable<void> Listener::Core::Accept(Core* core) {
  Acceptor& acceptor = *core->acceptor;
  while (acceptor.socket.is_open()) {
    const EngineShard& target = core->PickTarget();
    TcpSocket accepted(target.shard->io().get_executor());
    tcp::endpoint remote;
    const auto [error] = co_await acceptor.socket.async_accept(accepted, remote, kAwait);
    if (error == boost::asio::error::operation_aborted) co_return;
    if (error) {
      acceptor.pause.expires_after(kAcceptPause);
      co_await acceptor.pause.async_wait(kAwait);
      continue;
    }
    target.shard->Post([socket = std::move(accepted), remote, &target, core]() mutable {
      std::make_shared<HttpConnection>(std::move(socket), remote, target, core->site)->Start();
    });
  }
}

void Listener::StopAccepting() {
  boost::system::error_code ignored;
  core_->acceptor->socket.close(ignored);
}

void Listener::Release() { core_->acceptor.reset(); }

void Listener::Serve(int fd) {
  const EngineShard& target = core_->targets[0];
  target.shard->Post([fd, &target, core = core_.get()] {
    TcpSocket socket(target.shard->io().get_executor());
    boost::system::error_code error;
    socket.assign(tcp::v4(), fd, error);
    if (error) return;
    const tcp::endpoint remote = socket.remote_endpoint(error);
    socket.set_option(tcp::no_delay(true), error);
    std::make_shared<HttpConnection>(std::move(socket), remote, target, core->site)->Start();
  });
}

}  // namespace smcp::net
