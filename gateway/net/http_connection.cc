#include "gateway/net/http_connection.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/http/read.hpp>
#include <exception>

#include "absl/strings/match.h"
#include "gateway/codec/query_string.h"

namespace smcp::net {
namespace {

namespace http = boost::beast::http;
constexpr auto kAwait = boost::asio::as_tuple(boost::asio::use_awaitable_t<Executor>{});

// What is read at once of a request on a connection that was idle.
constexpr size_t kFirstRead = 4096;
// After a refusal the client may still be sending. What it sends is discarded for a while, because
// closing with unread input would reset the connection and take the answer back.
constexpr size_t kLingerBytes = 4 * 1024 * 1024;
constexpr Millis kLingerTime{2000};

// The `done` of one route call; dropped unused, it answers 500.
class RouteReply {
 public:
  using Deliver = void (HttpConnection::*)(HttpReply);
  RouteReply(std::shared_ptr<HttpConnection> connection, Deliver deliver)
      : connection_(std::move(connection)), deliver_(deliver) {}
  RouteReply(RouteReply&&) = default;
  RouteReply& operator=(RouteReply&&) = delete;
  ~RouteReply() {
    if (connection_) (*this)(HttpReply{.status = 500, .body = "no answer\n", .headers = {}});
  }
  void operator()(HttpReply reply) {
    if (auto connection = std::move(connection_)) (connection.get()->*deliver_)(std::move(reply));
  }

 private:
  std::shared_ptr<HttpConnection> connection_;
  Deliver deliver_;
};

}  // namespace

HttpConnection::HttpConnection(TcpSocket socket, const boost::asio::ip::tcp::endpoint& remote,
                               const EngineShard& home, const Site& site)
    : home_(home),
      site_(site),
      stream_(std::move(socket)),
      replied_(stream_.get_executor()),
      buffer_(site.limits.header_bytes_max + 64 * 1024),
      remote_address_(remote.address().to_string()),
      remote_port_(remote.port()) {}

HttpConnection::~HttpConnection() = default;

void HttpConnection::Start() {
  boost::asio::co_spawn(stream_.get_executor(), Run(shared_from_this()),
                        [](std::exception_ptr error) {
                          // Nothing here throws on a client's account; what does is out of memory,
                          // and then losing this one connection is the smallest harm.
                          static_cast<void>(error);
                        });
}

void HttpConnection::Cut() {
  cut_ = true;
  replied_.cancel();
  stream_.close();
}

Awaitable<void> HttpConnection::Run(std::shared_ptr<HttpConnection> self) {
  Next next = Next::kRequest;
  while (next == Next::kRequest) {
    if (!co_await self->ReadHeader()) co_return;
    next = co_await self->Serve();
  }
  if (next == Next::kEnd && !self->cut_) co_await self->Linger();
}

Awaitable<bool> HttpConnection::ReadHeader() {
  parser_.emplace();
  body_announced_ = false;
  parser_->header_limit(static_cast<uint32_t>(site_.limits.header_bytes_max));
  parser_->body_limit(policy().body_bytes_max);
  if (!std::exchange(first_, false) && !co_await AwaitNextRequest()) co_return false;
  stream_.expires_after(site_.limits.header_timeout);
  const auto [error, bytes] = co_await http::async_read_header(stream_, buffer_, *parser_, kAwait);
  request_ = HttpRequest{};
  request_.remote_address = remote_address_;
  request_.remote_port = remote_port_;
  const auto& message = parser_->get();
  request_.method = std::string(message.method_string());
  request_.target = std::string(message.target());
  const Target target = SplitTarget(request_.target);
  request_.path = std::string(target.path);
  request_.query = std::string(target.query);
  for (const auto& field : message) {
    request_.headers.emplace_back(field.name_string(), field.value());
  }
  request_.http_1_0 = message.version() == 10;
  request_.keep_alive = message.keep_alive();
  unsigned status = 0;
  if (!error) {
    // A body whose end only a coding that we do not know could tell would be read as requests.
    if (parser_->chunked() || request_.Header("transfer-encoding").empty()) co_return true;
    status = 400;
  }
  if (error == http::error::body_limit) status = 413;
  if (error == http::error::header_limit || error == http::error::buffer_overflow) status = 431;
  // Any other error of the parser is a malformed request; errors of the socket have no answer.
  if (error && status == 0 &&
      error.category() == make_error_code(http::error::bad_method).category() &&
      error != http::error::end_of_stream && error != http::error::partial_message) {
    status = 400;
  }
  if (status != 0) {
    co_await Fail(status);
    co_await Linger();
  }
  co_return false;
}

// A kept-alive connection may be quiet for long, but once a request has begun it is bound by the
// same deadline as the first one.
Awaitable<bool> HttpConnection::AwaitNextRequest() {
  if (buffer_.size() != 0) co_return true;
  stream_.expires_after(site_.limits.idle_timeout);
  const auto [error, bytes] = co_await stream_.async_read_some(buffer_.prepare(kFirstRead), kAwait);
  buffer_.commit(bytes);
  co_return !error;
}

Awaitable<HttpConnection::Next> HttpConnection::Serve() {
  if (const EngineMount* mount = site_.FindMount(request_.path)) {
    co_return co_await ServeEngine(*mount);
  }
  co_return co_await ServeRoute();
}

Awaitable<HttpConnection::Next> HttpConnection::ServeRoute() {
  if (!co_await ReadBody()) co_return Next::kEnd;
  const auto it = site_.routes.find(request_.path);
  if (it == site_.routes.end()) {
    HttpReply reply;
    reply.status = 404;
    reply.body = "not found\n";
    co_return co_await Respond(reply);
  }
  request_.body = std::move(parser_->get().body());
  route_reply_.reset();
  replied_.expires_at(std::chrono::steady_clock::time_point::max());
  it->second(request_, RouteReply(shared_from_this(), &HttpConnection::OnRouteReply));
  stream_.expires_never();
  while (!route_reply_) co_await replied_.async_wait(kAwait);
  co_return co_await Respond(*route_reply_);
}

void HttpConnection::OnRouteReply(HttpReply reply) {
  boost::asio::post(stream_.get_executor(),
                    [self = shared_from_this(), reply = std::move(reply)]() mutable {
                      self->route_reply_ = std::move(reply);
                      self->replied_.cancel();
                    });
}

Awaitable<bool> HttpConnection::ReadBody() {
  if (parser_->is_done()) co_return true;
  stream_.expires_after(site_.limits.body_timeout);
  if (absl::EqualsIgnoreCase(ToAbsl(request_.Header("expect")), "100-continue") &&
      buffer_.size() == 0) {
    static constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
    co_await boost::asio::async_write(stream_, boost::asio::buffer(kContinue), kAwait);
  }
  const auto [error, bytes] = co_await http::async_read(stream_, buffer_, *parser_, kAwait);
  if (!error) co_return true;
  if (cut_) co_return false;
  body_too_large_ = error == http::error::body_limit;
  if (body_too_large_) {
    co_await Fail(413);
  } else if (error.category() == make_error_code(http::error::bad_method).category() &&
             error != http::error::end_of_stream && error != http::error::partial_message) {
    co_await Fail(400);
  }
  co_return false;
}

Awaitable<HttpConnection::Next> HttpConnection::Respond(HttpReply& reply) {
  reply.close = reply.close || !request_.keep_alive;
  const std::string bytes = FormatReply(reply, request_);
  stream_.expires_after(site_.limits.body_timeout);
  const auto [error, sent] =
      co_await boost::asio::async_write(stream_, boost::asio::buffer(bytes), kAwait);
  if (error) co_return Next::kEnd;
  co_return reply.close ? Next::kEnd : Next::kRequest;
}

Awaitable<HttpConnection::Next> HttpConnection::Fail(unsigned status) {
  HttpReply reply;
  reply.status = status;
  reply.content_type.clear();
  reply.close = true;
  AddCorsHeaders(policy().cors, request_, &reply.headers);
  co_await Respond(reply);
  co_return Next::kEnd;
}

Awaitable<void> HttpConnection::Linger() {
  boost::system::error_code ignored;
  stream_.socket().shutdown(boost::asio::ip::tcp::socket::shutdown_send, ignored);
  stream_.expires_after(kLingerTime);
  buffer_.clear();
  for (size_t discarded = 0; discarded < kLingerBytes;) {
    const auto [error, bytes] = co_await stream_.async_read_some(buffer_.prepare(16384), kAwait);
    if (error) co_return;
    discarded += bytes;
  }
}

}  // namespace smcp::net
