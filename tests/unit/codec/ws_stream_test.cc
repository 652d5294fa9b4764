// Sequences of frames: fragments, control frames between them, and input cut anywhere.

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/base/rng.h"
#include "gateway/codec/ws_frame.h"
#include "tests/unit/codec/ws_client.h"

namespace smcp::ws {

namespace {

using Events = std::vector<Event>;

Events Read(std::string_view bytes, size_t message_bytes_max = 1'000'000) {
  Reader reader(message_bytes_max);
  reader.Feed(bytes);
  return reader.events;
}

std::string First(std::string_view data, Opcode opcode = Opcode::kText) {
  return Encode({.opcode = opcode, .data = data, .fin = false});
}
std::string Middle(std::string_view data) {
  return Encode({.opcode = Opcode::kContinuation, .data = data, .fin = false});
}
std::string Last(std::string_view data) {
  return Encode({.opcode = Opcode::kContinuation, .data = data});
}

TEST(WsStream, PutsFragmentsTogether) {
  EXPECT_EQ(Read(First("4he") + Middle("") + Middle("ll") + Last("o")),
            (Events{{Opcode::kText, "4hello"}}));
  EXPECT_EQ(Read(First("\xff", Opcode::kBinary) + Last("\x80")),
            (Events{{Opcode::kBinary, "\xff\x80"}}));
  EXPECT_EQ(Read(First("") + Last("")), (Events{{Opcode::kText, ""}}));
}

TEST(WsStream, ReadsMessagesBehindEachOther) {
  EXPECT_EQ(Read(Encode({.data = "2probe"}) + Encode({.data = "5"}) + First("a") + Last("b") +
                 First("c") + Last("d") + Encode({.opcode = Opcode::kBinary, .data = "x"})),
            (Events{{Opcode::kText, "2probe"},
                    {Opcode::kText, "5"},
                    {Opcode::kText, "ab"},
                    {Opcode::kText, "cd"},
                    {Opcode::kBinary, "x"}}));
}

TEST(WsStream, HandsOutControlFramesBetweenFragmentsAtOnce) {
  EXPECT_EQ(Read(First("a") + Encode({.opcode = Opcode::kPing, .data = "1"}) + Middle("b") +
                 Encode({.opcode = Opcode::kPong, .data = "2"}) +
                 Encode({.opcode = Opcode::kPing, .data = "3"}) + Last("c")),
            (Events{{Opcode::kPing, "1"},
                    {Opcode::kPong, "2"},
                    {Opcode::kPing, "3"},
                    {Opcode::kText, "abc"}}));
}

TEST(WsStream, HandsOutWhatFollowsAClose) {
  // python-socketio sends data behind its Close (SOCKETIO-COMPAT.md 5.4); to ignore it is the
  // connection's rule.
  EXPECT_EQ(
      Read(Encode({.opcode = Opcode::kClose, .data = "\x03\xe8"}) + Encode({.data = "41/smcp,"})),
      (Events{{Opcode::kClose, "\x03\xe8"}, {Opcode::kText, "41/smcp,"}}));
}

TEST(WsStream, RefusesAContinuationOfNothing) {
  EXPECT_EQ(Read(Last("a")), (Events{Failure(CloseCode::kProtocolError)}));
  EXPECT_EQ(Read(Middle("a")), (Events{Failure(CloseCode::kProtocolError)}));
  EXPECT_EQ(Read(First("a") + Last("b") + Last("c")),
            (Events{{Opcode::kText, "ab"}, Failure(CloseCode::kProtocolError)}));
}

TEST(WsStream, RefusesANewMessageInsideAFragmentedOne) {
  for (const Opcode opcode : {Opcode::kText, Opcode::kBinary}) {
    for (const bool fin : {true, false}) {
      EXPECT_EQ(Read(First("a") + Encode({.opcode = opcode, .data = "b", .fin = fin})),
                (Events{Failure(CloseCode::kProtocolError)}));
    }
  }
}

TEST(WsStream, LimitsTheSumOfTheFragments) {
  const std::string part(400, 'x');
  EXPECT_EQ(Read(First(part) + Middle(part) + Last(part.substr(200)), 1000),
            (Events{{Opcode::kText, std::string(1000, 'x')}}));
  EXPECT_EQ(Read(First(part) + Middle(part) + Last(part.substr(199)), 1000),
            (Events{Failure(CloseCode::kTooBig)}));
  // At the header of the fragment that goes too far, whether or not its bytes have come.
  EXPECT_EQ(Read(First(part) + Middle(part) + Last(part).substr(0, 4), 1000),
            (Events{Failure(CloseCode::kTooBig)}));
}

TEST(WsStream, ChecksUtf8OverTheWholeMessage) {
  EXPECT_EQ(Read(First("caf\xc3") + Middle("") + Last("\xa9")),
            (Events{{Opcode::kText, "caf\xc3\xa9"}}));
  EXPECT_EQ(Read(First("\xf0") + Middle("\x9f") + Middle("\x98") + Last("\x80")),
            (Events{{Opcode::kText, "\xf0\x9f\x98\x80"}}));
  EXPECT_EQ(Read(First("caf\xc3") + Last("")), (Events{Failure(CloseCode::kBadUtf8)}));
  EXPECT_EQ(Read(First("caf\xc3") + Last("e")), (Events{Failure(CloseCode::kBadUtf8)}));
  EXPECT_EQ(Read(First("\xff") + Last("")), (Events{Failure(CloseCode::kBadUtf8)}));
}

TEST(WsStream, KeepsNothingOfAMessageInTheNext) {
  Reader reader;
  for (int i = 0; i < 3; ++i) {
    reader.Feed(First("a") + Last("b"));
    reader.Feed(Encode({.data = "c"}));
  }
  ASSERT_EQ(reader.events.size(), 6u);
  for (size_t i = 0; i < 6; ++i) EXPECT_EQ(reader.events[i].data, i % 2 == 0 ? "ab" : "c");
}

TEST(WsStream, ConsumesFragmentsAsTheyCome) {
  Reader reader;
  reader.Feed(First("abc") + Middle("def") + Last("ghi").substr(0, 5));
  EXPECT_TRUE(reader.events.empty());
  EXPECT_EQ(reader.tail_size(), 5u);
  EXPECT_EQ(reader.missing, 4u);
}

// One session with everything in it, and each kind of end.
std::string Session(std::string_view end) {
  const std::string long_text(200, 'l');
  const std::string binary(70'000, '\xee');
  return Encode({.data = "2probe"}) + Encode({.data = "5"}) + Encode({.data = ""}) +
         First("caf\xc3") + Encode({.opcode = Opcode::kPing, .data = "now"}) + Middle("\xa9 ") +
         Middle("") + Last(long_text) + Encode({.opcode = Opcode::kBinary, .data = binary}) +
         Encode({.data = long_text}) + std::string(end);
}

const std::vector<std::string>& Ends() {
  static const std::vector<std::string> kEnds = {
      "",
      Encode({.opcode = Opcode::kClose, .data = "\x03\xe8"}),
      Encode({.data = "\xff"}),
      Encode({.data = "x", .rsv = 4}),
      Encode({.data = "x", .masked = false}),
      Encode({.data = std::string_view("x"), .length_bytes = 8}),
      First("a") + First("b"),
      Last("x"),
      std::string("\x82\xff\0\0\0\x01\0\0\0\0", 10),
  };
  return kEnds;
}

TEST(WsStream, SaysTheSameHoweverTheInputIsCut) {
  SeededRandom random(11);
  for (const std::string& end : Ends()) {
    const std::string bytes = Session(end);
    const Events whole = Read(bytes);
    ASSERT_GE(whole.size(), 7u);
    for (const uint64_t chunk_max : {5u, 100u, 5'000u, 50'000u}) {
      Reader reader;
      for (size_t at = 0; at < bytes.size();) {
        size_t size = 1 + random.Next() % chunk_max;
        // Small cuts where they matter, large ones through the 70,000 bytes that look all alike.
        if (chunk_max < 5'000 && at > 300 && at < 69'000) size += 9'000;
        reader.Feed(std::string_view(bytes).substr(at, size));
        at += size;
      }
      ASSERT_EQ(reader.events, whole);
      ASSERT_TRUE(reader.untouched);
    }
  }
}

TEST(WsStream, SaysTheSameByteByByte) {
  const std::string bytes = First("caf\xc3") + Encode({.opcode = Opcode::kPing, .data = "p"}) +
                            Last("\xa9") + Encode({.data = std::string(130, 'x')}) + Last("y");
  Reader reader;
  for (const char byte : bytes) reader.Feed({&byte, 1});
  EXPECT_EQ(reader.events, Read(bytes));
  EXPECT_TRUE(reader.untouched);
}

TEST(WsStream, SaysTheSameAtEveryTwoPieceCut) {
  const std::string bytes = First("a") + Encode({.opcode = Opcode::kPing, .data = "p"}) +
                            Last(std::string(150, 'b')) + Encode({.data = "c"}) + Last("z");
  const Events whole = Read(bytes);
  for (size_t cut = 0; cut <= bytes.size(); ++cut) {
    Reader reader;
    reader.Feed(bytes.substr(0, cut));
    reader.Feed(bytes.substr(cut));
    ASSERT_EQ(reader.events, whole) << cut;
  }
}

// The time of a message of `count` one-byte fragments, given in pieces as from a socket.
double FragmentSeconds(size_t count) {
  std::string bytes = First("x");
  for (size_t i = 2; i < count; ++i) bytes += Middle("x");
  bytes += Last("x");
  const auto start = std::chrono::steady_clock::now();
  Decoder decoder;
  size_t size = 0;
  constexpr size_t kPiece = 7 * 512;  // whole frames: the copying of tails is the caller's
  for (size_t at = 0; at < bytes.size(); at += kPiece) {
    const size_t piece = std::min(kPiece, bytes.size() - at);
    size += decoder.Next({bytes.data() + at, piece}, 1'000'000).data.size();
  }
  EXPECT_EQ(size, count);
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

TEST(WsStream, TakesTimeInProportionToTheNumberOfFragments) {
  // Eight times the fragments: about 8 times the time, 64 times if each one cost the sum so far.
  // The best of several runs, so that a busy machine does not matter.
  double few = 1e9;
  double many = 1e9;
  for (int i = 0; i < 5; ++i) {
    few = std::min(few, FragmentSeconds(50'000));
    many = std::min(many, FragmentSeconds(400'000));
  }
  EXPECT_LT(many, few * 30);
}

}  // namespace
}  // namespace smcp::ws
