// Clients that do not read, and clients that write too much.
#include "tests/unit/peer/peer_fixture.h"

namespace smcp::test {
namespace {

using sio::SendResult;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

class Backpressure : public PeerTest {
 protected:
  Backpressure() {
    limits_.outbox_bytes_max = 100;
    limits_.ping_interval = Millis(1'000'000);
    limits_.connect_timeout = Millis(1'000'000);
  }
  sio::Socket& socket() { return *app().sockets.at(0); }
  SendResult Call() { return socket().SendEvent("7", "[\"call\"]", {}, true); }
  SendResult News() { return socket().SendEvent("", "[\"news\"]", {}, false); }
  // Queues until there is no room.
  void Fill() {
    for (int i = 0; i < 1000; ++i) {
      if (Call() == SendResult::kSlow) return;
    }
    FAIL() << "never full";
  }
};

TEST_F(Backpressure, ACallToAFullOutboxIsRefusedAndNotQueued) {
  FakeWire wire;
  const PeerRef ref = OpenJoinedOn(wire);
  Fill();
  const size_t full = wire.out.size();
  EXPECT_GT(full, limits_.outbox_bytes_max);
  EXPECT_EQ(Call(), SendResult::kSlow);
  EXPECT_EQ(wire.out.size(), full);
  EXPECT_TRUE(Alive(ref));
}

TEST_F(Backpressure, AClientThatReadsAgainIsServedAgain) {
  FakeWire wire;
  const PeerRef ref = OpenJoinedOn(wire);
  Fill();
  wire.Take();
  EXPECT_EQ(Call(), SendResult::kQueued);
  AdvanceTo(kStart + 20'000);  // past the grace: it is not held against the client
  EXPECT_TRUE(Alive(ref));
}

TEST_F(Backpressure, AClientThatIsStillSlowAfterTheGraceIsClosed) {
  FakeWire wire;
  const PeerRef ref = OpenJoinedOn(wire);
  Fill();
  AdvanceTo(kStart + 5'000);
  EXPECT_EQ(Call(), SendResult::kSlow);  // asking again buys no time
  AdvanceTo(kStart + 9'990);
  EXPECT_TRUE(Alive(ref));
  AdvanceTo(kStart + 10'000);
  EXPECT_FALSE(Alive(ref));
  EXPECT_EQ(wire.closed, ws::CloseCode::kPolicy);
  EXPECT_THAT(app().Take(), ElementsAre("disconnect: slow consumer"));
}

TEST_F(Backpressure, SlownessIsMeasuredAnewEachTime) {
  FakeWire wire;
  const PeerRef ref = OpenJoinedOn(wire);
  Fill();
  AdvanceTo(kStart + 9'000);
  wire.Take();
  AdvanceTo(kStart + 11'000);
  Fill();
  AdvanceTo(kStart + 20'990);
  EXPECT_TRUE(Alive(ref));
  AdvanceTo(kStart + 21'000);
  EXPECT_FALSE(Alive(ref));
}

TEST_F(Backpressure, NewsThatFindsNoRoomEndsTheSession) {
  FakeWire wire;
  const PeerRef ref = OpenJoinedOn(wire);
  Fill();
  EXPECT_EQ(News(), SendResult::kClosed);
  EXPECT_TRUE(Alive(ref));  // not from inside the caller's stack
  EXPECT_EQ(News(), SendResult::kClosed);
  EXPECT_EQ(Call(), SendResult::kClosed);
  Run();
  EXPECT_FALSE(Alive(ref));
  EXPECT_EQ(wire.closes, 1);
  EXPECT_EQ(wire.closed, ws::CloseCode::kPolicy);
  EXPECT_THAT(app().Take(), ElementsAre("disconnect: slow consumer"));
}

TEST_F(Backpressure, AnAckThatFindsNoRoomEndsTheSession) {
  FakeWire wire;
  const PeerRef ref = OpenJoinedOn(wire);
  Fill();
  EXPECT_EQ(socket().SendAck("1", "[]", {}), SendResult::kClosed);
  Run();
  EXPECT_FALSE(Alive(ref));
}

TEST_F(Backpressure, APollingClientThatDoesNotPollIsSlowToo) {
  const PeerRef ref = OpenJoined();
  Fill();
  EXPECT_EQ(Call(), SendResult::kSlow);
  GetNow(ref);
  EXPECT_EQ(Call(), SendResult::kQueued);
  Fill();
  EXPECT_EQ(News(), SendResult::kClosed);
  Run();
  EXPECT_FALSE(Alive(ref));
  EXPECT_THAT(app().Take(), ElementsAre("disconnect: slow consumer"));
}

TEST_F(Backpressure, ZeroTurnsTheBoundOff) {
  limits_.outbox_bytes_max = 0;
  FakeWire wire;
  OpenJoinedOn(wire);
  for (int i = 0; i < 1000; ++i) ASSERT_EQ(Call(), SendResult::kQueued);
}

// --- too many events

class Rate : public PeerTest {
 protected:
  Rate() {
    limits_.events_per_second = 100;
    limits_.ping_interval = Millis(1'000'000);
  }
  sio::Socket& socket() { return *app().sockets.at(0); }
};

TEST_F(Rate, TwiceTheRateMayComeAtOnceThenReadingPauses) {
  FakeWire wire;
  const PeerRef ref = OpenJoinedOn(wire);  // the CONNECT took one token
  for (int i = 0; i < 199; ++i) Say(ref, wire, "42/n,[\"e\"]");
  EXPECT_TRUE(wire.reading);
  Say(ref, wire, "42/n,[\"e\"]");
  EXPECT_FALSE(wire.reading);
  EXPECT_EQ(app().Take().size(), 200u);  // the one too many is served as well
  EXPECT_EQ(wire.closes, 0);
}

TEST_F(Rate, ReadingGoesOnWithinTheBurstsOwnTime) {
  FakeWire wire;
  const PeerRef ref = OpenJoinedOn(wire);
  for (int i = 0; i < 200; ++i) Say(ref, wire, "42/n,[\"e\"]");
  ASSERT_FALSE(wire.reading);
  AdvanceTo(kStart + 50);
  EXPECT_TRUE(wire.reading);
}

TEST_F(Rate, TheRateHoldsInTheLongRun) {
  FakeWire wire;
  const PeerRef ref = OpenJoinedOn(wire);
  int served = 0;
  for (int64_t now = kStart; now < kStart + 10'000; now += 10) {
    AdvanceTo(now);
    for (int i = 0; i < 50 && wire.reading; ++i, ++served) Say(ref, wire, "42/n,[\"e\"]");
  }
  // 10 s at 100 a second and a burst of 200 at the start.
  EXPECT_GE(served, 1100);
  EXPECT_LE(served, 1201);
}

TEST_F(Rate, IdleTimeFillsTheBucketNoFurtherThanTheBurst) {
  FakeWire wire;
  const PeerRef ref = OpenJoinedOn(wire);
  AdvanceTo(kStart + 40'000);
  int served = 0;
  for (; served < 1000 && wire.reading; ++served) Say(ref, wire, "42/n,[\"e\"]");
  EXPECT_GE(served, 200);
  EXPECT_LE(served, 201);
}

TEST_F(Rate, AnswersToOurCallsAreNotCounted) {
  FakeWire wire;
  const PeerRef ref = OpenJoinedOn(wire);
  for (int i = 0; i < 1000; ++i) Say(ref, wire, "43/n,1[]");
  EXPECT_TRUE(wire.reading);
}

TEST_F(Rate, NoiseIsCounted) {
  FakeWire wire;
  const PeerRef ref = OpenJoinedOn(wire);
  for (int i = 0; i < 200; ++i) Say(ref, wire, "42/nowhere,[\"e\"]");
  EXPECT_FALSE(wire.reading);
}

TEST_F(Rate, ZeroTurnsTheLimitOff) {
  limits_.events_per_second = 0;
  FakeWire wire;
  const PeerRef ref = OpenJoinedOn(wire);
  for (int i = 0; i < 5000; ++i) Say(ref, wire, "42/n,[\"e\"]");
  EXPECT_TRUE(wire.reading);
}

TEST_F(Rate, ThePauseOfTheRateAndThatOfTheApplicationNest) {
  FakeWire wire;
  const PeerRef ref = OpenJoinedOn(wire);
  for (int i = 0; i < 200; ++i) Say(ref, wire, "42/n,[\"e\"]");
  socket().PauseReading();
  AdvanceTo(kStart + 1000);
  EXPECT_FALSE(wire.reading);
  socket().ResumeReading();
  EXPECT_TRUE(wire.reading);
}

}  // namespace
}  // namespace smcp::test
