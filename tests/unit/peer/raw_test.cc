// A bare Engine.IO session: messages without Socket.IO on top.
#include "gateway/peer/raw_handler.h"

#include "tests/unit/peer/peer_fixture.h"

namespace smcp::test {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class Echo final : public RawHandler {
 public:
  void OnMessage(RawSession& session, std::string_view message, bool binary) override {
    session.SendRaw(message, binary);
  }
};

class RawPeer : public PeerTest {
 protected:
  Echo echo_;
};

TEST_F(RawPeer, EchoesTextAndBinaryOnAWebSocket) {
  FakeWire wire;
  const PeerRef ref = Open(true, "", &echo_);
  At(ref).AttachWire(wire);
  wire.Take();
  Say(ref, wire, "4hello");
  Say(ref, wire, "bAQID");
  SayBinary(ref, wire, "raw");
  EXPECT_THAT(wire.Take(), ElementsAre("4hello", "bin:\x01\x02\x03", "bin:raw"));
}

TEST_F(RawPeer, EchoesTextAndBinaryOverPolling) {
  const PeerRef ref = Open(false, "", &echo_);
  const Waiting get = Get(ref);
  EXPECT_EQ(Post(ref,
                 "4hello\x1e"
                 "bAQID"),
            "ok");
  EXPECT_EQ(Said(get), "4hello|bAQID");
}

TEST_F(RawPeer, HasNoNamespaceToJoinAndNoDeadlineForIt) {
  limits_.ping_interval = Millis(1'000'000);
  FakeWire wire;
  const PeerRef ref = Open(true, "", &echo_);
  At(ref).AttachWire(wire);
  wire.Take();
  Say(ref, wire, "40/n,");
  EXPECT_THAT(wire.Take(), ElementsAre("40/n,"));
  EXPECT_THAT(app().Take(), IsEmpty());
  AdvanceTo(kStart + 60'000);
  EXPECT_TRUE(Alive(ref));
}

TEST_F(RawPeer, AnEchoThatIsNotReadEndsTheSession) {
  limits_.outbox_bytes_max = 100;
  FakeWire wire;
  const PeerRef ref = Open(true, "", &echo_);
  At(ref).AttachWire(wire);
  wire.Take();
  for (int i = 0; i < 100 && Alive(ref); ++i) Say(ref, wire, "4" + std::string(30, 'x'));
  EXPECT_FALSE(Alive(ref));
  EXPECT_LT(wire.out.size(), 200u);
  EXPECT_EQ(log_.ended.at(0).reason, sio::DisconnectReason::kSlowConsumer);
}

TEST_F(RawPeer, ParseErrorsEndItLikeAnyOther) {
  FakeWire wire;
  const PeerRef ref = Open(true, "", &echo_);
  At(ref).AttachWire(wire);
  Say(ref, wire, "x");
  EXPECT_FALSE(Alive(ref));
}

}  // namespace
}  // namespace smcp::test
