// From polling to a websocket: order, no duplicates, and every way in which it may fail.
#include "tests/unit/peer/peer_fixture.h"

namespace smcp::test {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class PeerUpgrade : public PeerTest {
 protected:
  sio::Socket& socket() { return *app().sockets.at(0); }
  // A joined polling session with a probe that has said nothing yet.
  PeerRef OpenProbing(FakeWire& probe) {
    const PeerRef ref = OpenJoined();
    EXPECT_TRUE(At(ref).AttachProbe(probe));
    return ref;
  }
};

TEST_F(PeerUpgrade, RunsWithoutAnyGetAndTheSessionIsOnTheWebSocket) {
  FakeWire wire;
  const PeerRef ref = OpenProbing(wire);
  EXPECT_TRUE(At(ref).upgrading());
  Say(ref, wire, "2probe");
  EXPECT_THAT(wire.Take(), ElementsAre("3probe"));
  EXPECT_TRUE(At(ref).on_polling());
  Say(ref, wire, "5");
  EXPECT_FALSE(At(ref).on_polling());
  EXPECT_FALSE(At(ref).upgrading());
  EXPECT_EQ(At(ref).transport(), sio::Transport::kWebSocket);
  Say(ref, wire, "42/n,[\"a\"]");
  EXPECT_THAT(app().Take(), ElementsAre("event [\"a\"]"));
  socket().Emit("b", "");
  EXPECT_THAT(wire.Take(), ElementsAre("42/n,[\"b\"]"));
}

TEST_F(PeerUpgrade, ProbeAndUpgradeMayArriveBeforeTheAnswerIsWritten) {
  FakeWire wire;
  const PeerRef ref = OpenProbing(wire);
  At(ref).OnWireMessage(wire, ws::Opcode::kText, "2probe");
  At(ref).OnWireMessage(wire, ws::Opcode::kText, "5");
  At(ref).OnWireMessage(wire, ws::Opcode::kText, "42/n,[\"a\"]");
  Run();
  EXPECT_THAT(wire.Take(), ElementsAre("3probe"));
  EXPECT_THAT(app().Take(), ElementsAre("event [\"a\"]"));
}

TEST_F(PeerUpgrade, AParkedGetIsReleasedByTheProbe) {
  FakeWire wire;
  const PeerRef ref = OpenProbing(wire);
  const Waiting get = Get(ref);
  EXPECT_FALSE(get->has_value());
  Say(ref, wire, "2probe");
  EXPECT_EQ(Said(get), "6");
  EXPECT_THAT(wire.Take(), ElementsAre("3probe"));  // a noop is for polls only
}

TEST_F(PeerUpgrade, EveryFurtherGetGetsItsNoopAfterAShortHold) {
  FakeWire wire;
  const PeerRef ref = OpenProbing(wire);
  Say(ref, wire, "2probe");
  int64_t now = kStart;
  for (int i = 0; i < 3; ++i) {
    const Waiting get = Get(ref);
    EXPECT_FALSE(get->has_value());  // not at once: a stalled client would poll in a tight loop
    AdvanceTo(now + 10);
    EXPECT_FALSE(get->has_value());
    AdvanceTo(now += 100);
    EXPECT_EQ(get->value_or("parked"), "6");
  }
}

TEST_F(PeerUpgrade, DataStillFlowsOverPollingWhileProbing) {
  FakeWire wire;
  const PeerRef ref = OpenProbing(wire);
  Say(ref, wire, "2probe");
  socket().Emit("a", "");
  EXPECT_EQ(GetNow(ref), "42/n,[\"a\"]");
  const Waiting held = Get(ref);
  socket().Emit("b", "");
  Run();
  EXPECT_EQ(Said(held), "42/n,[\"b\"]");
  EXPECT_EQ(Post(ref, "42/n,[\"c\"]"), "ok");
  EXPECT_THAT(app().Take(), ElementsAre("event [\"c\"]"));
  EXPECT_THAT(wire.Take(), ElementsAre("3probe"));
}

TEST_F(PeerUpgrade, APingThatFallsDueWhileProbingWaitsForAGet) {
  limits_.ping_interval = Millis(300);
  FakeWire wire;
  const PeerRef ref = OpenProbing(wire);
  Say(ref, wire, "2probe");
  AdvanceTo(kStart + 310);
  EXPECT_THAT(wire.Take(), ElementsAre("3probe"));
  EXPECT_EQ(GetNow(ref), "2");
}

TEST_F(PeerUpgrade, WhatIsQueuedGoesOverInOrderAndNothingTwice) {
  FakeWire wire;
  const PeerRef ref = OpenProbing(wire);
  socket().Emit("a", "");
  EXPECT_EQ(GetNow(ref), "42/n,[\"a\"]");  // this one has left already
  Say(ref, wire, "2probe");
  socket().Emit("b", "");
  socket().Emit("bin", "{\"_placeholder\":true,\"num\":0}", {"raw"});
  socket().Emit("c", "");
  EXPECT_THAT(wire.Take(), ElementsAre("3probe"));
  Say(ref, wire, "5");
  socket().Emit("d", "");
  EXPECT_THAT(wire.Take(),
              ElementsAre("42/n,[\"b\"]", "451-/n,[\"bin\",{\"_placeholder\":true,\"num\":0}]",
                          "bin:raw", "42/n,[\"c\"]", "42/n,[\"d\"]"));
}

TEST_F(PeerUpgrade, AGetThatIsParkedAtTheSwitchGetsANoopAndNoData) {
  FakeWire wire;
  const PeerRef ref = OpenProbing(wire);
  Say(ref, wire, "2probe");
  const Waiting get = Get(ref);
  socket().Emit("a", "");  // queued behind the answer that is about to be made
  At(ref).OnWireMessage(wire, ws::Opcode::kText, "5");
  Run();
  EXPECT_EQ(Said(get), "6");
  EXPECT_THAT(wire.Take(), ElementsAre("3probe", "42/n,[\"a\"]"));
}

TEST_F(PeerUpgrade, PollsAfterTheSwitchAreBadRequests) {
  FakeWire wire;
  const PeerRef ref = OpenProbing(wire);
  Say(ref, wire, "2probe");
  Say(ref, wire, "5");
  EXPECT_EQ(GetNow(ref), "bad request");
  EXPECT_FALSE(At(ref).on_polling());
  Say(ref, wire, "42/n,[\"a\"]");
  EXPECT_THAT(app().Take(), ElementsAre("event [\"a\"]"));  // the websocket does not mind
}

TEST_F(PeerUpgrade, ASecondProbeIsRefusedAndTheFirstGoesOn) {
  FakeWire wire;
  FakeWire second;
  const PeerRef ref = OpenProbing(wire);
  EXPECT_FALSE(At(ref).AttachProbe(second));
  Say(ref, wire, "2probe");
  EXPECT_FALSE(At(ref).AttachProbe(second));
  Say(ref, wire, "5");
  EXPECT_FALSE(At(ref).AttachProbe(second));
  EXPECT_FALSE(At(ref).on_polling());
  EXPECT_EQ(second.closes, 0);  // never taken in, so its owner answers it
  EXPECT_EQ(wire.closes, 0);
}

TEST_F(PeerUpgrade, ASessionBornOnAWebSocketIsNotTakenOver) {
  FakeWire wire;
  FakeWire thief;
  const PeerRef ref = OpenOn(wire);
  EXPECT_FALSE(At(ref).AttachProbe(thief));
}

TEST_F(PeerUpgrade, AProbeThatSaysAnythingElseIsDroppedAndPollingGoesOn) {
  for (const std::string_view packet :
       {"5", "4hello", "3probe", "2", "2prob", "1", "6", "", "x", "42/n,[\"a\"]", "bAQID"}) {
    FakeWire wire;
    const PeerRef ref = OpenProbing(wire);
    Say(ref, wire, packet);
    EXPECT_EQ(wire.closes, 1) << packet;
    EXPECT_EQ(wire.closed, ws::CloseCode::kPolicy) << packet;
    EXPECT_EQ(Post(ref, "42/n,[\"still here\"]"), "ok") << packet;
    EXPECT_THAT(app().Take(), ElementsAre("event [\"still here\"]")) << packet;
    EXPECT_EQ(GetNow(ref), "parked") << packet;  // and no hold is left over
    At(ref).PollGone();
    Run();
    app().Take();
  }
}

TEST_F(PeerUpgrade, ABinaryFrameOnAProbeDropsIt) {
  FakeWire wire;
  const PeerRef ref = OpenProbing(wire);
  SayBinary(ref, wire, "x");
  EXPECT_EQ(wire.closed, ws::CloseCode::kPolicy);
  EXPECT_TRUE(Alive(ref));
}

TEST_F(PeerUpgrade, AnythingButTheSwitchAfterTheProbeDropsIt) {
  FakeWire wire;
  const PeerRef ref = OpenProbing(wire);
  Say(ref, wire, "2probe");
  Say(ref, wire, "4hello");
  EXPECT_EQ(wire.closed, ws::CloseCode::kPolicy);
  EXPECT_TRUE(At(ref).on_polling());
  EXPECT_FALSE(At(ref).upgrading());
}

TEST_F(PeerUpgrade, AfterADroppedProbeAnotherMaySucceed) {
  FakeWire first;
  const PeerRef ref = OpenProbing(first);
  Say(ref, first, "2probe");
  At(ref).OnWireClosed(first, sio::DisconnectReason::kTransportClose, ws::CloseCode::kNone);
  EXPECT_TRUE(Alive(ref));
  EXPECT_THAT(app().Take(), IsEmpty());
  FakeWire second;
  ASSERT_TRUE(At(ref).AttachProbe(second));
  Say(ref, second, "2probe");
  Say(ref, second, "5");
  EXPECT_FALSE(At(ref).on_polling());
  EXPECT_EQ(second.closes, 0);
}

TEST_F(PeerUpgrade, AProbeThatNeverEndsIsClosedAtItsTimeoutAndPollingGoesOn) {
  for (const bool probed : {false, true}) {
    FakeWire wire;
    const PeerRef ref = OpenProbing(wire);
    const int64_t begun = clock_.NowMs();
    if (probed) Say(ref, wire, "2probe");
    AdvanceTo(begun + 9'990);
    EXPECT_EQ(wire.closes, 0);
    AdvanceTo(begun + 10'000);
    EXPECT_EQ(wire.closes, 1);
    EXPECT_EQ(wire.closed, ws::CloseCode::kPolicy);
    EXPECT_EQ(Post(ref,
                   "42/n,[\"a\"]\x1e"
                   "1"),
              "ok");
    app().Take();
  }
}

TEST_F(PeerUpgrade, TheEndOfTheSessionClosesTheProbeToo) {
  FakeWire wire;
  const PeerRef ref = OpenProbing(wire);
  Say(ref, wire, "2probe");
  EXPECT_EQ(Post(ref, "1"), "ok");
  EXPECT_EQ(wire.closes, 1);
  EXPECT_FALSE(Alive(ref));
}

TEST_F(PeerUpgrade, ABodyThatIsStillArrivingAtTheSwitchComesFirst) {
  FakeWire wire;
  const PeerRef ref = OpenProbing(wire);
  Say(ref, wire, "2probe");
  int cuts = 0;
  ASSERT_TRUE(At(ref).BeginPost([&] { ++cuts; }));
  Say(ref, wire, "5");
  EXPECT_FALSE(wire.reading);  // its packets wait in the kernel
  EXPECT_TRUE(At(ref).reading_paused());
  auto post = std::make_shared<std::optional<std::string>>();
  At(ref).FinishPost("42/n,[\"first\"]", ResponderOf(post));
  Run();
  EXPECT_EQ(Said(post), "ok");
  EXPECT_TRUE(wire.reading);
  EXPECT_FALSE(At(ref).reading_paused());
  Say(ref, wire, "42/n,[\"second\"]");
  EXPECT_THAT(app().Take(), ElementsAre("event [\"first\"]", "event [\"second\"]"));
  EXPECT_EQ(cuts, 0);
}

TEST_F(PeerUpgrade, ABodyThatTurnsOutTooLargeLetsTheWebSocketGoOn) {
  FakeWire wire;
  const PeerRef ref = OpenProbing(wire);
  Say(ref, wire, "2probe");
  ASSERT_TRUE(At(ref).BeginPost([] {}));
  Say(ref, wire, "5");
  At(ref).PostFailed(true);
  EXPECT_TRUE(wire.reading);
  Say(ref, wire, "42/n,[\"a\"]");
  EXPECT_THAT(app().Take(), ElementsAre("event [\"a\"]"));
}

TEST_F(PeerUpgrade, ABodyThatIsCutOffEndsTheSessionOnTheWebSocketToo) {
  FakeWire wire;
  const PeerRef ref = OpenProbing(wire);
  Say(ref, wire, "2probe");
  ASSERT_TRUE(At(ref).BeginPost([] {}));
  Say(ref, wire, "5");
  At(ref).PostFailed(false);
  Run();
  EXPECT_FALSE(Alive(ref));
  EXPECT_EQ(wire.closes, 1);
}

TEST_F(PeerUpgrade, AnUpgradeDuringAPauseStaysPaused) {
  FakeWire wire;
  const PeerRef ref = OpenProbing(wire);
  Say(ref, wire, "2probe");
  socket().PauseReading();
  const Waiting post = StartPost(ref, "42/n,[\"a\"]");
  EXPECT_FALSE(post->has_value());
  Say(ref, wire, "5");
  EXPECT_EQ(Said(post), "ok");
  EXPECT_FALSE(wire.reading);
  socket().ResumeReading();
  EXPECT_TRUE(wire.reading);
}

TEST_F(PeerUpgrade, AReassemblyGoesOnAcrossTheSwitch) {
  FakeWire wire;
  const PeerRef ref = OpenProbing(wire);
  EXPECT_EQ(Post(ref, "451-/n,[\"bin\"]"), "ok");
  Say(ref, wire, "2probe");
  Say(ref, wire, "5");
  SayBinary(ref, wire, "x");
  EXPECT_THAT(app().Take(), ElementsAre("event [\"bin\"]+x"));
}

TEST_F(PeerUpgrade, AClientThatCannotTakeBinaryGetsItAsBase64OnTheWebSocketToo) {
  const PeerRef ref = Open(false, "EIO=4&transport=polling&b64=1");
  EXPECT_EQ(Post(ref, "40/n,"), "ok");
  GetNow(ref);
  FakeWire wire;
  ASSERT_TRUE(At(ref).AttachProbe(wire));
  Say(ref, wire, "2probe");
  socket().Emit("queued", "", {std::string("\x01\x02\x03", 3)});
  Say(ref, wire, "5");
  socket().Emit("direct", "", {std::string("\x01\x02\x03", 3)});
  EXPECT_THAT(wire.Take(), ElementsAre("3probe", "451-/n,[\"queued\"]", "bAQID",
                                       "451-/n,[\"direct\"]", "bAQID"));
}

}  // namespace
}  // namespace smcp::test
