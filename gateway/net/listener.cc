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

struct Listener::Acceptor {
  explicit Acceptor(Shard& shard)
      : socket(shard.io().get_executor()), pause(shard.io().get_executor()) {}
  static Awaitable<void> Run(Listener* listener);
  boost::asio::basic_socket_acceptor<tcp, Executor> socket;
  boost::asio::basic_waitable_timer<std::chrono::steady_clock,
                                    boost::asio::wait_traits<std::chrono::steady_clock>, Executor>
      pause;
};

Listener::Listener(std::string host, uint16_t port)
    : host_(std::move(host)), port_(port), site_(std::make_unique<Site>()) {}

Listener::~Listener() = default;

void Listener::AddRoute(std::string path, std::function<HttpReply(const HttpRequest&)> route) {
  AddAsyncRoute(std::move(path),
                [route = std::move(route)](const HttpRequest& request, RouteDone done) {
                  std::move(done)(route(request));
                });
}

void Listener::AddAsyncRoute(std::string path, Route route) {
  site_->routes.insert_or_assign(std::move(path), std::move(route));
}

absl::Status Listener::Bind(Shard& acceptor) {
  acceptor_ = std::make_unique<Acceptor>(acceptor);
  const auto failed = [this](const boost::system::error_code& error) {
    return absl::UnavailableError(
        absl::StrCat("cannot listen on ", host_, ":", port_, ": ", Describe(error)));
  };
  boost::system::error_code error;
  tcp::resolver resolver(acceptor.io());
  const auto found = resolver.resolve(host_, std::to_string(port_), tcp::resolver::passive, error);
  if (error || found.empty()) {
    return absl::InvalidArgumentError(absl::StrCat(
        "cannot listen on ", host_, ":", port_, ": no such host; use an address such as 0.0.0.0"));
  }
  const tcp::endpoint endpoint = *found.begin();
  auto& socket = acceptor_->socket;
  if (socket.open(endpoint.protocol(), error)) return failed(error);
  socket.set_option(tcp::acceptor::reuse_address(true), error);
  if (socket.bind(endpoint, error)) return failed(error);
  if (socket.listen(4096, error)) return failed(error);
  port_ = socket.local_endpoint(error).port();
  return absl::OkStatus();
}

void Listener::Start(std::vector<EngineShard> targets) {
  targets_ = std::move(targets);
  boost::asio::co_spawn(acceptor_->socket.get_executor(), Acceptor::Run(this),
                        [](std::exception_ptr error) { static_cast<void>(error); });
}

const EngineShard& Listener::PickTarget() {
  // Ties (an idle server, or targets without sessions) go round.
  size_t best = turn_++ % targets_.size();
  for (size_t i = 0; i < targets_.size(); ++i) {
    const PeerHost* host = targets_[i].host;
    if (host != nullptr && host->live() < targets_[best].host->live()) best = i;
  }
  return targets_[best];
}

Awaitable<void> Listener::Acceptor::Run(Listener* listener) {
  Acceptor& self = *listener->acceptor_;
  while (self.socket.is_open()) {
    const EngineShard& target = listener->PickTarget();
    TcpSocket accepted(target.shard->io().get_executor());
    const auto [error] = co_await self.socket.async_accept(accepted, kAwait);
    if (error == boost::asio::error::operation_aborted) co_return;
    if (error) {
      self.pause.expires_after(kAcceptPause);
      co_await self.pause.async_wait(kAwait);
      continue;
    }
    boost::system::error_code ignored;
    accepted.set_option(tcp::no_delay(true), ignored);
    target.shard->Post([socket = std::move(accepted), &target, listener]() mutable {
      std::make_shared<HttpConnection>(std::move(socket), target, *listener->site_)->Start();
    });
  }
}

void Listener::StopAccepting() {
  boost::system::error_code ignored;
  acceptor_->socket.close(ignored);
}

void Listener::Release() { acceptor_.reset(); }

void Listener::Serve(int fd) {
  const EngineShard& target = targets_[0];
  target.shard->Post([fd, &target, this] {
    TcpSocket socket(target.shard->io().get_executor());
    boost::system::error_code error;
    socket.assign(tcp::v4(), fd, error);
    if (error) return;
    std::make_shared<HttpConnection>(std::move(socket), target, *site_)->Start();
  });
}

}  // namespace smcp::net
