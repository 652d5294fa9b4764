// GET and POST: what they are answered and when, one of each at a time.
#include "tests/unit/peer/peer_fixture.h"

namespace smcp::test {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::StartsWith;

class PeerPolling : public PeerTest {
 protected:
  sio::Socket& socket() { return *app().sockets.at(0); }
  // BeginPost of a body that is still arriving; counts how often its connection was cut.
  bool Begin(PeerRef ref, int* cuts) {
    return At(ref).BeginPost([cuts] { ++*cuts; });
  }
  Waiting Finish(PeerRef ref, std::string_view body) {
    auto waiting = std::make_shared<std::optional<std::string>>();
    At(ref).FinishPost(body, ResponderOf(waiting));
    Run();
    return waiting;
  }
};

TEST_F(PeerPolling, AGetWaitsForTheFirstPacketAndTakesItsWholeBurst) {
  const PeerRef ref = OpenJoined();
  const Waiting get = Get(ref);
  EXPECT_FALSE(get->has_value());
  socket().Emit("a", "");
  socket().Emit("b", "");
  EXPECT_FALSE(get->has_value());
  Run();
  EXPECT_EQ(Said(get), "42/n,[\"a\"]|42/n,[\"b\"]");
}

TEST_F(PeerPolling, AGetWithSomethingQueuedIsAnsweredAtOnceAndTakesEachPacketOnce) {
  const PeerRef ref = OpenJoined();
  socket().Emit("a", "");
  socket().Emit("b", "");
  Run();
  EXPECT_EQ(GetNow(ref), "42/n,[\"a\"]|42/n,[\"b\"]");
  EXPECT_EQ(GetNow(ref), "parked");
}

TEST_F(PeerPolling, ManyPacketsLeaveSixteenAtATimeInOrder) {
  const PeerRef ref = OpenJoined();
  for (int i = 0; i < 40; ++i) socket().Emit("e", std::to_string(i));
  std::string all;
  for (const int expected : {16, 16, 8}) {
    const std::string body = GetNow(ref);
    EXPECT_EQ(std::count(body.begin(), body.end(), '|') + 1, expected);
    all += (all.empty() ? "" : "|") + body;
  }
  std::string expected;
  for (int i = 0; i < 40; ++i) {
    expected += (i == 0 ? "" : "|") + ("42/n,[\"e\"," + std::to_string(i) + "]");
  }
  EXPECT_EQ(all, expected);
}

TEST_F(PeerPolling, ABodyKeepsToTheMaximumPayload) {
  limits_.payload_bytes_max = 30;
  const PeerRef ref = OpenPolling();
  EXPECT_EQ(Post(ref, "40/n,"), "ok");
  GetNow(ref);
  socket().Emit("a", "1");                                 // 13 bytes
  socket().Emit("b", "2");                                 // 13 bytes: 27 with the separator
  socket().Emit("c", "\"" + std::string(50, 'x') + "\"");  // too big for any company
  Run();
  EXPECT_EQ(GetNow(ref), "42/n,[\"a\",1]|42/n,[\"b\",2]");
  EXPECT_EQ(GetNow(ref).size(), 63u);
}

TEST_F(PeerPolling, BinaryGoesOutAsBase64BehindItsHeader) {
  const PeerRef ref = OpenJoined();
  socket().Emit("bin", "{\"_placeholder\":true,\"num\":0}", {std::string("\x01\x02\x03", 3)});
  EXPECT_EQ(GetNow(ref), "451-/n,[\"bin\",{\"_placeholder\":true,\"num\":0}]|bAQID");
}

TEST_F(PeerPolling, HeaderAndAttachmentsMayComeInDifferentPosts) {
  const PeerRef ref = OpenJoined();
  EXPECT_EQ(Post(ref, "452-/n,[\"bin\",{\"_placeholder\":true,\"num\":1}]"), "ok");
  EXPECT_EQ(Post(ref, "bAQI"), "ok");
  EXPECT_THAT(app().Take(), IsEmpty());
  EXPECT_EQ(Post(ref,
                 "bBAU=\x1e"
                 "42/n,[\"next\"]"),
            "ok");
  EXPECT_THAT(app().Take(), ElementsAre("event [\"bin\",{\"_placeholder\":true,\"num\":1}]+\x01\x02"
                                        "+\x04\x05",
                                        "event [\"next\"]"));
}

TEST_F(PeerPolling, APostIsAnsweredWhenItsPacketsAreDone) {
  const PeerRef ref = OpenJoined();
  bool answered_before = true;
  Waiting post;
  app().on_event = [&](sio::Socket&, const sio::EventView&) { answered_before = post != nullptr; };
  post = StartPost(ref,
                   "42/n,[\"a\"]\x1e"
                   "42/n,[\"b\"]");
  EXPECT_EQ(Said(post), "ok");
  EXPECT_FALSE(answered_before);
  EXPECT_THAT(app().Take(), ElementsAre("event [\"a\"]", "event [\"b\"]"));
}

TEST_F(PeerPolling, AnswersOfAPostLeaveByTheParkedGet) {
  const PeerRef ref = OpenJoined();
  app().on_event = [](sio::Socket& from, const sio::EventView& event) {
    from.SendAck(event.ack_id, "[1]", {});
  };
  const Waiting get = Get(ref);
  EXPECT_EQ(Post(ref,
                 "42/n,7[\"a\"]\x1e"
                 "42/n,8[\"b\"]"),
            "ok");
  EXPECT_EQ(Said(get), "43/n,7[1]|43/n,8[1]");
}

TEST_F(PeerPolling, PacketsThatDoNotParseEndTheSession) {
  for (const std::string_view body : {"", "abc", "7x", "9", "2", "2probe", "0{}", "4\x1e", "\x1e",
                                      "42/n,[\"a\"]\x1e\x1e"
                                      "3",
                                      "b===", "bA*==", "\xc3\xa9", "4\xff", "4x", "bAQID"}) {
    const PeerRef ref = OpenJoined();
    EXPECT_EQ(Post(ref, body), "bare 400") << body;
    EXPECT_FALSE(Alive(ref)) << body;
    const std::vector<std::string> seen = app().Take();
    ASSERT_FALSE(seen.empty()) << body;
    EXPECT_EQ(seen.back(), "disconnect: parse error") << body;
  }
}

TEST_F(PeerPolling, WhatStoodBeforeABadPacketHasHappened) {
  const PeerRef ref = OpenJoined();
  EXPECT_EQ(Post(ref,
                 "42/n,[\"a\"]\x1e"
                 "x\x1e"
                 "42/n,[\"b\"]"),
            "bare 400");
  EXPECT_THAT(app().Take(), ElementsAre("event [\"a\"]", "disconnect: parse error"));
}

TEST_F(PeerPolling, LegalNoiseIsAnsweredOk) {
  const PeerRef ref = OpenJoined();
  EXPECT_EQ(Post(ref,
                 "6\x1e"
                 "5\x1e"
                 "3\x1e"
                 "42/nowhere,[\"a\"]"),
            "ok");
  EXPECT_TRUE(Alive(ref));
}

TEST_F(PeerPolling, AClientThatSaysGoodByeIsAnsweredAndItsParkedGetReleased) {
  const PeerRef ref = OpenJoined();
  const Waiting get = Get(ref);
  EXPECT_EQ(Post(ref, "1"), "ok");
  EXPECT_EQ(Said(get), "6");
  EXPECT_FALSE(Alive(ref));
  EXPECT_THAT(app().Take(), ElementsAre("disconnect: transport close"));
}

TEST_F(PeerPolling, LeavingTheNamespaceComesBeforeTheGoodByeBehindIt) {
  const PeerRef ref = OpenJoined();
  EXPECT_EQ(Post(ref,
                 "41/n,\x1e"
                 "1"),
            "ok");
  EXPECT_THAT(app().Take(), ElementsAre("disconnect: client namespace disconnect"));
  EXPECT_FALSE(Alive(ref));
}

TEST_F(PeerPolling, NothingBehindAGoodByeIsHeard) {
  const PeerRef ref = OpenJoined();
  EXPECT_EQ(Post(ref,
                 "1\x1e"
                 "42/n,[\"a\"]"),
            "ok");
  EXPECT_THAT(app().Take(), ElementsAre("disconnect: transport close"));
}

TEST_F(PeerPolling, ASecondGetIsRefusedAndEndsTheSession) {
  const PeerRef ref = OpenJoined();
  const Waiting first = Get(ref);
  const Waiting second = Get(ref);
  EXPECT_EQ(Said(first), "1");
  EXPECT_EQ(Said(second), "bare 400");
  EXPECT_FALSE(Alive(ref));
  EXPECT_THAT(app().Take(), ElementsAre("disconnect: transport error"));
}

TEST_F(PeerPolling, ASecondPostIsRefusedCutsTheFirstAndEndsTheSession) {
  const PeerRef ref = OpenJoined();
  int first_cuts = 0;
  int second_cuts = 0;
  EXPECT_TRUE(Begin(ref, &first_cuts));
  EXPECT_FALSE(Begin(ref, &second_cuts));
  EXPECT_EQ(first_cuts, 1);
  EXPECT_EQ(second_cuts, 0);
  Run();
  EXPECT_FALSE(Alive(ref));
  EXPECT_THAT(app().Take(), ElementsAre("disconnect: transport error"));
}

TEST_F(PeerPolling, APostIsLegalWhileAGetIsParked) {
  const PeerRef ref = OpenJoined();
  const Waiting get = Get(ref);
  EXPECT_EQ(Post(ref, "42/n,[\"a\"]"), "ok");
  EXPECT_EQ(Post(ref, "42/n,[\"b\"]"), "ok");
  EXPECT_FALSE(get->has_value());
  EXPECT_TRUE(Alive(ref));
}

TEST_F(PeerPolling, ADeadParkedGetEndsTheSession) {
  const PeerRef ref = OpenJoined();
  const Waiting get = Get(ref);
  At(ref).PollGone();
  Run();
  EXPECT_FALSE(get->has_value());  // nobody is there to be answered
  EXPECT_FALSE(Alive(ref));
  EXPECT_THAT(app().Take(), ElementsAre("disconnect: transport close"));
}

TEST_F(PeerPolling, AGetThatWasAnsweredBeforeItsConnectionEndedIsNoLoss) {
  const PeerRef ref = OpenJoined();
  const Waiting get = Get(ref);
  socket().Emit("a", "");
  Run();
  ASSERT_TRUE(get->has_value());
  At(ref).PollGone();
  Run();
  EXPECT_TRUE(Alive(ref));
}

TEST_F(PeerPolling, ABodyThatIsCutOffEndsTheSession) {
  const PeerRef ref = OpenJoined();
  int cuts = 0;
  ASSERT_TRUE(Begin(ref, &cuts));
  At(ref).PostFailed(false);
  Run();
  EXPECT_FALSE(Alive(ref));
  EXPECT_EQ(cuts, 0);
  EXPECT_THAT(app().Take(), ElementsAre("disconnect: transport error"));
}

TEST_F(PeerPolling, ABodyThatIsTooLargeLeavesTheSessionAsItWas) {
  const PeerRef ref = OpenJoined();
  int cuts = 0;
  ASSERT_TRUE(Begin(ref, &cuts));
  At(ref).PostFailed(true);
  EXPECT_TRUE(Alive(ref));
  EXPECT_EQ(Post(ref, "42/n,[\"a\"]"), "ok");
  EXPECT_THAT(app().Take(), ElementsAre("event [\"a\"]"));
}

TEST_F(PeerPolling, TheEndOfASessionCutsTheBodyThatIsArriving) {
  const PeerRef ref = OpenJoined();
  int cuts = 0;
  ASSERT_TRUE(Begin(ref, &cuts));
  Get(ref);
  At(ref).PollGone();
  Run();
  EXPECT_EQ(cuts, 1);
}

TEST_F(PeerPolling, AParkedGetHearsOfTheServersGoodBye) {
  const PeerRef ref = OpenJoined();
  const Waiting get = Get(ref);
  socket().CloseSession();
  Run();
  EXPECT_EQ(Said(get), "41/n,|1");
  EXPECT_FALSE(Alive(ref));
}

TEST_F(PeerPolling, WithoutAParkedGetTheNextOneHearsOfIt) {
  const PeerRef ref = OpenJoined();
  socket().Emit("last", "");
  socket().CloseSession();
  Run();
  ASSERT_TRUE(Alive(ref));
  EXPECT_EQ(StartPost(ref, "42/n,[\"a\"]")->value(), "refused");
  FakeWire probe;
  EXPECT_FALSE(At(ref).AttachProbe(probe));
  EXPECT_EQ(GetNow(ref), "42/n,[\"last\"]|41/n,|1");
  EXPECT_FALSE(Alive(ref));
  EXPECT_EQ(timers_.armed(), 0u);
}

TEST_F(PeerPolling, TheLastPacketsMayTakeSeveralGets) {
  const PeerRef ref = OpenJoined();
  for (int i = 0; i < 40; ++i) socket().Emit("e", std::to_string(i));
  socket().CloseSession();
  Run();
  std::string all;
  for (int gets = 0; gets < 10 && Alive(ref); ++gets) all += GetNow(ref) + "|";
  std::string expected;
  for (int i = 0; i < 40; ++i) expected += "42/n,[\"e\"," + std::to_string(i) + "]|";
  EXPECT_EQ(all, expected + "41/n,|1|");
  EXPECT_FALSE(Alive(ref));
}

// python-engineio drops a poll of 17 packets, the close packet included.
TEST_F(PeerPolling, TheCloseIsNeverTheSeventeenthPacket) {
  const PeerRef ref = OpenJoined();
  for (int i = 0; i < 15; ++i) socket().Emit("e", "");
  socket().CloseSession();  // with its DISCONNECT these are 16
  Run();
  std::string all;
  for (int i = 0; i < 2 && Alive(ref); ++i) {
    const std::string body = GetNow(ref);
    EXPECT_LE(std::count(body.begin(), body.end(), '|') + 1, 16);
    all += (all.empty() ? "" : "|") + body;
  }
  EXPECT_EQ(std::count(all.begin(), all.end(), '|') + 1, 17);
  EXPECT_EQ(all.substr(all.size() - 8), "|41/n,|1");
  EXPECT_FALSE(Alive(ref));
}

TEST_F(PeerPolling, NobodyWaitsForALastGetForEver) {
  const PeerRef ref = OpenJoined();
  socket().CloseSession();
  Run();
  AdvanceTo(kStart + 29'990);
  EXPECT_TRUE(Alive(ref));
  AdvanceTo(kStart + 30'000);
  EXPECT_FALSE(Alive(ref));
}

TEST_F(PeerPolling, TheRateLimitDelaysTheAnswerOfAPost) {
  limits_.events_per_second = 10;
  const PeerRef ref = OpenJoined();  // the CONNECT took one of 20 tokens
  std::string body;
  for (int i = 0; i < 30; ++i) body += (i == 0 ? "" : "\x1e") + std::string("42/n,[\"e\"]");
  const Waiting post = StartPost(ref, body);
  EXPECT_EQ(app().Take().size(), 30u);  // never disconnected for rate alone, never dropped
  EXPECT_FALSE(post->has_value());
  AdvanceTo(kStart + 1000);
  EXPECT_FALSE(post->has_value());  // eleven over, ten a second
  AdvanceTo(kStart + 1200);
  EXPECT_EQ(Said(post), "ok");
  EXPECT_EQ(Post(ref, "3"), "ok");  // pongs are free
}

TEST_F(PeerPolling, ASecondPostBeforeTheDelayedAnswerIsOneTooMany) {
  const PeerRef ref = OpenJoined();
  socket().PauseReading();
  const Waiting post = StartPost(ref, "42/n,[\"a\"]");
  EXPECT_FALSE(post->has_value());
  int cuts = 0;
  EXPECT_FALSE(Begin(ref, &cuts));
  EXPECT_EQ(Said(post), "ok");  // its packets were taken in
  Run();
  EXPECT_FALSE(Alive(ref));
}

TEST_F(PeerPolling, PausesNest) {
  const PeerRef ref = OpenJoined();
  socket().PauseReading();
  socket().PauseReading();
  const Waiting post = StartPost(ref, "42/n,[\"a\"]");
  socket().ResumeReading();
  EXPECT_FALSE(post->has_value());
  socket().ResumeReading();
  EXPECT_EQ(Said(post), "ok");
}

}  // namespace
}  // namespace smcp::test
