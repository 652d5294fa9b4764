// What a session says of itself: sio::SocketFacts.
#include "gateway/peer/peer.h"
#include "tests/unit/peer/peer_fixture.h"

namespace smcp::test {
namespace {

class Facts : public PeerTest {
 protected:
  Facts() {
    limits_.ping_interval = Millis(300);
    limits_.ping_timeout = Millis(200);
  }
};

TEST_F(Facts, CountWhatCameAndWent) {
  FakeWire wire;
  const PeerRef ref = OpenJoinedOn(wire);
  const sio::SocketFacts before = At(ref).Facts();
  EXPECT_TRUE(before.websocket);
  EXPECT_EQ(before.address, "192.0.2.1");
  EXPECT_EQ(before.port, 4711);
  EXPECT_EQ(before.connected_ms, kStart);
  EXPECT_EQ(before.events_in + before.events_out, 0u);
  EXPECT_EQ(before.bytes_in, 5u);
  clock_.Set(kStart + 40);
  Say(ref, wire, R"(42/n,["e"])");
  app().sockets.at(0)->SendEvent("", R"(["f"])", {"12345"}, false);
  const sio::SocketFacts after = At(ref).Facts();
  EXPECT_EQ(after.events_in, 1u);
  EXPECT_EQ(after.events_out, 1u);
  EXPECT_EQ(after.bytes_in, before.bytes_in + 10);
  EXPECT_EQ(after.bytes_out, before.bytes_out + std::string(R"(451-/n,["f"])").size() + 5);
  EXPECT_EQ(after.last_packet_ms, kStart + 40);
  EXPECT_EQ(after.connected_ms, kStart);
  EXPECT_GT(after.queued_bytes, before.queued_bytes);
}

TEST_F(Facts, ShowHeadersOfTheHandshake) {
  auto handshake = std::make_shared<sio::Handshake>();
  handshake->path = "/socket.io/";
  handshake->headers = {{"Origin", "https://o"}, {"user-agent", "ua"}, {"X-Forwarded-For", "f"}};
  const PeerRef ref = host_.Open(std::move(handshake), false, nullptr).ref();
  const sio::SocketFacts facts = At(ref).Facts();
  EXPECT_FALSE(facts.websocket);
  EXPECT_EQ(facts.path, "/socket.io/");
  EXPECT_EQ(facts.origin, "https://o");
  EXPECT_EQ(facts.user_agent, "ua");
  EXPECT_EQ(facts.forwarded_for, "f");
}

TEST_F(Facts, APingIsTimedUntilItsPong) {
  FakeWire wire;
  const PeerRef ref = OpenJoinedOn(wire);
  EXPECT_EQ(At(ref).Facts().ping_us, -1);
  Say(ref, wire, "3");  // answers nothing
  EXPECT_EQ(At(ref).Facts().ping_us, -1);
  AdvanceTo(kStart + 300);
  clock_.Set(kStart + 317);
  Say(ref, wire, "3");
  EXPECT_EQ(At(ref).Facts().ping_us, 17'000);
}

}  // namespace
}  // namespace smcp::test
