#include "gateway/codec/eio_packet.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "gateway/codec/eio_payload.h"

namespace smcp::eio {
namespace {

TEST(EioPacket, ReadsEveryType) {
  const struct {
    std::string_view text;
    PacketType type;
    std::string_view data;
  } rows[] = {
      {"0{\"sid\":\"x\"}", PacketType::kOpen, "{\"sid\":\"x\"}"},
      {"1", PacketType::kClose, ""},
      {"2", PacketType::kPing, ""},
      {"2probe", PacketType::kPing, "probe"},
      {"3", PacketType::kPong, ""},
      {"3probe", PacketType::kPong, "probe"},
      {"4hello", PacketType::kMessage, "hello"},
      {"4", PacketType::kMessage, ""},
      {"40/smcp,", PacketType::kMessage, "0/smcp,"},
      {"5", PacketType::kUpgrade, ""},
      {"6", PacketType::kNoop, ""},
      {"bAQID", PacketType::kBase64, "AQID"},
      {"b", PacketType::kBase64, ""},
  };
  for (const auto& row : rows) {
    const auto packet = DecodePacket(row.text);
    ASSERT_TRUE(packet) << row.text;
    EXPECT_EQ(packet->type, row.type) << row.text;
    EXPECT_EQ(packet->data, row.data) << row.text;
  }
}

TEST(EioPacket, RefusesTheEmptyTextAndEveryOtherFirstByte) {
  EXPECT_FALSE(DecodePacket(""));
  for (int byte = 0; byte < 256; ++byte) {
    const std::string text = {static_cast<char>(byte), 'x'};
    const bool known = (byte >= '0' && byte <= '6') || byte == 'b';
    EXPECT_EQ(DecodePacket(text).has_value(), known) << byte;
  }
}

std::vector<std::string> Split(std::string_view body) {
  std::vector<std::string> packets;
  PayloadSplitter splitter(body);
  std::string_view packet;
  while (splitter.Next(&packet)) packets.emplace_back(packet);
  return packets;
}

using Packets = std::vector<std::string>;

TEST(EioPayload, SplitsAtTheSeparator) {
  EXPECT_EQ(Split("4hello"), Packets{"4hello"});
  EXPECT_EQ(Split("41/smcp,\x1e"
                  "1"),
            (Packets{"41/smcp,", "1"}));
  EXPECT_EQ(Split("bAQID\x1e"
                  "bBAU=\x1e"
                  "451-/smcp,[\"x\"]"),
            (Packets{"bAQID", "bBAU=", "451-/smcp,[\"x\"]"}));
}

TEST(EioPayload, MakesOneEmptyPacketOfAnEmptyBody) { EXPECT_EQ(Split(""), Packets{""}); }

TEST(EioPayload, MakesAnEmptyPacketOfWhatIsMissingAroundASeparator) {
  EXPECT_EQ(Split("4a\x1e"), (Packets{"4a", ""}));
  EXPECT_EQ(Split("\x1e"
                  "4a"),
            (Packets{"", "4a"}));
  EXPECT_EQ(Split("\x1e\x1e"), (Packets{"", "", ""}));
}

TEST(EioPayload, LeavesThePacketAloneAtTheEnd) {
  PayloadSplitter splitter("4a");
  std::string_view packet;
  ASSERT_TRUE(splitter.Next(&packet));
  EXPECT_FALSE(splitter.Next(&packet));
  EXPECT_FALSE(splitter.Next(&packet));
  EXPECT_EQ(packet, "4a");
}

TEST(EioPayload, GivesBackTheBodyWhenJoinedAgain) {
  const std::string body =
      "4a\x1e\x1e"
      "2\x1e"
      "b\x1e";
  std::string joined;
  for (const std::string& packet : Split(body)) {
    joined += packet;
    joined += kSeparator;
  }
  joined.pop_back();
  EXPECT_EQ(joined, body);
}

}  // namespace
}  // namespace smcp::eio
