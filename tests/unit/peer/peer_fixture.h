// One shard's peers without threads, sockets or time: fake wires and poll responders below, a
// namespace that remembers above, a clock that a test moves.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "gateway/peer/peer.h"
#include "tests/unit/smcp/support/fake_scheduler.h"
#include "tests/unit/support/fake_clock.h"
#include "tests/unit/support/fake_wire.h"

namespace smcp::test {

// A namespace that writes down what it sees and lets a test decide who comes in.
class App final : public sio::Namespace {
 public:
  using Namespace::Namespace;
  void OnConnect(sio::ConnectRequest request, sio::ConnectDone done) override {
    if (on_connect) return on_connect(std::move(request), std::move(done));
    std::move(done)(sio::ConnectVerdict::Accept());
  }
  void OnConnected(sio::Socket& socket) override {
    log.push_back("connected");
    sockets.push_back(&socket);
    if (on_connected) on_connected(socket);
  }
  void OnEvent(sio::Socket& socket, const sio::EventView& event) override {
    std::string line = "event " + std::string(event.ack_id) + std::string(event.payload);
    for (const std::string& bytes : event.attachments) line.append("+").append(bytes);
    log.push_back(std::move(line));
    if (on_event) on_event(socket, event);
  }
  void OnAck(sio::Socket&, const sio::AckView& ack) override {
    log.push_back("ack " + std::to_string(ack.id) + std::string(ack.payload));
  }
  void OnDisconnect(sio::Socket& socket, sio::DisconnectReason reason) override {
    log.push_back("disconnect: " + std::string(ReasonText(reason)));
    std::erase(sockets, &socket);
  }
  std::vector<std::string> Take() { return std::exchange(log, {}); }

  std::function<void(sio::ConnectRequest, sio::ConnectDone)> on_connect;
  std::function<void(sio::Socket&)> on_connected;
  std::function<void(sio::Socket&, const sio::EventView&)> on_event;
  std::vector<std::string> log;
  std::vector<sio::Socket*> sockets;
};

class RecordingLog final : public SessionLog {
 public:
  void SessionEnded(const SessionFacts& facts) override {
    ended.push_back(facts);
    addresses.emplace_back(facts.address);
  }
  std::vector<SessionFacts> ended;
  std::vector<std::string> addresses;
};

// A request that waits for its answer; the answer as text: packets with '|' for the separator,
// `ok`, `unknown`, `bad request`, `bare 400`.
using Waiting = std::shared_ptr<std::optional<std::string>>;

inline std::string Said(const Waiting& waiting) { return waiting->value_or("nothing yet"); }

inline std::string Describe(PollReply reply) {
  switch (reply.kind) {
    case PollReply::Kind::kPackets:
      for (char& c : reply.body) c = c == '\x1e' ? '|' : c;
      return reply.body;
    case PollReply::Kind::kOk:
      return "ok";
    case PollReply::Kind::kUnknownSid:
      return "unknown";
    case PollReply::Kind::kBadRequest:
      return "bad request";
    case PollReply::Kind::kBare400:
      return "bare 400";
  }
  return "";
}

class PeerTest : public ::testing::Test {
 protected:
  static constexpr int64_t kStart = 1'000'000;

  PeerTest() {
    for (const std::string name : {"/", "/n", "/m"}) {
      sio::NamespaceContext context;
      context.name = name;
      context.scheduler = &scheduler_;
      context.timers = &timers_;
      context.clock = &clock_;
      auto app = std::make_unique<App>(std::move(context));
      apps_[name] = app.get();
      host_.namespaces().insert_or_assign(name, std::move(app));
    }
  }

  App& app(const std::string& name = "/n") { return *apps_[name]; }
  void Run() { scheduler_.RunAll(); }
  // Fires what is due, one tick at a time as a shard does, and runs what that posted.
  void AdvanceTo(int64_t now_ms) {
    while (clock_.NowMs() < now_ms) {
      clock_.Set(std::min(now_ms, clock_.NowMs() / 10 * 10 + 10));
      timers_.Advance(clock_.NowMs());
      Run();
    }
  }

  // As after a loop that was busy: all that is due meanwhile runs now.
  void JumpTo(int64_t now_ms) {
    clock_.Set(now_ms);
    timers_.Advance(now_ms);
    Run();
  }

  PeerRef Open(bool on_websocket, std::string query = "", RawHandler* raw = nullptr) {
    auto handshake = std::make_shared<sio::Handshake>();
    handshake->query = std::move(query);
    handshake->remote_address = "192.0.2.1";
    handshake->remote_port = 4711;
    EXPECT_TRUE(admission_.TryEnter(handshake->remote_address));
    return host_.Open(std::move(handshake), on_websocket, raw).ref();
  }
  PeerRef OpenPolling() { return Open(false); }
  // On a websocket whose open packet has been read.
  PeerRef OpenOn(FakeWire& wire) {
    const PeerRef ref = Open(true);
    host_.Find(ref)->AttachWire(wire);
    wire.Take();
    return ref;
  }
  bool Alive(PeerRef ref) { return host_.Find(ref) != nullptr; }
  Peer& At(PeerRef ref) { return *host_.Find(ref); }

  void Say(PeerRef ref, FakeWire& wire, std::string_view text) {
    At(ref).OnWireMessage(wire, ws::Opcode::kText, text);
    Run();
  }
  void SayBinary(PeerRef ref, FakeWire& wire, std::string_view data) {
    At(ref).OnWireMessage(wire, ws::Opcode::kBinary, data);
    Run();
  }

  PollResponder ResponderOf(Waiting waiting) {
    return [waiting](PollReply reply) {
      EXPECT_FALSE(waiting->has_value()) << "answered twice";
      *waiting = Describe(std::move(reply));
    };
  }
  Waiting Get(PeerRef ref) {
    auto waiting = std::make_shared<std::optional<std::string>>();
    At(ref).PollGet(ResponderOf(waiting));
    Run();
    return waiting;
  }
  // What a GET that need not wait gets; `parked` if it does.
  std::string GetNow(PeerRef ref) { return Get(ref)->value_or("parked"); }
  Waiting StartPost(PeerRef ref, std::string_view body) {
    auto waiting = std::make_shared<std::optional<std::string>>();
    if (!At(ref).BeginPost([] {})) {
      *waiting = "refused";
      return waiting;
    }
    At(ref).FinishPost(body, ResponderOf(waiting));
    Run();
    return waiting;
  }
  std::string Post(PeerRef ref, std::string_view body) {
    return StartPost(ref, body)->value_or("waits");
  }
  // A polling session in `/n`, its CONNECT answer read.
  PeerRef OpenJoined() {
    const PeerRef ref = OpenPolling();
    EXPECT_EQ(Post(ref, "40/n,"), "ok");
    EXPECT_EQ(GetNow(ref).substr(0, 13), "40/n,{\"sid\":\"");
    EXPECT_THAT(app().Take(), ::testing::ElementsAre("connected"));
    return ref;
  }
  // The same on a websocket.
  PeerRef OpenJoinedOn(FakeWire& wire) {
    const PeerRef ref = OpenOn(wire);
    Say(ref, wire, "40/n,");
    EXPECT_EQ(wire.Take().size(), 1u);
    EXPECT_THAT(app().Take(), ::testing::ElementsAre("connected"));
    return ref;
  }

  SessionLimits limits_;
  FakeClock clock_{kStart};
  TimerWheel timers_{kStart};
  FakeScheduler scheduler_{2};
  SeededRandom random_{42};
  SessionAdmission admission_{0, 0};
  RecordingLog log_;
  PeerHost host_{PeerHost::Services{0, &scheduler_, &timers_, &clock_, &random_, &limits_,
                                    &admission_, &log_}};
  std::map<std::string, App*> apps_;
};

}  // namespace smcp::test
