#include "gateway/server/server.h"

#include <chrono>
#include <future>
#include <thread>

#include "gateway/base/check.h"
#include "gateway/net/ws_reactor.h"
#include "gateway/peer/peer_host.h"
#include "gateway/runtime/gather.h"

namespace smcp::sio {
namespace {

// The acceptor's own event loop is no shard of the set.
constexpr uint16_t kAcceptorIndex = UINT16_MAX;
// To the session, to its connection, to the coroutine that writes; one to spare.
constexpr int kPollRounds = 4;

net::SitePolicy PolicyFrom(const ServerOptions& options) {
  return {options.session.payload_bytes_max, options.cors, options.gate};
}

}  // namespace

struct Server::Part {
  Part(const ServerOptions& options, Shard& shard, Scheduler& scheduler,
       SessionAdmission& admission)
      : limits(options.session),
        host(PeerHost::Services{shard.index(), &scheduler, &shard.timers(), &shard.clock(), &random,
                                &limits, &admission, options.log}),
        reactor(shard, options.session.payload_bytes_max) {}
  SystemRandom random;
  SessionLimits limits;  // this shard's own, so that they can change without a lock
  PeerHost host;
  net::WsReactor reactor;
};

Server::Server(ServerOptions options)
    : options_(std::move(options)),
      admission_(options_.http.connections_max, options_.http.connections_per_ip_max),
      shards_(options_.threads),
      acceptor_(kAcceptorIndex) {
  for (uint16_t i = 0; i < shards_.shard_count(); ++i) {
    Shard& shard = shards_.shard(i);
    parts_.push_back(std::make_unique<Part>(options_, shard, shards_, admission_));
    engine_shards_.push_back({&shard, &parts_.back()->host, &parts_.back()->reactor});
  }
}

Server::~Server() {
  Stop(Millis(0));
  ReleaseListeners();
}

Shard& Server::AcceptorShard() {
  // Where there is one core, a thread of its own for accepting would cost every connection two
  // context switches and gain nothing.
  return shards_.shard_count() == 1 ? shards_.shard(0) : acceptor_;
}

void Server::ReleaseListeners() {
  for (net::Listener& listener : listeners_) listener.Release();
  for (net::Listener& listener : route_listeners_) listener.Release();
}

void Server::Register(std::string name, NamespaceFactory factory) {
  SMCP_CHECK(!started_);
  for (uint16_t i = 0; i < shards_.shard_count(); ++i) {
    NamespaceContext context;
    context.name = name;
    context.shard = i;
    context.scheduler = &shards_;
    context.timers = &shards_.shard(i).timers();
    context.clock = &shards_.shard(i).clock();
    context.sibling = [this, name](uint16_t shard) -> Namespace* {
      const auto& table = parts_[shard]->host.namespaces();
      const auto it = table.find(name);
      return it == table.end() ? nullptr : it->second.get();
    };
    parts_[i]->host.namespaces().insert_or_assign(name, factory(std::move(context)));
  }
}

absl::Status Server::Attach(net::Listener& listener, const std::vector<std::string>& paths) {
  SMCP_CHECK(!started_);
  if (absl::Status bound = listener.Bind(AcceptorShard()); !bound.ok()) return bound;
  net::Site& site = listener.site();
  site.limits = options_.http;
  site.policies.assign(parts_.size(), PolicyFrom(options_));
  site.shards = engine_shards_;
  site.admission = &admission_;
  for (const std::string& path : paths) site.mounts.push_back({path, nullptr});
  listeners_.push_back(listener);
  return absl::OkStatus();
}

void Server::MountRaw(net::Listener& listener, std::string path, RawHandler& handler) {
  listener.site().mounts.push_back({std::move(path), &handler});
}

absl::Status Server::AttachRoutes(net::Listener& listener) {
  SMCP_CHECK(!started_);
  if (absl::Status bound = listener.Bind(AcceptorShard()); !bound.ok()) return bound;
  listener.site().limits = options_.http;
  route_listeners_.push_back(listener);
  return absl::OkStatus();
}

void Server::Start() {
  SMCP_CHECK(!started_);
  started_ = true;
  shards_.Start();
  for (net::Listener& listener : listeners_) listener.Start(engine_shards_);
  const net::EngineShard here{&AcceptorShard(), nullptr, nullptr};
  for (net::Listener& listener : route_listeners_) listener.Start({here});
  if (&AcceptorShard() == &acceptor_) acceptor_.Start();
}

void Server::Reconfigure(const ServerOptions& options) {
  admission_.SetLimits(options.http.connections_max, options.http.connections_per_ip_max);
  const auto shared = std::make_shared<const ServerOptions>(options);
  for (uint16_t i = 0; i < shards_.shard_count(); ++i) {
    shards_.Post(i, [this, i, shared] {
      Part& part = *parts_[i];
      part.limits = shared->session;
      part.reactor.set_message_bytes_max(shared->session.payload_bytes_max);
      for (net::Listener& listener : listeners_) listener.site().policies[i] = PolicyFrom(*shared);
    });
  }
}

void Server::SetDraining(bool on) {
  for (net::Listener& listener : listeners_) listener.site().draining = on;
}

void Server::StopAccepting() {
  for (net::Listener& listener : listeners_) {
    listener.site().draining = true;
    AcceptorShard().Post([&listener] { listener.StopAccepting(); });
  }
}

size_t Server::OpenWebSockets() {
  std::promise<size_t> sum;
  Gather<size_t>(
      shards_, [this](uint16_t shard) { return parts_[shard]->reactor.connections(); },
      [&sum](std::vector<size_t> parts) {
        size_t total = 0;
        for (const size_t part : parts) total += part;
        sum.set_value(total);
      });
  return sum.get_future().get();
}

void Server::Stop(Millis grace) {
  if (std::exchange(stopped_, true) || !started_) return;
  StopAccepting();
  for (auto& part : parts_) {
    PeerHost& host = part->host;
    host.Defer([&host] { host.CloseAll(DisconnectReason::kServerShuttingDown); });
  }
  const auto deadline = std::chrono::steady_clock::now() + grace;
  // The last answer of a poll takes a few tasks to reach its connection and its socket; each count
  // goes once through every shard's queue, so these rounds let them pass.
  for (int round = 0; round < kPollRounds; ++round) OpenWebSockets();
  while (OpenWebSockets() != 0 && std::chrono::steady_clock::now() < deadline) {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  shards_.Stop();
  acceptor_.Stop();
  acceptor_.Join();
  ReleaseListeners();
}

}  // namespace smcp::sio
