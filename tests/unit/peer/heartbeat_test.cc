// Pings and what happens without pongs, to the tick: the official suite allows no more.
#include "tests/unit/peer/peer_fixture.h"

namespace smcp::test {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class Heartbeat : public PeerTest {
 protected:
  Heartbeat() {
    limits_.ping_interval = Millis(300);
    limits_.ping_timeout = Millis(200);
  }
};

TEST_F(Heartbeat, AWebSocketIsPingedAtTheIntervalAndClosedAtTheTimeout) {
  FakeWire wire;
  const PeerRef ref = OpenOn(wire);
  AdvanceTo(kStart + 290);
  EXPECT_THAT(wire.Take(), IsEmpty());
  AdvanceTo(kStart + 300);
  EXPECT_THAT(wire.Take(), ElementsAre("2"));
  AdvanceTo(kStart + 490);
  EXPECT_TRUE(Alive(ref));
  AdvanceTo(kStart + 500);
  EXPECT_FALSE(Alive(ref));
  EXPECT_THAT(wire.Take(), IsEmpty());  // one ping, not two
  EXPECT_EQ(log_.ended.at(0).reason, sio::DisconnectReason::kPingTimeout);
}

TEST_F(Heartbeat, ADeadlineBetweenTwoTicksIsNotRoundedUp) {
  clock_.Set(kStart + 5);
  FakeWire wire;
  const PeerRef ref = OpenOn(wire);
  AdvanceTo(kStart + 305);
  EXPECT_THAT(wire.Take(), ElementsAre("2"));
  AdvanceTo(kStart + 505);
  EXPECT_FALSE(Alive(ref));
}

TEST_F(Heartbeat, APingSentALittleLateDoesNotMoveTheDeadlineOfItsPong) {
  FakeWire wire;
  const PeerRef ref = OpenOn(wire);
  JumpTo(kStart + 340);  // the loop was busy for 40 ms
  EXPECT_THAT(wire.Take(), ElementsAre("2"));
  AdvanceTo(kStart + 490);
  EXPECT_TRUE(Alive(ref));
  AdvanceTo(kStart + 500);
  EXPECT_FALSE(Alive(ref));
}

TEST_F(Heartbeat, APingSentVeryLateLeavesItsClientTimeToAnswer) {
  FakeWire wire;
  const PeerRef ref = OpenOn(wire);
  JumpTo(kStart + 1000);  // the whole machine stood still
  EXPECT_THAT(wire.Take(), ElementsAre("2"));
  AdvanceTo(kStart + 1140);  // timeout less the 50 ms that count as ours
  EXPECT_TRUE(Alive(ref));
  AdvanceTo(kStart + 1150);
  EXPECT_FALSE(Alive(ref));
}

TEST_F(Heartbeat, APongStartsTheIntervalAnew) {
  FakeWire wire;
  const PeerRef ref = OpenOn(wire);
  AdvanceTo(kStart + 300);
  AdvanceTo(kStart + 450);
  EXPECT_THAT(wire.Take(), ElementsAre("2"));
  Say(ref, wire, "3");
  AdvanceTo(kStart + 740);
  EXPECT_THAT(wire.Take(), IsEmpty());
  AdvanceTo(kStart + 750);
  EXPECT_THAT(wire.Take(), ElementsAre("2"));
}

TEST_F(Heartbeat, AnUnsolicitedPongIsLegalAndStartsTheIntervalAnew) {
  FakeWire wire;
  const PeerRef ref = OpenOn(wire);
  AdvanceTo(kStart + 200);
  Say(ref, wire, "3");
  AdvanceTo(kStart + 490);
  EXPECT_THAT(wire.Take(), IsEmpty());
  AdvanceTo(kStart + 500);
  EXPECT_THAT(wire.Take(), ElementsAre("2"));
}

TEST_F(Heartbeat, NothingElseCountsAsAPong) {
  FakeWire wire;
  const PeerRef ref = OpenOn(wire);
  AdvanceTo(kStart + 300);
  for (const std::string_view packet : {"6", "5", "40/n,", "42/n,[\"a\"]"}) Say(ref, wire, packet);
  AdvanceTo(kStart + 490);
  EXPECT_TRUE(Alive(ref));
  AdvanceTo(kStart + 500);
  EXPECT_FALSE(Alive(ref));
  EXPECT_THAT(app().Take(), ElementsAre("connected", "event [\"a\"]", "disconnect: ping timeout"));
}

TEST_F(Heartbeat, APongThatWaitsBehindOurOwnPauseIsNotLate) {
  FakeWire wire;
  const PeerRef ref = OpenJoinedOn(wire);
  app().sockets.at(0)->PauseReading();
  AdvanceTo(kStart + 900);
  EXPECT_TRUE(Alive(ref));
  EXPECT_THAT(wire.Take(), ElementsAre("2"));  // one ping is enough
  app().sockets.at(0)->ResumeReading();
  Say(ref, wire, "3");
  AdvanceTo(kStart + 1190);
  EXPECT_THAT(wire.Take(), IsEmpty());
  AdvanceTo(kStart + 1200);
  EXPECT_THAT(wire.Take(), ElementsAre("2"));
}

TEST_F(Heartbeat, AClientThatIsSilentAfterThePauseIsClosedAllTheSame) {
  FakeWire wire;
  const PeerRef ref = OpenJoinedOn(wire);
  app().sockets.at(0)->PauseReading();
  AdvanceTo(kStart + 900);
  app().sockets.at(0)->ResumeReading();
  AdvanceTo(kStart + 900 + 2 * 200);  // at most two timeouts from here
  EXPECT_FALSE(Alive(ref));
}

TEST_F(Heartbeat, AParkedPollGetsThePingAndTheNextOneTheEnd) {
  const PeerRef ref = OpenPolling();
  const Waiting first = Get(ref);
  EXPECT_FALSE(first->has_value());
  AdvanceTo(kStart + 300);
  EXPECT_EQ(Said(first), "2");
  const Waiting second = Get(ref);
  AdvanceTo(kStart + 490);
  EXPECT_FALSE(second->has_value());
  AdvanceTo(kStart + 500);
  EXPECT_EQ(Said(second), "1");
  EXPECT_FALSE(Alive(ref));
}

TEST_F(Heartbeat, APingIsDueWithoutAPollAndTheSessionIsGoneAfterTheTimeout) {
  const PeerRef ref = OpenPolling();
  AdvanceTo(kStart + 490);
  EXPECT_TRUE(Alive(ref));
  AdvanceTo(kStart + 500);
  EXPECT_FALSE(Alive(ref));  // a GET now is for an unknown session
}

TEST_F(Heartbeat, APingThatWaitsForItsPollIsOnlyOne) {
  const PeerRef ref = OpenPolling();
  AdvanceTo(kStart + 450);
  EXPECT_EQ(GetNow(ref), "2");
  EXPECT_EQ(Post(ref, "3"), "ok");
  AdvanceTo(kStart + 740);
  EXPECT_TRUE(Alive(ref));
  AdvanceTo(kStart + 750);
  EXPECT_EQ(GetNow(ref), "2");
}

TEST_F(Heartbeat, AnUpgradeStartsTheIntervalAnew) {
  const PeerRef ref = OpenPolling();
  AdvanceTo(kStart + 300);
  EXPECT_EQ(GetNow(ref), "2");  // and its pong is lost with the switch
  FakeWire wire;
  ASSERT_TRUE(At(ref).AttachProbe(wire));
  AdvanceTo(kStart + 400);
  Say(ref, wire, "2probe");
  Say(ref, wire, "5");
  EXPECT_THAT(wire.Take(), ElementsAre("3probe"));
  AdvanceTo(kStart + 690);
  EXPECT_TRUE(Alive(ref));
  EXPECT_THAT(wire.Take(), IsEmpty());
  AdvanceTo(kStart + 700);
  EXPECT_THAT(wire.Take(), ElementsAre("2"));
}

TEST_F(Heartbeat, ThePongMayComeOnEitherSideOfTheSwitch) {
  const PeerRef ref = OpenPolling();
  AdvanceTo(kStart + 300);
  EXPECT_EQ(GetNow(ref), "2");
  FakeWire wire;
  ASSERT_TRUE(At(ref).AttachProbe(wire));
  Say(ref, wire, "2probe");
  EXPECT_EQ(Post(ref, "3"), "ok");
  Say(ref, wire, "5");
  Say(ref, wire, "3");
  AdvanceTo(kStart + 590);
  EXPECT_TRUE(Alive(ref));
}

}  // namespace
}  // namespace smcp::test
