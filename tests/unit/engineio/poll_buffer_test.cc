#include "gateway/engineio/poll_buffer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "gateway/base/limits.h"
#include "gateway/codec/base64.h"
#include "gateway/codec/eio_payload.h"

namespace smcp::eio {
namespace {

using ::testing::ElementsAre;

constexpr size_t kPlenty = 1'000'000;

std::vector<std::string> Split(std::string_view body) {
  std::vector<std::string> packets;
  PayloadSplitter splitter(body);
  for (std::string_view packet; splitter.Next(&packet);) packets.emplace_back(packet);
  return packets;
}

TEST(PollBuffer, PacketsLeaveInOrderJoinedBySeparatorsOnly) {
  PollBuffer buffer;
  buffer.PushText("42", "[\"a\"]");
  buffer.PushText("2", "");
  buffer.PushBinary(std::string("\x01\x02\x03", 3));
  EXPECT_EQ(buffer.TakeBody(kPlenty),
            "42[\"a\"]\x1e"
            "2\x1e"
            "bAQID");
  EXPECT_TRUE(buffer.empty());
  EXPECT_EQ(buffer.bytes(), 0u);
}

TEST(PollBuffer, AnEmptyBufferGivesAnEmptyBody) {
  PollBuffer buffer;
  EXPECT_EQ(buffer.TakeBody(kPlenty), "");
}

TEST(PollBuffer, ABodyHoldsSixteenPacketsAndTheRestStaysInOrder) {
  PollBuffer buffer;
  for (int i = 0; i < 40; ++i) buffer.PushText("4", std::to_string(i));
  int next = 0;
  for (const size_t expected : {kPacketsPerPollMax, kPacketsPerPollMax, size_t{8}}) {
    const std::vector<std::string> packets = Split(buffer.TakeBody(kPlenty));
    ASSERT_EQ(packets.size(), expected);
    for (const std::string& packet : packets) EXPECT_EQ(packet, "4" + std::to_string(next++));
  }
  EXPECT_TRUE(buffer.empty());
}

TEST(PollBuffer, ABodyKeepsToItsBytesAndTheSeparatorCounts) {
  PollBuffer buffer;
  for (int i = 0; i < 3; ++i) buffer.PushText("4", "234567");  // 7 bytes each
  EXPECT_EQ(buffer.TakeBody(14).size(), 7u);                   // 7 + 1 + 7 would be 15
  EXPECT_EQ(buffer.TakeBody(15).size(), 15u);
  EXPECT_TRUE(buffer.empty());
}

TEST(PollBuffer, OneOversizedPacketLeavesAlone) {
  PollBuffer buffer;
  const std::string big(100, 'x');
  buffer.PushText("4", big);
  buffer.PushText("4", "small");
  EXPECT_EQ(buffer.TakeBody(10), "4" + big);
  EXPECT_EQ(buffer.TakeBody(10), "4small");
}

TEST(PollBuffer, AnOversizedPacketBehindOthersWaitsForABodyOfItsOwn) {
  PollBuffer buffer;
  const std::string big(100, 'x');
  buffer.PushText("4", "small");
  buffer.PushText("4", big);
  buffer.PushText("4", "last");
  EXPECT_EQ(buffer.TakeBody(50), "4small");
  EXPECT_EQ(buffer.TakeBody(50), "4" + big);
  EXPECT_EQ(buffer.TakeBody(50), "4last");
}

TEST(PollBuffer, ABinaryPacketCountsAsItsBase64Text) {
  for (size_t size = 0; size < 8; ++size) {
    PollBuffer buffer;
    buffer.PushBinary(std::string(size, '\x1e'));  // the separator inside is harmless as base64
    const size_t bytes = buffer.bytes();
    const std::string body = buffer.TakeBody(kPlenty);
    EXPECT_EQ(body.size(), bytes) << size;
    ASSERT_EQ(Split(body).size(), 1u) << size;
    ASSERT_EQ(body.front(), 'b') << size;
    std::string decoded;
    ASSERT_TRUE(base64::Decode(std::string_view(body).substr(1), &decoded)) << size;
    EXPECT_EQ(decoded, std::string(size, '\x1e')) << size;
  }
}

TEST(PollBuffer, BytesAreWhatStillWaits) {
  PollBuffer buffer;
  buffer.PushText("42", "[1]");
  EXPECT_EQ(buffer.bytes(), 5u);
  buffer.PushBinary("abc");
  EXPECT_EQ(buffer.bytes(), 10u);
  buffer.TakeBody(1);
  EXPECT_EQ(buffer.bytes(), 5u);
  buffer.Pop();
  EXPECT_EQ(buffer.bytes(), 0u);
}

TEST(PollBuffer, PopHandsOutPacketsForAWebSocketFlush) {
  PollBuffer buffer;
  buffer.PushText("451-", "[1]");
  buffer.PushBinary("\x01");
  const PollBuffer::Packet first = buffer.Pop();
  EXPECT_EQ(first.data, "451-[1]");
  EXPECT_FALSE(first.binary);
  const PollBuffer::Packet second = buffer.Pop();
  EXPECT_EQ(second.data, "\x01");  // raw, not base64
  EXPECT_TRUE(second.binary);
  EXPECT_TRUE(buffer.empty());
}

}  // namespace
}  // namespace smcp::eio
