#include "gateway/peer/peer_host.h"

#include <set>

#include "tests/unit/peer/peer_fixture.h"

namespace smcp::test {
namespace {

PeerAddress Address(uint16_t shard, uint32_t slot, uint8_t first) {
  PeerAddress address{shard, slot, {}};
  for (size_t i = 0; i < sizeof(address.secret.bytes); ++i) {
    address.secret.bytes[i] = static_cast<uint8_t>(first + i);
  }
  return address;
}

TEST(Sid, SaysWhereTheSessionLives) {
  for (const uint16_t shard : {uint16_t{0}, uint16_t{1}, uint16_t{258}, uint16_t{65534}}) {
    for (const uint32_t slot : {0u, 1u, 0x01020304u, 0xffffffffu}) {
      const PeerAddress made = Address(shard, slot, 250);
      const std::string sid = FormatSid(made);
      PeerAddress read;
      ASSERT_TRUE(ParseSid(sid, 65535, &read)) << sid;
      EXPECT_EQ(read.shard, shard);
      EXPECT_EQ(read.slot, slot);
      EXPECT_TRUE(std::equal(std::begin(made.secret.bytes), std::end(made.secret.bytes),
                             std::begin(read.secret.bytes)));
    }
  }
}

TEST(Sid, IsTwentyEightCharactersThatNeedNoEscapingInAUrl) {
  const std::string sid = FormatSid(Address(65534, 0xfffefdfc, 240));
  EXPECT_EQ(sid.size(), 28u);
  EXPECT_EQ(sid.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                  "0123456789-_"),
            std::string::npos);
}

TEST(Sid, OfAShardThatIsNotThereIsNotOne) {
  PeerAddress read;
  EXPECT_TRUE(ParseSid(FormatSid(Address(3, 1, 7)), 4, &read));
  EXPECT_FALSE(ParseSid(FormatSid(Address(4, 1, 7)), 4, &read));
  EXPECT_FALSE(ParseSid(FormatSid(Address(0, 1, 7)), 0, &read));
}

TEST(Sid, AnythingElseIsNotOne) {
  const std::string sid = FormatSid(Address(0, 1, 7));
  PeerAddress read;
  for (const std::string& text :
       {std::string(), std::string("__proto__"), sid.substr(1), sid + "A", sid + "=", " " + sid,
        std::string(28, '='), std::string(28, '\0'), std::string(10'000, 'A'), "+" + sid.substr(1),
        "/" + sid.substr(1), sid.substr(0, 27) + "\xff"}) {
    EXPECT_FALSE(ParseSid(text, 1, &read)) << text;
  }
}

class HostOfPeers : public PeerTest {
 protected:
  PeerAddress AddressOf(PeerRef ref) {
    PeerAddress address;
    EXPECT_TRUE(ParseSid(At(ref).SidText(), 1, &address));
    return address;
  }
  void End(PeerRef ref) {
    At(ref).Close(sio::DisconnectReason::kTransportClose, ws::CloseCode::kNormal);
  }
};

TEST_F(HostOfPeers, ASessionIsFoundByItsSidOnlyWithTheWholeSecret) {
  const PeerRef ref = OpenPolling();
  PeerAddress address = AddressOf(ref);
  EXPECT_EQ(host_.Find(address), &At(ref));
  for (uint8_t& byte : address.secret.bytes) {
    byte ^= 1;
    EXPECT_EQ(host_.Find(address), nullptr);
    byte ^= 1;
  }
  address.slot = 1;
  EXPECT_EQ(host_.Find(address), nullptr);
  address.slot = 0xffffffff;
  EXPECT_EQ(host_.Find(address), nullptr);
}

TEST_F(HostOfPeers, TheSidOfAnEndedSessionFindsNobodyNotEvenTheHeirOfItsSlot) {
  const PeerRef ref = OpenPolling();
  const PeerAddress address = AddressOf(ref);
  End(ref);
  EXPECT_EQ(host_.Find(address), nullptr);
  EXPECT_EQ(host_.Find(ref), nullptr);
  const PeerRef heir = OpenPolling();
  ASSERT_EQ(heir.slot, ref.slot);
  EXPECT_NE(heir.generation, ref.generation);
  EXPECT_EQ(host_.Find(address), nullptr);
  EXPECT_EQ(host_.Find(ref), nullptr);
  EXPECT_NE(host_.Find(heir), nullptr);
}

TEST_F(HostOfPeers, ARefToOneOfACrowdThatHasGoneFindsNobody) {
  std::vector<PeerRef> crowd;
  for (int i = 0; i < 1000; ++i) crowd.push_back(OpenPolling());
  for (const PeerRef ref : crowd) End(ref);
  Run();
  for (const PeerRef ref : crowd) EXPECT_EQ(host_.Find(ref), nullptr);
  for (int i = 0; i < 1000; ++i) OpenPolling();
  for (const PeerRef ref : crowd) EXPECT_EQ(host_.Find(ref), nullptr);
  EXPECT_EQ(host_.live(), 1000u);
}

TEST_F(HostOfPeers, ARefThatIsNothingFindsNothing) {
  OpenPolling();
  EXPECT_EQ(host_.Find(PeerRef{}), nullptr);
  EXPECT_EQ(host_.Find(PeerRef{99, 1, 0}), nullptr);
}

TEST_F(HostOfPeers, CountsWhoIsThere) {
  const PeerRef one = OpenPolling();
  OpenPolling();
  EXPECT_EQ(host_.live(), 2u);
  End(one);
  EXPECT_EQ(host_.live(), 1u);
}

TEST_F(HostOfPeers, SidsDiffer) {
  std::set<std::string> sids;
  for (int i = 0; i < 100; ++i) {
    sids.insert(At(OpenPolling()).SidText());
    sids.insert(host_.NewSocketSid());
  }
  EXPECT_EQ(sids.size(), 200u);
}

TEST_F(HostOfPeers, AnEndedSessionIsDeletedOnlyWhenTheTaskIsOver) {
  const PeerRef ref = OpenPolling();
  Peer& peer = At(ref);
  End(ref);
  EXPECT_EQ(peer.ref(), ref);  // the address sanitizer would object
  EXPECT_FALSE(scheduler_.idle());
  Run();
}

}  // namespace
}  // namespace smcp::test
