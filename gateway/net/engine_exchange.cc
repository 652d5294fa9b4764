// Engine.IO over one HTTP connection: opening sessions, polls, and the way to a websocket.
#include <sys/socket.h>

#include <algorithm>
#include <boost/asio/post.hpp>
#include <cerrno>
#include <utility>

#include "absl/strings/match.h"
#include "gateway/net/http_connection.h"
#include "gateway/net/ws_connection.h"
#include "gateway/peer/peer.h"

namespace smcp::net {
namespace {

constexpr auto kAwait = boost::asio::as_tuple(boost::asio::use_awaitable_t<Executor>{});

// What is read at a time of a request pipelined behind a parked poll.
constexpr size_t kReadAhead = 4096;

PollReply Unknown() { return PollReply{PollReply::Kind::kUnknownSid, {}}; }

HttpReply Refuse503(std::string_view text) {
  HttpReply reply;
  reply.status = 503;
  reply.body = text;
  reply.headers.emplace_back("Retry-After", "5");
  reply.close = true;
  return reply;
}

}  // namespace

// Runs fn(host) on the shard that the session lives on.
template <class Fn>
void HttpConnection::OnPeerShard(const PeerAddress& address, Fn fn) {
  const EngineShard& there = site_.shards[address.shard];
  there.shard->Post([host = there.host, fn = std::move(fn)]() mutable { fn(*host); });
}

Awaitable<HttpConnection::Next> HttpConnection::ServeEngine(const EngineMount& mount) {
  DoorVerdict verdict = JudgeRequest(request_, policy().cors, policy().gate,
                                     static_cast<uint16_t>(site_.shards.size()));
  if (verdict.kind != DoorVerdict::Kind::kPollPost && verdict.kind != DoorVerdict::Kind::kReply &&
      !co_await ReadBody()) {
    co_return Next::kEnd;
  }
  switch (verdict.kind) {
    case DoorVerdict::Kind::kReply: {
      if (request_.method != "OPTIONS") {
        AddCorsHeaders(policy().cors, request_, &verdict.reply.headers);
      }
      // A body that is still on its way cannot be told from the next request.
      if (!parser_->is_done()) verdict.reply.close = true;
      co_return co_await Respond(verdict.reply);
    }
    case DoorVerdict::Kind::kOpenPolling:
      co_return co_await OpenPolling(mount);
    case DoorVerdict::Kind::kOpenWebSocket:
      co_return co_await OpenWebSocket(mount);
    case DoorVerdict::Kind::kUpgrade:
      co_return HandOverUpgrade(verdict.address);
    case DoorVerdict::Kind::kPollGet:
      co_return co_await PollGet(verdict.address);
    case DoorVerdict::Kind::kPollPost:
      co_return co_await PollPost(verdict.address);
  }
  co_return Next::kEnd;
}

std::shared_ptr<const sio::Handshake> HttpConnection::MakeHandshake(
    sio::Transport transport) const {
  auto handshake = std::make_shared<sio::Handshake>();
  handshake->path = request_.path;
  handshake->query = request_.query;
  size_t text_bytes = 0;
  for (const auto& [name, value] : request_.headers) text_bytes += name.size() + value.size();
  handshake->headers.Reserve(request_.headers.size(), text_bytes);
  for (const auto& [name, value] : request_.headers) handshake->headers.Add(name, value);
  handshake->remote_address = remote_address_;
  handshake->remote_port = remote_port_;
  handshake->transport = transport;
  return handshake;
}

std::optional<HttpReply> HttpConnection::Admit() const {
  if (site_.draining) return Refuse503("shutting down\n");
  if (!site_.admission->TryEnter(remote_address_)) return Refuse503("too many connections\n");
  return std::nullopt;
}

Awaitable<HttpConnection::Next> HttpConnection::OpenPolling(const EngineMount& mount) {
  if (std::optional<HttpReply> refusal = Admit()) co_return co_await Respond(*refusal);
  const Peer& peer = home_.host->Open(MakeHandshake(sio::Transport::kPolling), false, mount.raw);
  reply_ = PollReply{PollReply::Kind::kPackets, peer.OpenPacket()};
  co_return co_await RespondPoll();
}

Awaitable<HttpConnection::Next> HttpConnection::OpenWebSocket(const EngineMount& mount) {
  if (std::optional<HttpReply> refusal = Admit()) co_return co_await Respond(*refusal);
  HttpReply accept = AcceptWebSocket(request_);
  AddCorsHeaders(policy().cors, request_, &accept.headers);
  std::string early = TakeEarlyBytes();
  WsConnection& wire =
      home_.reactor->Adopt(ReleaseSocket(), FormatReply(accept, request_), std::move(early));
  Peer& peer = home_.host->Open(MakeHandshake(sio::Transport::kWebSocket), true, mount.raw);
  wire.Bind(peer);
  peer.AttachWire(wire);
  co_return Next::kHandedOver;
}

HttpConnection::Next HttpConnection::HandOverUpgrade(const PeerAddress& address) {
  HttpReply accept = AcceptWebSocket(request_);
  AddCorsHeaders(policy().cors, request_, &accept.headers);
  // Whether the session is known and may be upgraded is for its shard to say, so both answers go
  // with the socket and are written there.
  HttpReply unknown = EngineErrorReply(EngineError::kSessionIdUnknown);
  HttpReply refused = EngineErrorReply(EngineError::kBadRequest);
  for (HttpReply* reply : {&unknown, &refused}) {
    AddCorsHeaders(policy().cors, request_, &reply->headers);
    reply->close = true;
  }
  std::string early = TakeEarlyBytes();
  const EngineShard& there = site_.shards[address.shard];
  there.shard->Post([&there, address, fd = ReleaseSocket(), early = std::move(early),
                     accepted = FormatReply(accept, request_),
                     unknown_bytes = FormatReply(unknown, request_),
                     refused_bytes = FormatReply(refused, request_)]() mutable {
    Peer* peer = there.host->Find(address);
    if (peer == nullptr || peer->closed()) return there.reactor->Refuse(fd, unknown_bytes);
    if (peer->handshake().transport == sio::Transport::kWebSocket) {
      return there.reactor->Refuse(fd, refused_bytes);
    }
    WsConnection& wire = there.reactor->Adopt(fd, accepted, std::move(early));
    wire.Bind(*peer);
    // A second probe is let in only to be closed: clients, the official suite's among them, take an
    // HTTP error for a failure of the whole session, a closed probe for a lost race.
    if (!peer->AttachProbe(wire)) wire.Close(ws::CloseCode::kPolicy);
  });
  return Next::kHandedOver;
}

Awaitable<HttpConnection::Next> HttpConnection::PollGet(const PeerAddress& address) {
  OnPeerShard(address, [address, respond = MakeResponder()](PeerHost& host) mutable {
    Peer* peer = host.Find(address);
    if (peer == nullptr) return std::move(respond)(Unknown());
    peer->PollGet(std::move(respond));
  });
  WatchForEnd(address);
  co_await WaitForReply();
  co_return co_await RespondPoll();
}

bool HttpConnection::BodyIsHere() const {
  if (parser_->is_done()) return true;
  const auto length = parser_->content_length();
  return length && *length <= buffer_.size();
}

Awaitable<HttpConnection::Next> HttpConnection::PollPost(const PeerAddress& address) {
  if (absl::StartsWithIgnoreCase(ToAbsl(request_.Header("content-type")),
                                 "application/octet-stream")) {
    OnPeerShard(address, [address](PeerHost& host) {
      Peer* peer = host.Find(address);
      if (peer != nullptr) peer->Close(sio::DisconnectReason::kParseError, ws::CloseCode::kPolicy);
    });
    co_return co_await Fail(400);
  }
  // A body that has come with its header, as nearly all do, needs one visit to the session; one
  // that is still arriving is announced first, because two at a time end the session.
  if (!BodyIsHere() && !co_await AnnounceBody(address)) co_return Next::kEnd;
  const bool announced = body_announced_;
  if (!co_await ReadBody()) {
    if (announced && !cut_) {
      OnPeerShard(address, [address, too_large = body_too_large_](PeerHost& host) {
        if (Peer* peer = host.Find(address)) peer->PostFailed(too_large);
      });
    }
    co_return Next::kEnd;
  }
  OnPeerShard(address, [address, announced, body = std::move(parser_->get().body()),
                        respond = MakeResponder()](PeerHost& host) mutable {
    Peer* peer = host.Find(address);
    if (peer == nullptr) return std::move(respond)(Unknown());
    if (!announced && !peer->on_polling()) {
      return std::move(respond)(PollReply{PollReply::Kind::kBadRequest, {}});
    }
    if (!announced && !peer->BeginPost([] {})) {
      return std::move(respond)(PollReply{PollReply::Kind::kBare400, {}});
    }
    peer->FinishPost(body, std::move(respond));
  });
  co_await WaitForReply();
  co_return co_await RespondPoll();
}

// Tells the session that a POST has begun; false if it refused, which has then been answered.
Awaitable<bool> HttpConnection::AnnounceBody(const PeerAddress& address) {
  auto cut = [self = weak_from_this()] {
    // Runs on the session's shard; the connection may live on another.
    if (auto connection = self.lock()) {
      boost::asio::post(connection->stream_.get_executor(), [connection] { connection->Cut(); });
    }
  };
  OnPeerShard(
      address, [address, cut = std::move(cut), respond = MakeResponder()](PeerHost& host) mutable {
        Peer* peer = host.Find(address);
        if (peer == nullptr) return std::move(respond)(Unknown());
        if (!peer->on_polling())
          return std::move(respond)(PollReply{PollReply::Kind::kBadRequest, {}});
        const bool begun = peer->BeginPost(std::move(cut));
        std::move(respond)(PollReply{begun ? PollReply::Kind::kOk : PollReply::Kind::kBare400, {}});
      });
  co_await WaitForReply();
  body_announced_ = reply_->kind == PollReply::Kind::kOk;
  if (body_announced_) co_return true;
  request_.keep_alive = false;  // the body is still on its way
  co_await RespondPoll();
  co_return false;
}

Awaitable<HttpConnection::Next> HttpConnection::RespondPoll() {
  if (cut_) co_return Next::kEnd;
  HttpReply http = ReplyOf(std::move(*reply_));
  AddCorsHeaders(policy().cors, request_, &http.headers);
  co_return co_await Respond(http);
}

PollResponder HttpConnection::MakeResponder() {
  reply_.reset();
  replied_.expires_at(std::chrono::steady_clock::time_point::max());
  return [self = shared_from_this()](PollReply reply) {
    boost::asio::post(self->stream_.get_executor(), [self, reply = std::move(reply)]() mutable {
      self->reply_ = std::move(reply);
      self->replied_.cancel();
    });
  };
}

// Leaves the session's answer in reply_; if the connection was cut instead, cut_ says so.
Awaitable<void> HttpConnection::WaitForReply() {
  stream_.expires_never();  // the session's heartbeat bounds this wait
  while (!reply_ && !cut_) co_await replied_.async_wait(kAwait);
  if (std::exchange(watching_, false)) {
    boost::system::error_code ignored;
    stream_.socket().cancel(ignored);
  }
  if (!reply_) reply_ = PollReply{PollReply::Kind::kBare400, {}};
}

void HttpConnection::WatchForEnd(const PeerAddress& address) {
  watching_ = true;
  stream_.socket().async_wait(
      boost::asio::ip::tcp::socket::wait_read,
      [self = shared_from_this(), address](boost::system::error_code error) {
        if (error || !self->watching_) return;
        // The next request, pipelined, is taken in, because the end of the connection is seen only
        // behind it. Who pipelines more than the buffer holds is watched no further.
        const size_t room = std::min(self->buffer_.max_size() - self->buffer_.size(), kReadAhead);
        if (room == 0) return;
        const auto into = self->buffer_.prepare(room);
        const ssize_t n =
            ::recv(self->stream_.socket().native_handle(), into.data(), into.size(), MSG_DONTWAIT);
        if (n > 0) self->buffer_.commit(static_cast<size_t>(n));
        if (n > 0 || (n < 0 && (errno == EAGAIN || errno == EINTR))) {
          return self->WatchForEnd(address);
        }
        self->OnPeerShard(address, [address](PeerHost& host) {
          if (Peer* peer = host.Find(address)) peer->PollGone();
        });
        self->Cut();
      });
}

std::string HttpConnection::TakeEarlyBytes() {
  std::string early(static_cast<const char*>(buffer_.data().data()), buffer_.size());
  buffer_.clear();
  return early;
}

int HttpConnection::ReleaseSocket() {
  stream_.expires_never();
  boost::system::error_code error;
  const int fd = stream_.release_socket().release(error);
  return fd;
}

}  // namespace smcp::net
