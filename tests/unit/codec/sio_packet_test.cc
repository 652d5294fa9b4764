#include "gateway/codec/sio_packet.h"

#include <gtest/gtest.h>

#include <ostream>
#include <string>
#include <string_view>

namespace smcp::sio {

void PrintTo(PacketType type, std::ostream* out) { *out << "type " << static_cast<int>(type); }
void PrintTo(DecodeError error, std::ostream* out) { *out << "error " << static_cast<int>(error); }

namespace {

struct Good {
  std::string_view text;
  PacketType type;
  std::string_view nsp = "/";
  std::string_view ack_id = "";
  std::string_view payload = "";
  uint32_t attachments = 0;
};

using enum PacketType;

TEST(SioPacket, ReadsWhatClientsSend) {
  const Good rows[] = {
      // CONNECT, SOCKETIO-COMPAT.md 6.1.
      {"0", kConnect},
      {"0{\"token\":\"t1\"}", kConnect, "/", "", "{\"token\":\"t1\"}"},
      {"0/smcp,{\"token\":\"t1\"}", kConnect, "/smcp", "", "{\"token\":\"t1\"}"},
      {"0/smcp,", kConnect, "/smcp"},
      {"0/random", kConnect, "/random"},
      {"0/smcp?token=1,", kConnect, "/smcp?token=1"},
      {"0/", kConnect, "/"},
      {"0/,{}", kConnect, "/", "", "{}"},
      // DISCONNECT.
      {"1", kDisconnect},
      {"1/smcp,", kDisconnect, "/smcp"},
      {"1/custom", kDisconnect, "/custom"},
      // EVENT and ACK, 6.2.
      {"2[\"ev\"]", kEvent, "/", "", "[\"ev\"]"},
      {"2/smcp,7[\"ev\",1]", kEvent, "/smcp", "7", "[\"ev\",1]"},
      {"20[\"ev\"]", kEvent, "/", "0", "[\"ev\"]"},
      {"212[\"ev\"]", kEvent, "/", "12", "[\"ev\"]"},
      {"2007[\"ev\"]", kEvent, "/", "007", "[\"ev\"]"},
      {"2123456789012345[\"ev\"]", kEvent, "/", "123456789012345", "[\"ev\"]"},
      {"2[1]", kEvent, "/", "", "[1]"},
      {"3[]", kAck, "/", "", "[]"},
      {"3/smcp,7[1,2]", kAck, "/smcp", "7", "[1,2]"},
      // The header only: what stands in the payload is json::Index's business.
      {"2[junk", kEvent, "/", "", "[junk"},
      // Binary, 6.4.
      {"52-/smcp,7[\"bin\"]", kBinaryEvent, "/smcp", "7", "[\"bin\"]", 2},
      {"51-[\"bin\"]", kBinaryEvent, "/", "", "[\"bin\"]", 1},
      {"62-/smcp,1[1]", kBinaryAck, "/smcp", "1", "[1]", 2},
      {"505-[\"x\"]", kBinaryEvent, "/", "", "[\"x\"]", 5},
      {"511-[\"x\"]", kBinaryEvent, "/", "", "[\"x\"]", 11},
      {"54294967295-[1]", kBinaryEvent, "/", "", "[1]", 4294967295u},
      {"54294967296-[1]", kBinaryEvent, "/", "", "[1]", 4294967295u},
      {"59999999999-[1]", kBinaryEvent, "/", "", "[1]", 4294967295u},
      // CONNECT_ERROR: the connection closes, whatever is in it.
      {"4", kConnectError},
      {"4/smcp,{}", kConnectError, "/smcp", "", "{}"},
      {"4\"text\"", kConnectError, "/", "", "\"text\""},
      // An id on a CONNECT or a DISCONNECT is read over, as by the reference server.
      {"0/smcp,7{}", kConnect, "/smcp", "7", "{}"},
      {"07", kConnect, "/", "7"},
      {"1/smcp,7", kDisconnect, "/smcp", "7"},
  };
  for (const Good& row : rows) {
    Packet packet;
    ASSERT_EQ(DecodePacket(row.text, &packet), DecodeError::kNone) << row.text;
    EXPECT_EQ(packet.type, row.type) << row.text;
    EXPECT_EQ(packet.nsp, row.nsp) << row.text;
    EXPECT_EQ(packet.ack_id, row.ack_id) << row.text;
    EXPECT_EQ(packet.payload, row.payload) << row.text;
    EXPECT_EQ(packet.attachments, row.attachments) << row.text;
  }
}

TEST(SioPacket, RefusesWhatIsNoPacket) {
  const struct {
    std::string_view text;
    DecodeError error;
  } rows[] = {
      {"", DecodeError::kBadType},
      {"7", DecodeError::kBadType},
      {"9[]", DecodeError::kBadType},
      {"a[\"x\"]", DecodeError::kBadType},
      {" 2[\"x\"]", DecodeError::kBadType},
      {"-", DecodeError::kBadType},
      {"\xb2[\"x\"]", DecodeError::kBadType},
      // Attachments.
      {"5", DecodeError::kBadAttachments},
      {"5[\"x\"]", DecodeError::kBadAttachments},
      {"5-[\"x\"]", DecodeError::kBadAttachments},
      {"51[\"x\"]", DecodeError::kBadAttachments},
      {"51", DecodeError::kBadAttachments},
      {"5a-[\"x\"]", DecodeError::kBadAttachments},
      {"5-1-[\"x\"]", DecodeError::kBadAttachments},
      {"51.5-[\"x\"]", DecodeError::kBadAttachments},
      {"51e3-[\"x\"]", DecodeError::kBadAttachments},
      {"5 1-[\"x\"]", DecodeError::kBadAttachments},
      {"50-[\"x\"]", DecodeError::kBadAttachments},
      {"500-[\"x\"]", DecodeError::kBadAttachments},
      {"60-[]", DecodeError::kBadAttachments},
      {"5/smcp,[\"x\"]", DecodeError::kBadAttachments},
      {"500000000001-[\"x\"]", DecodeError::kBadAttachments},
      // Ack ids, DECISIONS 15.
      {"21234567890123456[\"x\"]", DecodeError::kBadAckId},
      {"2/smcp,0000000000000001[\"x\"]", DecodeError::kBadAckId},
      {"31234567890123456[]", DecodeError::kBadAckId},
      {"01234567890123456", DecodeError::kBadAckId},
      // Payloads.
      {"2", DecodeError::kBadPayload},
      {"2/smcp,", DecodeError::kBadPayload},
      {"2/smcp", DecodeError::kBadPayload},
      {"27", DecodeError::kBadPayload},
      {"3", DecodeError::kBadPayload},
      {"3/smcp,7", DecodeError::kBadPayload},
      {"51-", DecodeError::kBadPayload},
      {"61-/smcp,1", DecodeError::kBadPayload},
      {"2 [\"a\"]", DecodeError::kBadPayload},
      {"2\n[\"a\"]", DecodeError::kBadPayload},
      {"2abc[\"a\"]", DecodeError::kBadPayload},
      {"2{}", DecodeError::kBadPayload},
      {"2\"a\"", DecodeError::kBadPayload},
      {"2-1[\"a\"]", DecodeError::kBadPayload},
      {"21-[\"a\"]", DecodeError::kBadPayload},
      {"2,[\"a\"]", DecodeError::kBadPayload},
      {"3{}", DecodeError::kBadPayload},
      {"3null", DecodeError::kBadPayload},
      {"51-{}", DecodeError::kBadPayload},
      {"61-\"x\"", DecodeError::kBadPayload},
      {"0[]", DecodeError::kBadPayload},
      {"0\"token\"", DecodeError::kBadPayload},
      {"0/smcp,[]", DecodeError::kBadPayload},
      {"0null", DecodeError::kBadPayload},
      {"0 {}", DecodeError::kBadPayload},
      {"1{}", DecodeError::kBadPayload},
      {"1[]", DecodeError::kBadPayload},
      {"1/smcp,{}", DecodeError::kBadPayload},
      {"1 ", DecodeError::kBadPayload},
  };
  for (const auto& row : rows) {
    Packet packet;
    EXPECT_EQ(DecodePacket(row.text, &packet), row.error) << row.text;
  }
}

TEST(SioPacket, PointsIntoTheText) {
  const std::string text = "2/smcp,7[\"ev\"]";
  Packet packet;
  ASSERT_EQ(DecodePacket(text, &packet), DecodeError::kNone);
  EXPECT_EQ(packet.nsp.data(), text.data() + 1);
  EXPECT_EQ(packet.ack_id.data(), text.data() + 7);
  EXPECT_EQ(packet.payload.data(), text.data() + 8);
}

TEST(SioPacket, ForgetsThePacketDecodedBefore) {
  Packet packet;
  ASSERT_EQ(DecodePacket("52-/smcp,7[\"bin\"]", &packet), DecodeError::kNone);
  ASSERT_EQ(DecodePacket("1", &packet), DecodeError::kNone);
  EXPECT_EQ(packet.attachments, 0u);
  EXPECT_EQ(packet.nsp, "/");
  EXPECT_EQ(packet.ack_id, "");
  EXPECT_EQ(packet.payload, "");
}

TEST(SioHeader, IsWrittenAsClientsExpectIt) {
  const struct {
    PacketType type;
    size_t attachments;
    std::string_view nsp;
    std::string_view ack_id;
    std::string_view text;
  } rows[] = {
      {kConnect, 0, "/", "", "40"},
      {kConnect, 0, "/smcp", "", "40/smcp,"},
      {kDisconnect, 0, "/smcp", "", "41/smcp,"},
      {kDisconnect, 0, "/", "", "41"},
      {kEvent, 0, "/smcp", "", "42/smcp,"},
      {kEvent, 0, "/smcp", "7", "42/smcp,7"},
      {kEvent, 0, "/", "7", "427"},
      {kAck, 0, "/smcp", "007", "43/smcp,007"},
      {kConnectError, 0, "/random", "", "44/random,"},
      {kConnectError, 0, "/", "", "44"},
      {kBinaryEvent, 2, "/smcp", "7", "452-/smcp,7"},
      {kBinaryEvent, 1, "/", "", "451-"},
      {kBinaryAck, 10, "/smcp", "1", "4610-/smcp,1"},
  };
  for (const auto& row : rows) {
    std::string out;
    AppendHeader(&out, row.type, row.attachments, row.nsp, row.ack_id);
    EXPECT_EQ(out, row.text);
    // What we write we can read, once a payload of the right kind follows.
    if (row.type != kDisconnect) out += row.type == kConnect ? "{}" : "[]";
    Packet packet;
    ASSERT_EQ(DecodePacket(std::string_view(out).substr(1), &packet), DecodeError::kNone) << out;
    EXPECT_EQ(packet.type, row.type);
    EXPECT_EQ(packet.attachments, row.attachments);
    EXPECT_EQ(packet.nsp, row.nsp);
    EXPECT_EQ(packet.ack_id, row.ack_id);
  }
}

TEST(SioHeader, IsAppendedBehindWhatIsThere) {
  std::string out = "x";
  AppendHeader(&out, kEvent, 0, "/", "");
  EXPECT_EQ(out, "x42");
}

TEST(SioEvents, ReservesTheNamesOfTheLibrary) {
  for (const std::string_view name : {"connect", "connect_error", "disconnect", "disconnecting",
                                      "newListener", "removeListener", "error"}) {
    EXPECT_TRUE(IsReservedEvent(name)) << name;
  }
  for (const std::string_view name :
       {"", "message", "Connect", "connect ", "connected", "newlistener", "server:join_office"}) {
    EXPECT_FALSE(IsReservedEvent(name)) << name;
  }
}

}  // namespace
}  // namespace smcp::sio
