// One frame at a time: every rule of RFC 6455 section 5 that a server has to check.

#include "gateway/codec/ws_frame.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "tests/unit/codec/guarded_text.h"
#include "tests/unit/codec/ws_client.h"

namespace smcp::ws {

namespace {

using Events = std::vector<Event>;

constexpr size_t kMax = 1'000'000;

Events Read(std::string_view bytes, size_t message_bytes_max = kMax) {
  Reader reader(message_bytes_max);
  reader.Feed(bytes);
  return reader.events;
}

Events Fails(CloseCode code) { return {Failure(code)}; }

TEST(WsDecoder, ReadsTextAndBinary) {
  EXPECT_EQ(Read(Encode({.data = "2probe"})), (Events{{Opcode::kText, "2probe"}}));
  EXPECT_EQ(Read(Encode({.data = ""})), (Events{{Opcode::kText, ""}}));
  const std::string_view bytes("\0\xff\x80", 3);
  EXPECT_EQ(Read(Encode({.opcode = Opcode::kBinary, .data = bytes})),
            (Events{{Opcode::kBinary, std::string(bytes)}}));
  EXPECT_EQ(Read(Encode({.opcode = Opcode::kBinary, .data = ""})), (Events{{Opcode::kBinary, ""}}));
}

TEST(WsDecoder, ReadsTheExampleOfTheRfc) {
  EXPECT_EQ(Read("\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58"),
            (Events{{Opcode::kText, "Hello"}}));
}

TEST(WsDecoder, ReadsEveryLengthAroundTheBordersOfItsEncodings) {
  std::vector<size_t> sizes;
  for (size_t size = 0; size < 300; ++size) sizes.push_back(size);
  for (const size_t size : {1000u, 65534u, 65535u, 65536u, 65537u, 999'999u, 1'000'000u}) {
    sizes.push_back(size);
  }
  for (const size_t size : sizes) {
    std::string data(size, '\0');
    for (size_t i = 0; i < size; ++i) data[i] = static_cast<char>(i * 7 + i / 251);
    ASSERT_EQ(Read(Encode({.opcode = Opcode::kBinary, .data = data})),
              (Events{{Opcode::kBinary, data}}))
        << size;
  }
}

TEST(WsDecoder, UnmasksAtEveryAlignmentAndReadsNoByteBehind) {
  std::string text;
  for (size_t i = 0; i < 200; ++i) text += static_cast<char>('a' + i % 26);
  for (size_t size = 0; size <= text.size(); ++size) {
    for (const auto side : {GuardedText::Side::kBefore, GuardedText::Side::kBehind}) {
      const std::string_view data = std::string_view(text).substr(0, size);
      const GuardedText frame(Encode({.data = data}), side);
      Decoder decoder;
      const Decoder::Result result = decoder.Next(frame.span(), kMax);
      ASSERT_EQ(result.status, Decoder::Status::kMessage);
      ASSERT_EQ(result.data, data);
      ASSERT_EQ(result.consumed, frame.span().size());
    }
  }
}

TEST(WsDecoder, TakesMasksOfZerosAndOnes) {
  for (const std::string_view mask :
       {std::string_view("\0\0\0\0", 4), std::string_view("\xff\xff\xff\xff", 4),
        std::string_view("\0\0\0\x01", 4)}) {
    EXPECT_EQ(Read(Encode({.data = "some text", .mask = mask})),
              (Events{{Opcode::kText, "some text"}}));
  }
}

TEST(WsDecoder, ReadsControlFrames) {
  EXPECT_EQ(Read(Encode({.opcode = Opcode::kPing, .data = "p"})), (Events{{Opcode::kPing, "p"}}));
  EXPECT_EQ(Read(Encode({.opcode = Opcode::kPong, .data = ""})), (Events{{Opcode::kPong, ""}}));
  const std::string full(125, '\xff');
  EXPECT_EQ(Read(Encode({.opcode = Opcode::kPing, .data = full})), (Events{{Opcode::kPing, full}}));
}

TEST(WsDecoder, RefusesEveryReservedBit) {
  for (uint8_t rsv = 1; rsv < 8; ++rsv) {
    for (const Opcode opcode : {Opcode::kText, Opcode::kBinary, Opcode::kPing, Opcode::kClose}) {
      EXPECT_EQ(Read(Encode({.opcode = opcode, .rsv = rsv})), Fails(CloseCode::kProtocolError));
    }
  }
}

TEST(WsDecoder, RefusesEveryReservedOpcode) {
  for (const int opcode : {3, 4, 5, 6, 7, 11, 12, 13, 14, 15}) {
    EXPECT_EQ(Read(Encode({.opcode = static_cast<Opcode>(opcode)})),
              Fails(CloseCode::kProtocolError))
        << opcode;
  }
}

TEST(WsDecoder, RefusesAFrameWithoutAMask) {
  for (const Opcode opcode : {Opcode::kText, Opcode::kBinary, Opcode::kPing, Opcode::kClose}) {
    EXPECT_EQ(Read(Encode({.opcode = opcode, .data = "ab", .masked = false})),
              Fails(CloseCode::kProtocolError));
  }
}

TEST(WsDecoder, RefusesControlFramesThatAreFragmentedOrTooLong) {
  const std::string long_data(126, 'x');
  for (const Opcode opcode : {Opcode::kClose, Opcode::kPing, Opcode::kPong}) {
    EXPECT_EQ(Read(Encode({.opcode = opcode, .fin = false})), Fails(CloseCode::kProtocolError));
    EXPECT_EQ(Read(Encode({.opcode = opcode, .data = long_data})),
              Fails(CloseCode::kProtocolError));
    EXPECT_EQ(Read(Encode({.opcode = opcode, .data = "x", .length_bytes = 2})),
              Fails(CloseCode::kProtocolError));
  }
}

TEST(WsDecoder, RefusesLengthsThatAreNotInTheShortestForm) {
  const std::string data(125, 'x');
  EXPECT_EQ(Read(Encode({.data = data, .length_bytes = 2})), Fails(CloseCode::kProtocolError));
  EXPECT_EQ(Read(Encode({.data = data, .length_bytes = 8})), Fails(CloseCode::kProtocolError));
  EXPECT_EQ(Read(Encode({.data = "", .length_bytes = 2})), Fails(CloseCode::kProtocolError));
  const std::string large(65535, 'x');
  EXPECT_EQ(Read(Encode({.data = large, .length_bytes = 8})), Fails(CloseCode::kProtocolError));
  const std::string least(126, 'x');
  EXPECT_EQ(Read(Encode({.data = least, .length_bytes = 2})), (Events{{Opcode::kText, least}}));
}

TEST(WsDecoder, RefusesALengthWithTheTopBit) {
  EXPECT_EQ(Read(std::string_view("\x81\xff\x80\0\0\0\0\0\0\x01", 10)),
            Fails(CloseCode::kProtocolError));
  EXPECT_EQ(Read("\x81\xff\xff\xff\xff\xff\xff\xff\xff\xff"), Fails(CloseCode::kProtocolError));
}

TEST(WsDecoder, RefusesALongMessageAtItsHeader) {
  EXPECT_EQ(Read(std::string_view("\x81\xfe\x03\xe9", 4), 1000), Fails(CloseCode::kTooBig));
  EXPECT_EQ(Read(std::string_view("\x82\xff\x7f\xff\xff\xff\xff\xff\xff\xff", 10)),
            Fails(CloseCode::kTooBig));
  EXPECT_EQ(Read(std::string_view("\x82\xff\0\0\0\0\0\x0f\x42\x41", 10)),
            Fails(CloseCode::kTooBig));
  EXPECT_EQ(Read("\x81\x8b", 10), Fails(CloseCode::kTooBig));
  // Not before the length is there: it may turn out to be no legal one.
  EXPECT_EQ(Read("\x81\xfe", 10), Events{});
  EXPECT_EQ(Read(std::string_view("\x81\xfe\0\x05", 4), 10), Fails(CloseCode::kProtocolError));
}

TEST(WsDecoder, TakesAMessageOfExactlyTheLimit) {
  const std::string data(1000, 'x');
  EXPECT_EQ(Read(Encode({.data = data}), 1000), (Events{{Opcode::kText, data}}));
  EXPECT_EQ(Read(Encode({.data = data}), 999), Fails(CloseCode::kTooBig));
  EXPECT_EQ(Read(Encode({.data = ""}), 0), (Events{{Opcode::kText, ""}}));
  EXPECT_EQ(Read(Encode({.data = "x"}), 0), Fails(CloseCode::kTooBig));
}

TEST(WsDecoder, LetsControlFramesBeLargerThanTheMessageLimit) {
  EXPECT_EQ(Read(Encode({.opcode = Opcode::kPing, .data = "ping"}), 1),
            (Events{{Opcode::kPing, "ping"}}));
}

TEST(WsDecoder, FindsAFaultAtTheFirstByteThatShowsIt) {
  for (const std::string_view start :
       {"\xc1\x85", "\x83\x85", "\x81\x05", "\x09\x80", "\x89\xfe", "\x80\x85"}) {
    EXPECT_EQ(Read(start), Fails(CloseCode::kProtocolError));
  }
  EXPECT_EQ(Read(std::string_view("\x81\xfe\0\x7d", 4)), Fails(CloseCode::kProtocolError));
}

std::string CloseFrame(int code, std::string_view reason = "") {
  std::string body = {static_cast<char>(code >> 8), static_cast<char>(code & 0xff)};
  body += reason;
  return Encode({.opcode = Opcode::kClose, .data = body});
}

TEST(WsDecoder, TakesEveryLegalCloseCodeAndNoOther) {
  for (int code = 0; code < 65536; ++code) {
    const bool legal = (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) ||
                       (code >= 3000 && code <= 4999);
    Decoder decoder;
    std::string frame = CloseFrame(code);
    const Decoder::Result result = decoder.Next(frame, kMax);
    ASSERT_EQ(result.status, legal ? Decoder::Status::kMessage : Decoder::Status::kError) << code;
    ASSERT_EQ(result.error, legal ? CloseCode::kNone : CloseCode::kProtocolError) << code;
  }
}

TEST(WsDecoder, ChecksTheBodyOfAClose) {
  EXPECT_EQ(Read(Encode({.opcode = Opcode::kClose})), (Events{{Opcode::kClose, ""}}));
  EXPECT_EQ(Read(CloseFrame(1000, "bye")), (Events{{Opcode::kClose,
                                                    "\x03\xe8"
                                                    "bye"}}));
  EXPECT_EQ(Read(Encode({.opcode = Opcode::kClose, .data = "\x03"})),
            Fails(CloseCode::kProtocolError));
  EXPECT_EQ(Read(CloseFrame(1000, "\xc3\x28")), Fails(CloseCode::kBadUtf8));
  EXPECT_EQ(Read(CloseFrame(1000, "cut \xe2\x82")), Fails(CloseCode::kBadUtf8));
  const std::string reason(123, 'r');
  EXPECT_EQ(Read(CloseFrame(4900, reason)).at(0).data.size(), 125u);
}

TEST(WsDecoder, ChecksTextButNotBinaryForUtf8) {
  for (const std::string_view bad :
       {"\xff", "\xc3\x28", "\xed\xa0\x80", "cut \xe2\x82", "\xf4\x90\x80\x80", "\xc0\x80"}) {
    EXPECT_EQ(Read(Encode({.data = bad})), Fails(CloseCode::kBadUtf8));
    EXPECT_EQ(Read(Encode({.opcode = Opcode::kBinary, .data = bad})),
              (Events{{Opcode::kBinary, std::string(bad)}}));
    EXPECT_EQ(Read(Encode({.opcode = Opcode::kPing, .data = bad})),
              (Events{{Opcode::kPing, std::string(bad)}}));
  }
}

TEST(WsDecoder, SaysHowMuchIsMissing) {
  const std::string data(300, 'x');
  const std::string frame = Encode({.data = data});
  for (size_t size = 0; size < frame.size(); ++size) {
    Reader reader;
    reader.Feed(frame.substr(0, size));
    ASSERT_TRUE(reader.events.empty());
    ASSERT_GT(reader.missing, 0u) << size;
    ASSERT_LE(reader.missing, frame.size() - size) << size;
    // Once the length is known it is the whole truth.
    if (size >= 4) {
      ASSERT_EQ(reader.missing, frame.size() - size);
    }
    reader.Feed(frame.substr(size));
    ASSERT_EQ(reader.events, (Events{{Opcode::kText, data}}));
  }
}

TEST(WsEncoder, WritesTheShortestHeader) {
  const struct {
    size_t size;
    std::string header;
  } rows[] = {
      {0, std::string("\x81\0", 2)},
      {125, "\x81\x7d"},
      {126, std::string("\x81\x7e\0\x7e", 4)},
      {65535, "\x81\x7e\xff\xff"},
      {65536, std::string("\x81\x7f\0\0\0\0\0\x01\0\0", 10)},
      {size_t{1} << 32, std::string("\x81\x7f\0\0\0\x01\0\0\0\0", 10)},
  };
  for (const auto& row : rows) {
    std::string out;
    AppendHeader(&out, Opcode::kText, row.size);
    EXPECT_EQ(out, row.header) << row.size;
  }
}

TEST(WsEncoder, WritesFramesBehindEachOther) {
  std::string out;
  AppendFrame(&out, Opcode::kText, "2");
  AppendFrame(&out, Opcode::kBinary, "\x01\x02");
  AppendFrame(&out, Opcode::kPong, "");
  EXPECT_EQ(out, std::string("\x81\x01"
                             "2\x82\x02\x01\x02\x8a\0",
                             9));
}

TEST(WsEncoder, WritesACloseWithItsCode) {
  std::string out;
  AppendClose(&out, CloseCode::kGoingAway);
  EXPECT_EQ(out, "\x88\x02\x03\xe9");
  out.clear();
  AppendClose(&out, CloseCode::kTooBig);
  EXPECT_EQ(out, "\x88\x02\x03\xf1");
  out.clear();
  AppendClose(&out, CloseCode::kNone);
  EXPECT_EQ(out, std::string("\x88\0", 2));
}

TEST(WsHandshake, AnswersTheKeyOfTheRfc) {
  EXPECT_EQ(AcceptKey("dGhlIHNhbXBsZSBub25jZQ=="), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
}

}  // namespace
}  // namespace smcp::ws
