#include "tests/conformance/suite_namespace.h"

#include <algorithm>
#include <cstdio>
#include <list>
#include <string>
#include <utility>
#include <vector>

#include "gateway/codec/json_text.h"

namespace smcp::conformance {
namespace {

using sio::EventView;
using sio::Socket;

// The suites take one message per read and lose the second of two that arrive at once, so on a
// websocket `auth` does not leave together with the CONNECT answer.
constexpr Millis kAuthGap{2 * TimerWheel::kTickMs};
constexpr int64_t kItemsPerTick = 5;

// What stands between the event's name and the end of its array, with the comma before it.
std::string_view ArgumentsWithComma(const EventView& event) {
  json::Value name;
  auto cursor = event.index.Enter(event.index.root());
  event.index.NextElement(&cursor, &name);
  const size_t begin =
      static_cast<size_t>(name.raw.data() - event.payload.data()) + name.raw.size();
  const size_t end = event.payload.find_last_of(']');
  return event.payload.substr(begin, end - begin);
}

std::string_view Arguments(const EventView& event) {
  const std::string_view rest = ArgumentsWithComma(event);
  const size_t comma = rest.find(',');
  return comma == std::string_view::npos ? std::string_view() : rest.substr(comma + 1);
}

// Up to two integers behind the event's name; 0 for what is not there.
std::pair<int64_t, int64_t> Numbers(const EventView& event) {
  std::vector<int64_t> numbers;
  json::Value value;
  for (auto at = event.index.Enter(event.index.root()); event.index.NextElement(&at, &value);) {
    if (value.kind == json::Kind::kNumber) {
      numbers.push_back(json::ReadInteger(value.raw).value_or(0));
    }
  }
  numbers.resize(2);
  return {numbers[0], numbers[1]};
}

class Member final : public sio::SocketData, public TimerClient {
 public:
  Member(TimerWheel& timers, const Clock& clock, std::string auth)
      : timers_(timers), clock_(clock), auth_(std::move(auth)) {}
  ~Member() {
    timers_.Cancel(auth_timer_);
    timers_.Cancel(tick_timer_);
  }
  void Begin(Socket& socket) {
    socket_ = &socket;
    if (socket.transport() == sio::Transport::kPolling) return EmitAuth();
    auth_timer_ = timers_.Arm(clock_.NowMs() + kAuthGap.count(), this, kAuth);
  }
  // Nothing may overtake `auth`.
  void EmitAuth() {
    timers_.Cancel(std::exchange(auth_timer_, 0));
    if (!std::exchange(auth_sent_, true)) socket_->Emit("auth", auth_);
  }
  void Tick(int64_t count) {
    items_left_ = count;
    OnTimer(kTick);
  }
  void EmitItem(const std::string& padding) {
    socket_->Emit("item", std::to_string(item_++) + ",\"" + padding + "\"");
  }

 private:
  enum : uint64_t { kAuth, kTick };
  void OnTimer(uint64_t token) override {
    if (token == kAuth) return EmitAuth();
    tick_timer_ = 0;
    for (int64_t i = 0; i < kItemsPerTick && items_left_ > 0; ++i, --items_left_) EmitItem("");
    if (items_left_ > 0) tick_timer_ = timers_.Arm(clock_.NowMs(), this, kTick);
  }

  TimerWheel& timers_;
  const Clock& clock_;
  const std::string auth_;
  Socket* socket_ = nullptr;
  TimerWheel::Id auth_timer_ = 0;
  TimerWheel::Id tick_timer_ = 0;
  bool auth_sent_ = false;
  int64_t item_ = 0;
  int64_t items_left_ = 0;
};

Member& MemberOf(Socket& socket) { return *static_cast<Member*>(socket.data()); }

class Suite final : public sio::Namespace, public TimerClient {
 public:
  Suite(sio::NamespaceContext context, const Extras& extras)
      : Namespace(std::move(context)), extras_(extras) {
    Use([](Socket& socket, const EventView&) {
      MemberOf(socket).EmitAuth();
      return true;
    });
    On("message", [](Socket& socket, const EventView& event) {
      socket.Emit("message-back", Arguments(event), event.attachments);
    });
    On("message-with-ack", [](Socket& socket, const EventView& event) {
      if (event.ack_id.empty()) return;
      const std::string payload = "[" + std::string(Arguments(event)) + "]";
      socket.SendAck(event.ack_id, payload, event.attachments);
    });
    if (extras_.events) AddEvents();
  }

  void OnConnect(sio::ConnectRequest request, sio::ConnectDone done) override {
    if (extras_.connect_delay == Millis(0)) return Decide(std::move(request), std::move(done));
    waiting_.emplace_back(std::move(request), std::move(done));
    this->context().timers->Arm(this->context().clock->NowMs() + extras_.connect_delay.count(),
                                this, 0);
  }

  void OnConnected(Socket& socket) override { MemberOf(socket).Begin(socket); }

  void OnDisconnect(Socket& /*socket*/, sio::DisconnectReason reason) override {
    Report("disconnect " + this->context().name + " " + std::string(sio::ReasonText(reason)));
  }

 private:
  void OnTimer(uint64_t /*token*/) override {
    auto [request, done] = std::move(waiting_.front());
    waiting_.pop_front();
    Decide(std::move(request), std::move(done));
  }

  void Report(std::string line) const {
    if (!extras_.report) return;
    line += "\n";
    std::fputs(line.c_str(), stdout);
    std::fflush(stdout);
  }

  void Decide(sio::ConnectRequest request, sio::ConnectDone done) {
    if (extras_.events && request.auth == R"({"refuse":true})") {
      return std::move(done)(sio::ConnectVerdict::Refuse("not authorized", R"({"why":"asked"})"));
    }
    std::move(done)(sio::ConnectVerdict::Accept(std::make_unique<Member>(
        *this->context().timers, *this->context().clock, std::move(request.auth))));
  }

  void AddEvents() {
    On("kick", [](Socket& socket, const EventView&) { socket.Disconnect(); });
    On("close", [](Socket& socket, const EventView&) { socket.CloseSession(); });
    On("ticker",
       [](Socket& socket, const EventView& event) { MemberOf(socket).Tick(Numbers(event).first); });
    On("burst", [](Socket& socket, const EventView& event) {
      const auto [count, size] = Numbers(event);
      const std::string padding(static_cast<size_t>(std::max<int64_t>(size, 0)), 'x');
      for (int64_t i = 0; i < count; ++i) MemberOf(socket).EmitItem(padding);
    });
    On("call", [this](Socket& socket, const EventView& event) {
      socket.Call("question", "", Millis(Numbers(event).first),
                  [this, &socket](absl::StatusOr<sio::CallAnswer> answer) {
                    if (absl::IsCancelled(answer.status())) return Report("call cancelled");
                    socket.Emit("answer", answer.ok() ? answer->payload : "\"none\"");
                  });
    });
  }

  const Extras extras_;
  std::list<std::pair<sio::ConnectRequest, sio::ConnectDone>> waiting_;
};

}  // namespace

std::unique_ptr<sio::Namespace> MakeSuite(sio::NamespaceContext context, const Extras& extras) {
  return std::make_unique<Suite>(std::move(context), extras);
}

}  // namespace smcp::conformance
