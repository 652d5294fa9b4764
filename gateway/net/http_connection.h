// One HTTP connection: reads requests, answers them one after another, and hands its socket over
// when one of them becomes a websocket.
//
// A coroutine on one shard; the connection lives as long as it runs. Sessions may live on other
// shards: they are asked by post and answer by post. Deadlines bound every wait for the client, so
// a client that sends a byte a second is cut.
#pragma once

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/basic_stream.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <memory>
#include <optional>

#include "gateway/net/site.h"
#include "gateway/peer/poll_reply.h"

namespace smcp::net {

using Executor = boost::asio::io_context::executor_type;
template <class T>
using Awaitable = boost::asio::awaitable<T, Executor>;
using TcpSocket = boost::asio::basic_stream_socket<boost::asio::ip::tcp, Executor>;

class HttpConnection : public std::enable_shared_from_this<HttpConnection> {
 public:
  HttpConnection(TcpSocket socket, const boost::asio::ip::tcp::endpoint& remote,
                 const EngineShard& home, const Site& site);
  ~HttpConnection();

  // Serves the connection until it ends. On its shard.
  void Start();
  // Cuts the connection.
  void Cut();

 private:
  using Parser = boost::beast::http::request_parser<boost::beast::http::string_body>;
  enum class Next : uint8_t { kRequest, kEnd, kHandedOver };

  static Awaitable<void> Run(std::shared_ptr<HttpConnection> self);
  Awaitable<bool> ReadHeader();
  Awaitable<bool> AwaitNextRequest();
  Awaitable<Next> Serve();
  Awaitable<Next> ServeRoute();
  void OnRouteReply(HttpReply reply);
  Awaitable<bool> ReadBody();
  // References to the caller's locals only: g++ 12 destroys temporaries of an awaited call twice.
  Awaitable<Next> Respond(HttpReply& reply);
  Awaitable<Next> Fail(unsigned status);
  Awaitable<void> Linger();

  // Engine.IO; in engine_exchange.cc.
  Awaitable<Next> ServeEngine(const EngineMount& mount);
  Awaitable<Next> OpenPolling(const EngineMount& mount);
  Awaitable<Next> OpenWebSocket(const EngineMount& mount);
  const SitePolicy& policy() const { return site_.PolicyOf(*home_.shard); }
  Next HandOverUpgrade(const PeerAddress& address);
  Awaitable<Next> PollGet(const PeerAddress& address);
  Awaitable<Next> PollPost(const PeerAddress& address);
  Awaitable<bool> AnnounceBody(const PeerAddress& address);
  Awaitable<Next> RespondPoll();
  Awaitable<void> WaitForReply();
  std::optional<HttpReply> Admit() const;
  PollResponder MakeResponder();
  void WatchForEnd(const PeerAddress& address);
  bool BodyIsHere() const;
  std::shared_ptr<const sio::Handshake> MakeHandshake(sio::Transport transport) const;
  int ReleaseSocket();
  std::string TakeEarlyBytes();

  template <class Fn>
  void OnPeerShard(const PeerAddress& address, Fn fn);

  const EngineShard& home_;
  const Site& site_;
  boost::beast::basic_stream<boost::asio::ip::tcp, Executor> stream_;
  boost::asio::basic_waitable_timer<std::chrono::steady_clock,
                                    boost::asio::wait_traits<std::chrono::steady_clock>, Executor>
      replied_;  // cancelled when a session has answered
  boost::beast::flat_buffer buffer_;
  std::optional<Parser> parser_;
  HttpRequest request_;
  std::optional<PollReply> reply_;
  std::optional<HttpReply> route_reply_;
  std::string remote_address_;
  uint16_t remote_port_ = 0;
  bool first_ = true;
  bool cut_ = false;
  bool watching_ = false;
  bool body_announced_ = false;  // the session knows of the POST whose body is arriving
  bool body_too_large_ = false;
};

}  // namespace smcp::net
