#include "gateway/net/ws_connection.h"

#include "gateway/net/ws_reactor.h"
#include "tests/unit/net/ws_fixture.h"

namespace smcp::test {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::StartsWith;

class WsConnection : public WsTest {};

std::string Masked(std::string_view text) {
  return ws::Encode({.opcode = ws::Opcode::kText, .data = text});
}

TEST_F(WsConnection, TheHttpResponseAndTheOpenPacketLeaveInOneSend) {
  const Link link = Connect(SOCK_SEQPACKET);
  EXPECT_THAT(link.client->Receive(), IsEmpty());  // writing only appends
  Poll();
  std::vector<std::string> sends = link.client->Receive();
  ASSERT_THAT(sends, SizeIs(1));
  ASSERT_EQ(sends[0].substr(0, kHead.size()), kHead);
  std::string rest = sends[0].substr(kHead.size());
  EXPECT_THAT(TakeFrames(&rest), ElementsAre(StartsWith("0{\"sid\"")));
}

TEST_F(WsConnection, AFrameMayComeByteByByte) {
  const Link link = ConnectAndRead();
  const std::string bytes = Masked("4hello") + Masked("4" + std::string(300, 'x'));
  for (const char byte : bytes) {
    ASSERT_EQ(link.client->Send({&byte, 1}), 1u);
    Poll();
  }
  EXPECT_THAT(TakeMessages(), ElementsAre("hello", std::string(300, 'x')));
}

TEST_F(WsConnection, TheFramesOfOneReceiveAreAnsweredInOneSend) {
  app_.on_message = [](RawSession& session, const std::string& message) {
    session.SendRaw(message, false);
  };
  const Link link = ConnectAndRead(SOCK_SEQPACKET);
  link.client->Send(Masked("4a") + Masked("4b") + Masked("4c"));
  Poll();
  std::vector<std::string> sends = link.client->Receive();
  ASSERT_THAT(sends, SizeIs(1));
  EXPECT_THAT(TakeFrames(&sends[0]), ElementsAre("4a", "4b", "4c"));
}

TEST_F(WsConnection, WhatWaitingTasksWriteLeavesInOneSend) {
  const Link link = ConnectAndRead(SOCK_SEQPACKET);
  for (const char* message : {"a", "b", "c"}) {
    shard_.Post([this, &link, message] { At(link).SendRaw(message, false); });
  }
  Poll();
  std::vector<std::string> sends = link.client->Receive();
  ASSERT_THAT(sends, SizeIs(1));
  EXPECT_THAT(TakeFrames(&sends[0]), ElementsAre("4a", "4b", "4c"));
}

// A connection's first buffer comes from the pool, or is an empty string that a few bytes do not
// make larger: what is appended to it must not be taken for an empty buffer again.
TEST_F(WsConnection, AFewBytesBehindAFewBytesAllArrive) {
  const Link first = ConnectAndRead();
  const Link second = ConnectAndRead();
  At(first).SendRaw("takes the pooled buffer", false);
  for (const char* message : {"1", "2", "3"}) At(second).SendRaw(message, false);
  Poll();
  EXPECT_THAT(second.client->Frames(), ElementsAre("41", "42", "43"));
}

TEST_F(WsConnection, FragmentsBecomeOneMessageAndAPingBetweenThemIsAnswered) {
  const Link link = ConnectAndRead();
  link.client->Send(ws::Encode({.opcode = ws::Opcode::kText, .data = "4he", .fin = false}));
  Poll();
  link.client->Send(ws::Encode({.opcode = ws::Opcode::kPing, .data = "p"}));
  Poll();
  EXPECT_THAT(link.client->Frames(), ElementsAre("pong:p"));
  link.client->Send(ws::Encode({.opcode = ws::Opcode::kContinuation, .data = "llo"}));
  Poll();
  EXPECT_THAT(TakeMessages(), ElementsAre("hello"));
}

TEST_F(WsConnection, BinaryFramesAreMessagesWithoutTypeDigit) {
  const Link link = ConnectAndRead();
  link.client->Send(ws::Encode({.opcode = ws::Opcode::kBinary, .data = "raw"}));
  Poll();
  EXPECT_THAT(TakeMessages(), ElementsAre("bin:raw"));
}

TEST_F(WsConnection, ALargeMessageArrivesWholeAndSoDoesTheOneBehindIt) {
  const Link link = ConnectAndRead();
  std::string text = "4";
  for (int i = 0; text.size() < 900'000; ++i) text += std::to_string(i);
  const std::string bytes = Masked(text) + Masked("4next");
  for (size_t at = 0; at < bytes.size();) {
    const size_t sent = link.client->Send(std::string_view(bytes).substr(at, 30'000));
    ASSERT_GT(sent, 0u);
    at += sent;
    Poll();
  }
  const std::vector<std::string> messages = TakeMessages();
  ASSERT_THAT(messages, SizeIs(2));
  EXPECT_TRUE(messages[0] == text.substr(1));
  EXPECT_EQ(messages[1], "next");
}

TEST_F(WsConnection, BytesThatCameBehindTheRequestComeFirst) {
  const Link link = Connect(SOCK_STREAM, Masked("4early") + Masked("4split").substr(0, 5));
  EXPECT_THAT(TakeMessages(), IsEmpty());  // the peer is bound first
  link.client->Send(Masked("4split").substr(5) + Masked("4later"));
  Poll();
  EXPECT_THAT(TakeMessages(), ElementsAre("early", "split", "later"));
}

// --- pauses

TEST_F(WsConnection, APauseKeepsEveryByteAndTheOrder) {
  const Link link = ConnectAndRead();
  app_.on_message = [&](RawSession&, const std::string& message) {
    if (message == "1") At(link).PauseReading();
  };
  link.client->Send(Masked("41") + Masked("42") + Masked("43").substr(0, 4));
  Poll();
  EXPECT_THAT(TakeMessages(), ElementsAre("1"));  // at once, not with the next receive
  link.client->Send(Masked("43").substr(4) + Masked("44"));
  Poll();
  EXPECT_THAT(TakeMessages(), IsEmpty());
  At(link).ResumeReading();
  EXPECT_THAT(TakeMessages(), IsEmpty());  // never from inside the caller's stack
  Poll();
  EXPECT_THAT(TakeMessages(), ElementsAre("2", "3", "4"));
}

TEST_F(WsConnection, APauseWhileTheKeptBytesAreHandledKeepsTheRest) {
  const Link link = ConnectAndRead();
  app_.on_message = [&](RawSession&, const std::string&) { At(link).PauseReading(); };
  link.client->Send(Masked("41") + Masked("42") + Masked("43"));
  Poll();
  for (const char* message : {"1", "2", "3"}) {
    EXPECT_THAT(TakeMessages(), ElementsAre(message));
    Poll();
    EXPECT_THAT(TakeMessages(), IsEmpty());
    At(link).ResumeReading();
    Poll();
  }
}

TEST_F(WsConnection, APauseThatEndsWithinTheMessageChangesNothing) {
  const Link link = ConnectAndRead();
  app_.on_message = [&](RawSession&, const std::string&) {
    At(link).PauseReading();
    At(link).ResumeReading();
  };
  link.client->Send(Masked("41") + Masked("42") + Masked("43"));
  Poll();
  EXPECT_THAT(TakeMessages(), ElementsAre("1", "2", "3"));
}

TEST_F(WsConnection, BytesKeptDuringAPauseSurviveTheEndOfAnotherConnection) {
  const Link other = ConnectAndRead();
  const Link link = ConnectAndRead();
  app_.on_message = [&](RawSession&, const std::string& message) {
    if (message == "1") At(link).PauseReading();
  };
  link.client->Send(Masked("41") + Masked("42"));
  Poll();
  EXPECT_THAT(TakeMessages(), ElementsAre("1"));
  // Resumed, and before the task that handles the kept bytes runs the other connection goes.
  other.client->Hangup();
  shard_.Post([&] { At(link).ResumeReading(); });
  Poll();
  EXPECT_THAT(TakeMessages(), ElementsAre("2"));
  EXPECT_EQ(reactor_->connections(), 1u);
}

TEST_F(WsConnection, APausedConnectionThatMovesInTheListIsResumedAllTheSame) {
  const Link goer = ConnectAndRead();
  const Link other = ConnectAndRead();
  const Link link = ConnectAndRead();
  app_.on_message = [&](RawSession&, const std::string& message) {
    if (message == "1") At(link).PauseReading();
    if (message == "end") At(link).ResumeReading();
  };
  link.client->Send(Masked("41") + Masked("42"));
  Poll();
  // In one batch this one is resumed and another removed, whose place in the list it takes.
  other.client->SendText("4end");
  goer.client->Hangup();
  Poll();
  EXPECT_THAT(TakeMessages(), ElementsAre("1", "end", "2"));
}

TEST_F(WsConnection, AClientThatHangsUpDuringAPauseDoesNotKeepTheLoopBusy) {
  const Link link = ConnectAndRead();
  At(link).PauseReading();
  link.client->SendText("4x");
  Poll();
  link.client->Hangup();
  Poll();  // fails if the loop spins
}

// --- ends

TEST_F(WsConnection, AClientsCloseIsAnsweredAndTheConnectionEnds) {
  const Link link = ConnectAndRead();
  link.client->Send(ws::Encode({.opcode = ws::Opcode::kClose, .data = "\x03\xe8"}));
  Poll();
  EXPECT_THAT(link.client->Frames(), ElementsAre("close:1000"));
  EXPECT_TRUE(link.client->ended);
  EXPECT_FALSE(Alive(link));
  EXPECT_THAT(log_.reasons, ElementsAre("transport close"));
  link.client->Hangup();
  Poll();
  EXPECT_EQ(reactor_->connections(), 0u);
}

TEST_F(WsConnection, WhatFollowsAClientsCloseIsNotHeard) {
  const Link link = ConnectAndRead();
  link.client->Send(ws::Encode({.opcode = ws::Opcode::kClose}) + Masked("4late"));
  Poll();
  link.client->SendText("4later");  // python's client does that
  Poll();
  EXPECT_THAT(TakeMessages(), IsEmpty());
  EXPECT_THAT(link.client->Frames(), ElementsAre("close:1000"));
  link.client->Hangup();
  Poll();
  EXPECT_EQ(reactor_->connections(), 0u);
}

TEST_F(WsConnection, TheServersCloseGoesOutBehindWhatWasQueued) {
  const Link link = ConnectAndRead();
  At(link).SendRaw("last", false);
  At(link).Close(sio::DisconnectReason::kServerShuttingDown, ws::CloseCode::kGoingAway);
  Poll();
  EXPECT_THAT(link.client->Frames(), ElementsAre("4last", "close:1001"));
  EXPECT_TRUE(link.client->ended);  // our direction is shut
  link.client->SendText("4ignored");
  Poll();
  EXPECT_THAT(TakeMessages(), IsEmpty());
  EXPECT_EQ(reactor_->connections(), 1u);  // until the client has gone, too
  link.client->Hangup();
  Poll();
  EXPECT_EQ(reactor_->connections(), 0u);
}

TEST_F(WsConnection, AClientThatDoesNotAnswerTheCloseIsCut) {
  const Link link = ConnectAndRead();
  At(link).Close(sio::DisconnectReason::kForcedClose, ws::CloseCode::kNormal);
  Poll();
  shard_.timers().Advance(shard_.clock().NowMs() + 1'000);
  EXPECT_EQ(reactor_->connections(), 1u);
  shard_.timers().Advance(shard_.clock().NowMs() + 2'000);
  EXPECT_EQ(reactor_->connections(), 0u);
  Poll();
}

TEST_F(WsConnection, AnEndWithoutCloseIsATransportClose) {
  const Link link = ConnectAndRead();
  link.client->Hangup();
  Poll();
  EXPECT_FALSE(Alive(link));
  EXPECT_EQ(reactor_->connections(), 0u);
  EXPECT_THAT(log_.reasons, ElementsAre("transport close"));
}

TEST_F(WsConnection, AHalfClosedConnectionIsOver) {
  const Link link = ConnectAndRead();
  link.client->SendText("4last");
  link.client->ShutdownSend();
  Poll();
  EXPECT_THAT(TakeMessages(), ElementsAre("last"));
  EXPECT_FALSE(Alive(link));
  EXPECT_EQ(reactor_->connections(), 0u);
}

TEST_F(WsConnection, BrokenRulesAreAnsweredWithTheirCodes) {
  struct Case {
    std::string bytes;
    std::string_view close;
  };
  for (const Case& c : {
           Case{ws::Encode({.data = "4x", .masked = false}), "close:1002"},
           Case{ws::Encode({.data = "4x", .rsv = 4}), "close:1002"},
           Case{ws::Encode({.data = "4\xff"}), "close:1007"},
           Case{ws::Encode({.data = std::string(limits_.payload_bytes_max + 1, '4')}).substr(0, 99),
                "close:1009"},
           Case{Masked("x"), "close:1008"},
       }) {
    const Link link = ConnectAndRead();
    link.client->Send(c.bytes);
    Poll();
    EXPECT_THAT(link.client->Frames(), ElementsAre(c.close));
    EXPECT_FALSE(Alive(link));
    EXPECT_TRUE(link.client->ended);
    link.client->Hangup();
    Poll();
    EXPECT_EQ(reactor_->connections(), 0u);
  }
}

TEST_F(WsConnection, ARefusalSendsItsBytesAndEnds) {
  int fds[2];
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
  PairClient client(fds[1]);
  client.Send("whatever it still had to say");
  reactor_->Refuse(fds[0], "NO");
  Poll();
  EXPECT_THAT(client.Receive(), ElementsAre("NO"));
  EXPECT_TRUE(client.ended);
  client.Hangup();
  Poll();
  EXPECT_EQ(reactor_->connections(), 0u);
}

TEST_F(WsConnection, WhatTheKernelDoesNotTakeIsSentWhenTheClientReads) {
  limits_.outbox_bytes_max = 0;
  const Link link = ConnectAndRead();
  std::vector<std::string> expected;
  for (int i = 0; i < 40; ++i) {
    const std::string text =
        std::to_string(i) + std::string(50'000, static_cast<char>('a' + i % 26));
    At(link).SendRaw(text, false);
    expected.push_back("4" + text);
    Poll();
  }
  std::vector<std::string> frames;
  for (int i = 0; i < 1000 && frames.size() < expected.size(); ++i) {
    for (std::string& frame : link.client->Frames()) frames.push_back(std::move(frame));
    Poll();
  }
  EXPECT_TRUE(frames == expected);
  EXPECT_TRUE(Alive(link));
}

TEST_F(WsConnection, AClientThatGoesWhileBytesWaitEndsItsSession) {
  limits_.outbox_bytes_max = 0;
  const Link link = ConnectAndRead();
  At(link).SendRaw(std::string(2'000'000, 'x'), false);
  Poll();
  link.client->Hangup();
  Poll();
  EXPECT_FALSE(Alive(link));
  EXPECT_EQ(reactor_->connections(), 0u);
}

TEST_F(WsConnection, ConnectionsComeAndGoWithoutMixingUp) {
  app_.on_message = [](RawSession& session, const std::string& message) {
    session.SendRaw(message, false);
  };
  std::vector<Link> links;
  for (int i = 0; i < 20; ++i) links.push_back(ConnectAndRead());
  for (size_t i = 0; i < links.size(); i += 3) links[i].client->Hangup();
  for (size_t i = 0; i < links.size(); ++i) {
    if (i % 3 != 0) links[i].client->SendText("4" + std::to_string(i));
  }
  Poll();
  for (size_t i = 0; i < links.size(); ++i) {
    if (i % 3 == 0) {
      EXPECT_FALSE(Alive(links[i])) << i;
    } else {
      EXPECT_THAT(links[i].client->Frames(), ElementsAre("4" + std::to_string(i)));
    }
  }
  EXPECT_EQ(reactor_->connections(), 13u);
}

TEST_F(WsConnection, TheReactorClosesWhatIsStillOpenWhenItGoes) {
  const Link link = ConnectAndRead();
  reactor_.reset();
  link.client->Receive();
  EXPECT_TRUE(link.client->ended);
}

}  // namespace
}  // namespace smcp::test
