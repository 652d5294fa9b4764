// CONNECT: who comes in, who does not, and verdicts that come late, twice removed or never.
#include "tests/unit/peer/peer_fixture.h"

namespace smcp::test {
namespace {

using sio::ConnectDone;
using sio::ConnectRequest;
using sio::ConnectVerdict;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::StartsWith;

class Connect : public PeerTest {
 protected:
  // Keeps the verdicts of `/n` for later.
  void HoldVerdicts() {
    app().on_connect = [this](ConnectRequest request, ConnectDone done) {
      requests_.push_back(std::move(request));
      held_.push_back(std::move(done));
    };
  }
  std::vector<ConnectRequest> requests_;
  std::vector<ConnectDone> held_;
};

TEST_F(Connect, TheOpenPacketIsTheFirstFrameOfASessionBornOnAWebSocket) {
  FakeWire wire;
  const PeerRef ref = Open(true);
  At(ref).AttachWire(wire);
  EXPECT_THAT(wire.Take(), ElementsAre("0{\"sid\":\"" + At(ref).SidText() +
                                       "\",\"upgrades\":[],\"pingInterval\":25000,"
                                       "\"pingTimeout\":20000,\"maxPayload\":1000000}"));
  EXPECT_EQ(At(ref).transport(), sio::Transport::kWebSocket);
}

TEST_F(Connect, APollingSessionIsOfferedTheUpgrade) {
  const PeerRef ref = OpenPolling();
  EXPECT_EQ(At(ref).OpenPacket(),
            "0{\"sid\":\"" + At(ref).SidText() +
                "\",\"upgrades\":[\"websocket\"],\"pingInterval\":25000,\"pingTimeout\":20000,"
                "\"maxPayload\":1000000}");
  EXPECT_EQ(At(ref).transport(), sio::Transport::kPolling);
}

TEST_F(Connect, TheAnswerHoldsTheSocketsOwnSidAndComesBeforeItsEvents) {
  FakeWire wire;
  const PeerRef ref = OpenOn(wire);
  app().on_connected = [](sio::Socket& socket) { socket.Emit("welcome", ""); };
  Say(ref, wire, "40/n,");
  const std::string sid = app().sockets.at(0)->sid();
  EXPECT_NE(sid, At(ref).SidText());
  EXPECT_EQ(sid.size(), 15u);
  EXPECT_THAT(wire.Take(), ElementsAre("40/n,{\"sid\":\"" + sid + "\"}", "42/n,[\"welcome\"]"));
}

TEST_F(Connect, EveryNamespaceGetsASidOfItsOwn) {
  FakeWire wire;
  const PeerRef ref = OpenOn(wire);
  Say(ref, wire, "40");
  Say(ref, wire, "40/n,");
  const std::string root = app("/").sockets.at(0)->sid();
  const std::string other = app("/n").sockets.at(0)->sid();
  EXPECT_NE(root, other);
  EXPECT_THAT(wire.Take(),
              ElementsAre("40{\"sid\":\"" + root + "\"}", "40/n,{\"sid\":\"" + other + "\"}"));
}

TEST_F(Connect, ARequestCarriesWhatTheVerdictNeeds) {
  HoldVerdicts();
  const PeerRef ref = OpenPolling();
  EXPECT_EQ(Post(ref, "40/n,{\"token\":\"x\"}"), "ok");
  ASSERT_EQ(requests_.size(), 1u);
  EXPECT_EQ(requests_[0].nsp, "/n");
  EXPECT_EQ(requests_[0].auth, "{\"token\":\"x\"}");
  EXPECT_EQ(requests_[0].handshake->remote_address, "192.0.2.1");
  EXPECT_EQ(requests_[0].transport, sio::Transport::kPolling);
}

TEST_F(Connect, RefusalsAreTheBytesOfTheReference) {
  FakeWire wire;
  const PeerRef ref = OpenOn(wire);
  Say(ref, wire, "40/nowhere,");
  host_.namespaces().erase("/");
  Say(ref, wire, "40");
  Say(ref, wire, "40/n,");
  wire.out.clear();
  Say(ref, wire, "40/nowhere,{\"a\":1}");
  Say(ref, wire, "40");
  Say(ref, wire, "40/n,");
  EXPECT_THAT(wire.Take(), ElementsAre("44/nowhere,{\"message\":\"Invalid namespace\"}",
                                       "44{\"message\":\"Invalid namespace\"}",
                                       "44/n,{\"message\":\"Already connected\"}"));
  EXPECT_EQ(app().sockets.size(), 1u);
  EXPECT_TRUE(Alive(ref));
}

TEST_F(Connect, ARefusedClientKeepsItsSessionAndMayTryAgain) {
  FakeWire wire;
  const PeerRef ref = OpenOn(wire);
  app().on_connect = [](ConnectRequest, ConnectDone done) {
    std::move(done)(ConnectVerdict::Refuse("not \"you\""));
  };
  Say(ref, wire, "40/n,");
  app().on_connect = [](ConnectRequest, ConnectDone done) {
    std::move(done)(ConnectVerdict::Refuse("no", "{\"why\":1}"));
  };
  Say(ref, wire, "40/n,");
  app().on_connect = nullptr;
  Say(ref, wire, "40/n,");
  EXPECT_THAT(wire.Take(), ElementsAre("44/n,{\"message\":\"not \\\"you\\\"\"}",
                                       "44/n,{\"message\":\"no\",\"data\":{\"why\":1}}",
                                       StartsWith("40/n,{\"sid\"")));
}

TEST_F(Connect, AnAcceptedSocketOwnsTheStateOfItsVerdict) {
  struct Mine final : sio::SocketData {
    int value = 7;
  };
  app().on_connect = [](ConnectRequest, ConnectDone done) {
    std::move(done)(ConnectVerdict::Accept(std::make_unique<Mine>()));
  };
  int seen = 0;
  app().on_connected = [&](sio::Socket& socket) {
    seen = static_cast<Mine*>(socket.data())->value;
  };
  FakeWire wire;
  Say(OpenOn(wire), wire, "40/n,");
  EXPECT_EQ(seen, 7);
}

TEST_F(Connect, EventsRightBehindTheConnectFindItDecided) {
  const PeerRef ref = OpenPolling();
  EXPECT_EQ(Post(ref,
                 "40/n,\x1e"
                 "42/n,[\"a\"]"),
            "ok");
  EXPECT_THAT(app().Take(), ElementsAre("connected", "event [\"a\"]"));
}

TEST_F(Connect, ALateVerdictLetsTheClientInAndOthersDidNotWait) {
  HoldVerdicts();
  FakeWire wire;
  const PeerRef ref = OpenOn(wire);
  Say(ref, wire, "40/n,");
  Say(ref, wire, "42/n,[\"too early\"]");
  Say(ref, wire, "40/m,");
  EXPECT_THAT(wire.Take(), ElementsAre(StartsWith("40/m,")));
  EXPECT_THAT(app().Take(), IsEmpty());
  std::move(held_[0])(ConnectVerdict::Accept());
  EXPECT_THAT(wire.Take(), IsEmpty());  // posted home, never from the caller's stack
  Run();
  EXPECT_THAT(wire.Take(), ElementsAre(StartsWith("40/n,{\"sid\"")));
  Say(ref, wire, "42/n,[\"now\"]");
  EXPECT_THAT(app().Take(), ElementsAre("connected", "event [\"now\"]"));
}

TEST_F(Connect, ALateRefusalIsTheSameBytes) {
  HoldVerdicts();
  FakeWire wire;
  const PeerRef ref = OpenOn(wire);
  Say(ref, wire, "40/n,");
  std::move(held_[0])(ConnectVerdict::Refuse("no"));
  Run();
  EXPECT_THAT(wire.Take(), ElementsAre("44/n,{\"message\":\"no\"}"));
}

TEST_F(Connect, AVerdictThatIsDroppedRefuses) {
  FakeWire wire;
  const PeerRef ref = OpenOn(wire);
  app().on_connect = [](ConnectRequest, ConnectDone) {};
  Say(ref, wire, "40/n,");
  EXPECT_THAT(wire.Take(), ElementsAre("44/n,{\"message\":\"Connection refused by server\"}"));
  HoldVerdicts();
  Say(ref, wire, "40/n,");
  EXPECT_THAT(wire.Take(), IsEmpty());
  held_.clear();
  Run();
  EXPECT_THAT(wire.Take(), ElementsAre("44/n,{\"message\":\"Connection refused by server\"}"));
}

TEST_F(Connect, AVerdictForASessionThatIsGoneIsForgotten) {
  HoldVerdicts();
  FakeWire wire;
  const PeerRef ref = OpenOn(wire);
  Say(ref, wire, "40/n,");
  At(ref).OnWireClosed(wire, sio::DisconnectReason::kTransportClose, ws::CloseCode::kNone);
  Run();
  EXPECT_FALSE(Alive(ref));
  FakeWire heir_wire;
  const PeerRef heir = OpenOn(heir_wire);
  ASSERT_EQ(heir.slot, ref.slot);  // the slot is in use again
  Say(heir, heir_wire, "40/n,");
  std::move(held_[0])(ConnectVerdict::Accept());
  Run();
  EXPECT_THAT(heir_wire.Take(), IsEmpty());
  EXPECT_THAT(app().Take(), IsEmpty());
}

TEST_F(Connect, AVerdictForAPollingSessionThatIsClosingIsForgotten) {
  HoldVerdicts();
  const PeerRef ref = OpenPolling();
  EXPECT_EQ(Post(ref, "40/n,"), "ok");
  At(ref).CloseSession();
  Run();
  ASSERT_TRUE(Alive(ref));
  std::move(held_[0])(ConnectVerdict::Accept());
  Run();
  EXPECT_THAT(app().Take(), IsEmpty());
  EXPECT_EQ(GetNow(ref), "1");
}

TEST_F(Connect, AVerdictMayComeAfterTheClientHasAskedAgain) {
  HoldVerdicts();
  FakeWire wire;
  const PeerRef ref = OpenOn(wire);
  Say(ref, wire, "40/n,");
  Say(ref, wire, "40/n,");
  EXPECT_THAT(wire.Take(), ElementsAre("44/n,{\"message\":\"Already connected\"}"));
  ASSERT_EQ(held_.size(), 1u);
  std::move(held_[0])(ConnectVerdict::Accept());
  Run();
  EXPECT_THAT(wire.Take(), ElementsAre(StartsWith("40/n,{\"sid\"")));
}

// A provider that collects requests may answer the first while it is being asked the second.
TEST_F(Connect, AVerdictGivenWhileAnotherSessionIsAskedForGoesToItsOwnSession) {
  HoldVerdicts();
  FakeWire first_wire;
  FakeWire second_wire;
  const PeerRef first = OpenOn(first_wire);
  const PeerRef second = OpenOn(second_wire);
  Say(first, first_wire, "40/n,");
  app().on_connect = [this](ConnectRequest, ConnectDone done) {
    std::move(held_[0])(ConnectVerdict::Accept());
    held_[0] = std::move(done);
  };
  Say(second, second_wire, "40/n,");
  EXPECT_THAT(second_wire.Take(), IsEmpty());
  EXPECT_THAT(first_wire.Take(), ElementsAre(StartsWith("40/n,{\"sid\"")));
}

TEST_F(Connect, ASessionThatJoinsNothingIsClosedAtTheConnectTimeout) {
  FakeWire wire;
  const PeerRef ref = OpenOn(wire);
  limits_.ping_timeout = Millis(100'000);
  Say(ref, wire, "40/nowhere,");  // a refusal does not stop the clock
  AdvanceTo(kStart + 44'990);
  EXPECT_TRUE(Alive(ref));
  EXPECT_EQ(wire.closes, 0);
  AdvanceTo(kStart + 45'000);
  EXPECT_FALSE(Alive(ref));
  EXPECT_EQ(wire.closed, ws::CloseCode::kPolicy);
  EXPECT_EQ(log_.ended.at(0).reason, sio::DisconnectReason::kForcedClose);
}

TEST_F(Connect, TheFirstSuccessStopsTheConnectTimeoutForGood) {
  FakeWire wire;
  const PeerRef ref = OpenJoinedOn(wire);
  Say(ref, wire, "41/n,");  // leaving does not start it again
  limits_.ping_timeout = Millis(100'000);
  AdvanceTo(kStart + 60'000);
  EXPECT_TRUE(Alive(ref));
}

}  // namespace
}  // namespace smcp::test
