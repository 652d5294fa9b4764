// How namespaces and sessions end, and who is told what.
#include "gateway/peer/peer.h"
#include "tests/unit/peer/peer_fixture.h"

namespace smcp::test {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::StartsWith;

class Ending : public PeerTest {};

TEST_F(Ending, AClientLeavesOneNamespaceAndTheSessionStays) {
  FakeWire wire;
  const PeerRef ref = OpenJoinedOn(wire);
  Say(ref, wire, "40/m,");
  Say(ref, wire, "41/n,");
  EXPECT_THAT(app().Take(), ElementsAre("disconnect: client namespace disconnect"));
  EXPECT_EQ(app().socket_count(), 0u);
  wire.Take();
  Say(ref, wire, "42/n,[\"a\"]");
  Say(ref, wire, "42/m,[\"a\"]");
  EXPECT_THAT(app().Take(), IsEmpty());
  EXPECT_THAT(app("/m").Take(), ElementsAre("connected", "event [\"a\"]"));
  EXPECT_THAT(wire.Take(), IsEmpty());
}

TEST_F(Ending, AClientThatComesBackGetsANewSid) {
  FakeWire wire;
  const PeerRef ref = OpenJoinedOn(wire);
  const std::string before = app().sockets.at(0)->sid();
  Say(ref, wire, "41/n,");
  Say(ref, wire, "40/n,");
  EXPECT_NE(app().sockets.at(0)->sid(), before);
}

TEST_F(Ending, ASocketThatIsDisconnectedHearsItAfterTheCallback) {
  FakeWire wire;
  const PeerRef ref = OpenJoinedOn(wire);
  app().on_event = [this](sio::Socket& socket, const sio::EventView&) {
    socket.Disconnect();
    socket.Emit("last", "");
    EXPECT_EQ(app().socket_count(), 1u);  // still there: no callback inside the callback
  };
  Say(ref, wire, "42/n,[\"go\"]");
  EXPECT_THAT(wire.Take(), ElementsAre("42/n,[\"last\"]", "41/n,"));
  EXPECT_THAT(app().Take(),
              ElementsAre("event [\"go\"]", "disconnect: server namespace disconnect"));
  EXPECT_TRUE(Alive(ref));
  EXPECT_EQ(wire.closes, 0);
  Say(ref, wire, "42/n,[\"in flight\"]");
  EXPECT_THAT(app().Take(), IsEmpty());
}

TEST_F(Ending, DisconnectingTwiceDisconnectsOnce) {
  FakeWire wire;
  const PeerRef ref = OpenJoinedOn(wire);
  app().sockets.at(0)->Disconnect();
  app().sockets.at(0)->Disconnect();
  Run();
  EXPECT_THAT(wire.Take(), ElementsAre("41/n,"));
  EXPECT_THAT(app().Take(), ElementsAre("disconnect: server namespace disconnect"));
  EXPECT_TRUE(Alive(ref));
}

TEST_F(Ending, ClosingTheSessionLeavesEveryNamespaceFirst) {
  FakeWire wire;
  const PeerRef ref = OpenJoinedOn(wire);
  Say(ref, wire, "40");
  wire.Take();
  app().sockets.at(0)->CloseSession();
  EXPECT_THAT(wire.Take(), IsEmpty());
  Run();
  EXPECT_THAT(wire.Take(), ElementsAre("41/n,", "41"));
  EXPECT_EQ(wire.closed, ws::CloseCode::kNormal);
  EXPECT_EQ(wire.closes, 1);
  EXPECT_FALSE(Alive(ref));
  EXPECT_THAT(app().Take(), ElementsAre("disconnect: server namespace disconnect"));
  EXPECT_THAT(app("/").Take(), ElementsAre("connected", "disconnect: server namespace disconnect"));
}

TEST_F(Ending, CuttingTheSessionSaysNothingOfIt) {
  FakeWire wire;
  const PeerRef ref = OpenJoinedOn(wire);
  app().sockets.at(0)->End(false);
  EXPECT_TRUE(Alive(ref));
  Run();
  EXPECT_THAT(wire.Take(), IsEmpty());
  EXPECT_EQ(wire.closed, ws::CloseCode::kGoingAway);
  EXPECT_FALSE(Alive(ref));
  EXPECT_THAT(app().Take(), ElementsAre("disconnect: forced close"));
  const PeerRef polling = OpenJoined();
  const Waiting get = Get(polling);
  app().sockets.at(0)->End(false);
  Run();
  EXPECT_EQ(Said(get), "1");
}

TEST_F(Ending, EveryNamespaceIsToldOnceWithTheReason) {
  struct Case {
    std::string_view packet;
    std::string_view reason;
    ws::CloseCode code;
  };
  for (const Case& c : {Case{"4x", "parse error", ws::CloseCode::kPolicy},
                        Case{"42/n,[]", "parse error", ws::CloseCode::kPolicy},
                        Case{"2", "parse error", ws::CloseCode::kPolicy},
                        Case{"bA*==", "parse error", ws::CloseCode::kPolicy},
                        Case{"bAQID", "parse error", ws::CloseCode::kPolicy},
                        Case{"1", "transport close", ws::CloseCode::kNormal}}) {
    FakeWire wire;
    const PeerRef ref = OpenJoinedOn(wire);
    Say(ref, wire, "40/m,");
    Say(ref, wire, c.packet);
    const std::string line = "disconnect: " + std::string(c.reason);
    EXPECT_THAT(app().Take(), ElementsAre(line)) << c.packet;
    EXPECT_THAT(app("/m").Take(), ElementsAre("connected", line)) << c.packet;
    EXPECT_EQ(wire.closed, c.code) << c.packet;
    EXPECT_EQ(wire.closes, 1) << c.packet;
    EXPECT_FALSE(Alive(ref)) << c.packet;
  }
}

TEST_F(Ending, ASocketThatIsGoneSaysWhyAndTheCloseCodeGoesOut) {
  FakeWire wire;
  const PeerRef ref = OpenJoinedOn(wire);
  At(ref).OnWireClosed(wire, sio::DisconnectReason::kTransportError, ws::CloseCode::kTooBig);
  EXPECT_EQ(wire.closed, ws::CloseCode::kTooBig);
  EXPECT_THAT(app().Take(), ElementsAre("disconnect: transport error"));
  EXPECT_FALSE(Alive(ref));
}

TEST_F(Ending, NothingIsSentOnceASessionIsClosing) {
  FakeWire wire;
  const PeerRef ref = OpenJoinedOn(wire);
  sio::Socket* socket = app().sockets.at(0);
  socket->Emit("before", "");
  auto result = sio::SendResult::kQueued;
  socket->Call("q", "", Millis(1000), [socket, &result](absl::StatusOr<sio::CallAnswer> answer) {
    EXPECT_TRUE(absl::IsCancelled(answer.status()));
    result = socket->Emit("too late", "");
  });
  At(ref).OnWireClosed(wire, sio::DisconnectReason::kTransportClose, ws::CloseCode::kNormal);
  EXPECT_EQ(result, sio::SendResult::kClosed);
  EXPECT_THAT(wire.Take(), ElementsAre("42/n,[\"before\"]", "42/n,1[\"q\"]"));
}

TEST_F(Ending, EverySessionIsClosedOnShutdown) {
  FakeWire wire;
  const PeerRef on_wire = OpenJoinedOn(wire);
  const PeerRef parked_ref = OpenJoined();
  const Waiting parked = Get(parked_ref);
  const PeerRef idle = OpenJoined();
  host_.CloseAll(sio::DisconnectReason::kServerShuttingDown);
  Run();
  EXPECT_EQ(wire.closed, ws::CloseCode::kGoingAway);
  EXPECT_THAT(wire.Take(), IsEmpty());  // no Socket.IO disconnect: clients would not come back
  EXPECT_EQ(Said(parked), "1");
  EXPECT_EQ(GetNow(idle), "1");
  for (const PeerRef ref : {on_wire, parked_ref, idle}) EXPECT_FALSE(Alive(ref));
  EXPECT_THAT(app().Take(),
              ElementsAre("disconnect: server shutting down", "disconnect: server shutting down",
                          "disconnect: server shutting down"));
  EXPECT_EQ(host_.live(), 0u);
}

TEST_F(Ending, TheEndIsWrittenDownOnceAndGivesTheSeatBack) {
  FakeWire wire;
  const PeerRef ref = OpenJoinedOn(wire);
  EXPECT_EQ(admission_.sessions(), 1u);
  Say(ref, wire, "42/nowhere,[\"noise\"]");
  AdvanceTo(kStart + 500);
  Say(ref, wire, "1");
  EXPECT_EQ(admission_.sessions(), 0u);
  ASSERT_EQ(log_.ended.size(), 1u);
  const SessionFacts& facts = log_.ended[0];
  EXPECT_EQ(facts.reason, sio::DisconnectReason::kTransportClose);
  EXPECT_EQ(log_.addresses[0], "192.0.2.1");
  EXPECT_EQ(facts.port, 4711);
  EXPECT_TRUE(facts.websocket);
  EXPECT_EQ(facts.duration_ms, 500);
  EXPECT_EQ(facts.packets_in, 3u);
  EXPECT_EQ(facts.packets_out, 2u);  // open, CONNECT
  EXPECT_EQ(facts.ignored_in, 1u);
}

TEST_F(Ending, NoTimerOutlivesItsSession) {
  FakeWire wire;
  const PeerRef ref = OpenJoinedOn(wire);
  app().sockets.at(0)->Call("q", "", Millis(1000), [](absl::StatusOr<sio::CallAnswer>) {});
  Say(ref, wire, "451-/n,[\"bin\"]");
  EXPECT_GE(timers_.armed(), 3u);
  Say(ref, wire, "1");
  EXPECT_EQ(timers_.armed(), 0u);
}

TEST_F(Ending, AnUnfinishedBinaryEventEndsTheSessionInTime) {
  limits_.ping_interval = Millis(100'000);
  FakeWire wire;
  const PeerRef ref = OpenJoinedOn(wire);
  Say(ref, wire, "452-/n,[\"bin\"]");
  AdvanceTo(kStart + 20'000);
  SayBinary(ref, wire, "one");  // progress does not buy more time
  AdvanceTo(kStart + 29'990);
  EXPECT_TRUE(Alive(ref));
  AdvanceTo(kStart + 30'000);
  EXPECT_FALSE(Alive(ref));
  EXPECT_THAT(app().Take(), ElementsAre("disconnect: parse error"));
}

TEST_F(Ending, ABinaryEventThatIsCompleteStopsTheClock) {
  limits_.ping_interval = Millis(100'000);
  FakeWire wire;
  const PeerRef ref = OpenJoinedOn(wire);
  Say(ref, wire, "451-/n,[\"bin\",{\"_placeholder\":true,\"num\":0}]");
  Say(ref, wire, "3");  // a pong between header and attachment is no part of either
  SayBinary(ref, wire, "one");
  AdvanceTo(kStart + 40'000);
  EXPECT_TRUE(Alive(ref));
  EXPECT_THAT(app().Take(), ElementsAre("event [\"bin\",{\"_placeholder\":true,\"num\":0}]+one"));
}

TEST_F(Ending, AnswersReachTheirCallsAndOthersTheNamespace) {
  FakeWire wire;
  const PeerRef ref = OpenJoinedOn(wire);
  std::string answer;
  app().sockets.at(0)->Call("q", "", Millis(1000), [&](absl::StatusOr<sio::CallAnswer> got) {
    answer = got.ok() ? got->payload : got.status().ToString();
  });
  EXPECT_THAT(wire.Take(), ElementsAre("42/n,1[\"q\"]"));
  Say(ref, wire, "43/n,1[\"yes\"]");
  Say(ref, wire, "43/n,1[\"again\"]");
  Say(ref, wire, "43/n,9[]");
  EXPECT_EQ(answer, "[\"yes\"]");
  EXPECT_THAT(app().Take(), ElementsAre("ack 1[\"again\"]", "ack 9[]"));
}

}  // namespace
}  // namespace smcp::test
