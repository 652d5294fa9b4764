#include "gateway/socketio/socket.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "gateway/socketio/namespace.h"
#include "tests/unit/support/fake_clock.h"
#include "tests/unit/support/fake_session_port.h"

namespace smcp::sio {

// Access for the one test of what happens after 2^31 calls, which nobody wants to wait for: an
// explicit instantiation may name private members.
template <auto Member>
struct Reach {
  friend uint32_t& LastAckIdOf(Socket& socket) { return socket.*Member; }
};
uint32_t& LastAckIdOf(Socket& socket);
template struct Reach<&Socket::next_ack_id_>;

namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class SocketTest : public ::testing::Test {
 protected:
  using Answer = absl::StatusOr<CallAnswer>;

  SocketTest() { socket_ = std::make_unique<Socket>(session_, *namespace_, "sid"); }

  static NamespaceContext Context(std::string name, TimerWheel* timers, const Clock* clock) {
    NamespaceContext context;
    context.name = std::move(name);
    context.timers = timers;
    context.clock = clock;
    return context;
  }
  void AdvanceTo(int64_t now_ms) {
    clock_.Set(now_ms);
    timers_.Advance(now_ms);
  }
  void Call(std::string_view event, Millis timeout) {
    const size_t place = answers_.size();
    answers_.emplace_back();
    socket_->Call(event, "1", timeout, [this, place](Answer answer) {
      ASSERT_FALSE(answers_[place].has_value()) << "answered twice";
      answers_[place] = std::move(answer);
    });
  }
  bool Ack(uint32_t id, std::string payload, const Attachments& attachments = {}) {
    json::Index index;
    EXPECT_EQ(index.Build(payload, 64), json::Error::kNone);
    return socket_->TakeAck(AckView{id, payload, index, attachments});
  }

  test::FakeClock clock_{1000};
  TimerWheel timers_{1000};
  test::FakeSessionPort session_;
  std::unique_ptr<Namespace> namespace_ =
      std::make_unique<Namespace>(Context("/n", &timers_, &clock_));
  std::vector<std::optional<Answer>> answers_;  // outlives the calls of the socket
  std::unique_ptr<Socket> socket_;
};

TEST_F(SocketTest, EmitWritesTheEventPacketOfItsNamespace) {
  EXPECT_EQ(socket_->Emit("a\"b", "{\"x\":1},2"), SendResult::kQueued);
  socket_->Emit("e", "");
  EXPECT_THAT(session_.Take(), ElementsAre("42/n,[\"a\\\"b\",{\"x\":1},2]", "42/n,[\"e\"]"));
}

TEST_F(SocketTest, TheRootNamespaceIsNotWritten) {
  Namespace root(Context("/", &timers_, &clock_));
  Socket socket(session_, root, "s");
  socket.Emit("e", "");
  socket.SendAck("7", "[]", {});
  EXPECT_THAT(session_.Take(), ElementsAre("42[\"e\"]", "437[]"));
}

TEST_F(SocketTest, EventsAndAcksTakeTheirPayloadAsItIs) {
  socket_->SendEvent("12", "[ \"e\" ]", {}, true);
  socket_->SendAck("007", "[]", {});
  EXPECT_THAT(session_.Take(), ElementsAre("42/n,12[ \"e\" ]", "43/n,007[]"));
}

TEST_F(SocketTest, AttachmentsMakeThePacketBinary) {
  socket_->SendEvent("1", "[\"e\"]", {"x", "y"}, false);
  socket_->SendAck("2", "[]", {"z"});
  socket_->Emit("e", "", {"w"});
  EXPECT_THAT(session_.Take(),
              ElementsAre("452-/n,1[\"e\"]+x+y", "461-/n,2[]+z", "451-/n,[\"e\"]+w"));
}

TEST_F(SocketTest, OnlyTheCallerOfSendEventDecidesWhatASlowClientMeans) {
  socket_->SendEvent("1", "[\"e\"]", {}, true);
  EXPECT_TRUE(session_.last_refuse_if_slow);
  socket_->SendEvent("1", "[\"e\"]", {}, false);
  EXPECT_FALSE(session_.last_refuse_if_slow);
  session_.last_refuse_if_slow = true;
  socket_->SendAck("1", "[]", {});
  EXPECT_FALSE(session_.last_refuse_if_slow);
  session_.result = SendResult::kSlow;
  EXPECT_EQ(socket_->SendEvent("1", "[\"e\"]", {}, true), SendResult::kSlow);
  session_.result = SendResult::kClosed;
  EXPECT_EQ(socket_->Emit("e", ""), SendResult::kClosed);
}

TEST_F(SocketTest, ACallGetsItsAnswerWithACopyOfThePayload) {
  Call("q", Millis(500));
  EXPECT_THAT(session_.Take(), ElementsAre("42/n,1[\"q\",1]"));
  EXPECT_TRUE(Ack(1, "[{\"ok\":true}]", {"bytes"}));
  ASSERT_TRUE(answers_[0].has_value() && answers_[0]->ok());
  EXPECT_EQ((**answers_[0]).payload, "[{\"ok\":true}]");
  EXPECT_THAT((**answers_[0]).attachments, ElementsAre("bytes"));
}

TEST_F(SocketTest, AnAnswerComesOnceAndNeverAgain) {
  Call("q", Millis(500));
  EXPECT_TRUE(Ack(1, "[]"));
  EXPECT_FALSE(Ack(1, "[]"));
  AdvanceTo(5000);
  EXPECT_EQ(timers_.armed(), 0u);
}

TEST_F(SocketTest, AnAckThatNobodyWaitsForIsNotTaken) {
  EXPECT_FALSE(Ack(1, "[]"));
  Call("q", Millis(500));
  EXPECT_FALSE(Ack(2, "[]"));
  EXPECT_FALSE(answers_[0].has_value());
}

TEST_F(SocketTest, AnswersMayComeInAnyOrder) {
  Call("a", Millis(500));
  Call("b", Millis(500));
  EXPECT_TRUE(Ack(2, "[\"b\"]"));
  EXPECT_FALSE(answers_[0].has_value());
  EXPECT_TRUE(Ack(1, "[\"a\"]"));
  EXPECT_EQ((**answers_[0]).payload, "[\"a\"]");
  EXPECT_EQ((**answers_[1]).payload, "[\"b\"]");
}

TEST_F(SocketTest, ACallWithoutAnswerEndsWithItsDeadlineToTheTick) {
  Call("q", Millis(500));
  AdvanceTo(1499);
  EXPECT_FALSE(answers_[0].has_value());
  AdvanceTo(1500);
  ASSERT_TRUE(answers_[0].has_value());
  EXPECT_TRUE(absl::IsDeadlineExceeded(answers_[0]->status()));
  EXPECT_FALSE(Ack(1, "[]"));  // too late
}

TEST_F(SocketTest, ADeadlineHandlerMayCallAgain) {
  std::vector<std::string> seen;
  socket_->Call("a", "", Millis(100), [&](Answer first) {
    seen.push_back(std::string(first.status().message()));
    socket_->Call("b", "", Millis(100),
                  [&](Answer second) { seen.push_back(second.ok() ? "ok" : "late"); });
  });
  AdvanceTo(1100);
  EXPECT_THAT(seen, ElementsAre("no ack within the timeout"));
  EXPECT_TRUE(Ack(2, "[]"));
  EXPECT_THAT(seen, ElementsAre("no ack within the timeout", "ok"));
}

TEST_F(SocketTest, TheEndOfTheSocketCancelsItsCalls) {
  Call("a", Millis(500));
  Call("b", Millis(500));
  socket_->CancelCalls();
  for (const auto& answer : answers_) {
    ASSERT_TRUE(answer.has_value());
    EXPECT_TRUE(absl::IsCancelled(answer->status()));
  }
  EXPECT_EQ(timers_.armed(), 0u);
  EXPECT_FALSE(Ack(1, "[]"));
}

TEST_F(SocketTest, DestroyingASocketCancelsItsCalls) {
  Call("a", Millis(500));
  socket_.reset();
  ASSERT_TRUE(answers_[0].has_value());
  EXPECT_TRUE(absl::IsCancelled(answers_[0]->status()));
  EXPECT_EQ(timers_.armed(), 0u);
}

TEST_F(SocketTest, AckIdsStayWithinThirtyOneBitsAndSkipThoseInUse) {
  LastAckIdOf(*socket_) = 0;
  Call("waits", Millis(500));  // takes 1
  LastAckIdOf(*socket_) = 0x7ffffffe;
  EXPECT_EQ(socket_->NextAckId(), 0x7fffffffu);
  EXPECT_EQ(socket_->NextAckId(), 0u);
  EXPECT_EQ(socket_->NextAckId(), 2u);  // 1 is still waited for
  EXPECT_TRUE(Ack(1, "[]"));
  LastAckIdOf(*socket_) = 0;
  EXPECT_EQ(socket_->NextAckId(), 1u);
}

TEST_F(SocketTest, TheRestIsPassedOnToTheSession) {
  socket_->PauseReading();
  socket_->PauseReading();
  socket_->ResumeReading();
  EXPECT_EQ(session_.paused, 1);
  socket_->Disconnect();
  EXPECT_THAT(session_.left, ElementsAre("/n"));
  socket_->CloseSession();
  EXPECT_EQ(session_.closed, 1);
  EXPECT_EQ(&socket_->handshake(), &session_.made);
  EXPECT_EQ(socket_->transport(), Transport::kWebSocket);
}

TEST_F(SocketTest, KeepsTheStateOfItsNamespace) {
  struct Mine final : SocketData {
    int value = 7;
  };
  EXPECT_EQ(socket_->data(), nullptr);
  socket_->set_data(std::make_unique<Mine>());
  EXPECT_EQ(static_cast<Mine*>(socket_->data())->value, 7);
}

TEST(Handshake, HeadersAreFoundWithoutCaseAndTheFirstWins) {
  Handshake handshake;
  handshake.headers = {{"X-Api-Key", "one"}, {"x-api-key", "two"}};
  EXPECT_EQ(handshake.Header("x-API-key"), "one");
  EXPECT_EQ(handshake.Header("x-api"), std::nullopt);
}

}  // namespace
}  // namespace smcp::sio
