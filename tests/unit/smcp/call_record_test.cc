// What is remembered of calls: call_book.h, journal.h, and their use by the router.
#include "gateway/smcp/call_book.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gateway/smcp/journal.h"
#include "tests/unit/smcp/support/ask.h"

namespace smcp::test {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

constexpr std::string_view kTool =
    R"({"agent":"x","req_id":"r1","computer":"pc","tool_name":"se\u0061rch","params":{"k":1},)"
    R"("timeout":30})";

class CallRecords : public testing::TestWithParam<uint16_t> {
 protected:
  void SetUp() override {
    agent_.Join("agent", "bot", "o1");
    world_.Run();
    computer_.Join("computer", "pc", "o1");
    world_.Run();
    agent_.Take();
    computer_.Take();
  }
  void Start(std::string_view args = kTool) {
    agent_.Emit("client:tool_call", args, "1");
    world_.Run();
  }
  CallInfoRecord Only(bool in_flight, bool recent) {
    const std::vector<CallInfoRecord> calls = Calls(world_, in_flight, recent);
    EXPECT_THAT(calls, SizeIs(1));
    return calls.empty() ? CallInfoRecord() : calls[0];
  }
  CallState StateAfterwards() {
    world_.Run();
    EXPECT_THAT(Calls(world_, true, false), IsEmpty());
    return Only(false, true).state;
  }
  World world_{GetParam()};
  Client& agent_ = world_.Connect();
  Client& computer_ = world_.Connect();
};
INSTANTIATE_TEST_SUITE_P(OnOneAndThreeShards, CallRecords, testing::Values(1, 3));

TEST_P(CallRecords, ACallIsSeenWhileItIsInFlightAndAfterwards) {
  const int64_t start = world_.clock.now_ms;
  agent_.Emit("client:tool_call", kTool, "1");
  world_.clock.now_ms += 3;
  world_.Run();
  world_.clock.now_ms += 4;
  CallInfoRecord call = Only(true, true);
  EXPECT_EQ(call.office_id, "o1");
  EXPECT_EQ(call.agent_name, "bot");
  EXPECT_EQ(call.req_id, "r1");
  EXPECT_EQ(call.computer_name, "pc");
  EXPECT_EQ(call.tool_name, "search");
  EXPECT_EQ(call.event, "client:tool_call");
  EXPECT_EQ(call.state, CallState::kSent);
  EXPECT_EQ(call.started_ms, start);
  EXPECT_EQ(call.deadline_ms, start + 35'000);
  EXPECT_EQ(call.ended_ms, 0);
  // On one shard the Computer has it at once.
  const int64_t to_computer_us = GetParam() == 1 ? 0 : 3000;
  EXPECT_EQ(call.to_computer_us, to_computer_us);
  EXPECT_EQ(call.computer_us, -1);
  EXPECT_EQ(call.request_bytes, kTool.size() + 21);
  EXPECT_FALSE(call.cancel_requested);

  computer_.Answer(0, R"([{"isError":false}])");
  world_.clock.now_ms += 2;
  world_.Run();
  EXPECT_THAT(Calls(world_, true, false), IsEmpty());
  call = Only(true, true);
  EXPECT_EQ(call.state, CallState::kDone);
  EXPECT_EQ(call.to_computer_us, to_computer_us);
  EXPECT_EQ(call.computer_us, 7000 - to_computer_us);
  EXPECT_EQ(call.to_agent_us, GetParam() == 1 ? 0 : 2000);
  EXPECT_EQ(call.response_bytes, 19u);
}

TEST_P(CallRecords, AnAnswerThatSaysIsErrorIsAToolError) {
  Start();
  computer_.Answer(0, R"([{"content":[{"isError":false}], "isError" : true}])");
  EXPECT_EQ(StateAfterwards(), CallState::kToolError);
}

TEST_P(CallRecords, ACancelledCallThatIsAnsweredSaysSo) {
  Start();
  agent_.Emit("server:tool_call_cancel", R"({"agent":"x","req_id":"r\u0031"})");
  world_.Run();
  const CallInfoRecord call = Only(true, false);
  EXPECT_TRUE(call.cancel_requested);
  EXPECT_EQ(call.cancelled_by, "agent");
  EXPECT_EQ(call.state, CallState::kSent);
  computer_.Answer(0, "[{}]");
  EXPECT_EQ(StateAfterwards(), CallState::kCancelled);
}

TEST_P(CallRecords, TimeoutAndLostPeersAreToldApart) {
  Start();
  world_.Pass(Millis(36'000));
  EXPECT_EQ(StateAfterwards(), CallState::kTimeout);
}

TEST_P(CallRecords, ALostComputer) {
  Start();
  computer_.Disconnect();
  EXPECT_EQ(StateAfterwards(), CallState::kPeerLost);
}

TEST_P(CallRecords, ALostAgent) {
  Start();
  agent_.Disconnect();
  EXPECT_EQ(StateAfterwards(), CallState::kPeerLost);
  computer_.Answer(0, "[{}]");  // finds nobody
  EXPECT_EQ(StateAfterwards(), CallState::kPeerLost);
}

TEST_P(CallRecords, WhatNeverReachedAComputerIsUndelivered) {
  Start(R"({"agent":"x","req_id":"r","computer":"no","tool_name":"t","params":{},"timeout":1})");
  EXPECT_EQ(StateAfterwards(), CallState::kUndelivered);
  EXPECT_EQ(Only(false, true).to_computer_us, -1);
  computer_.egress.slow = true;
  Start();
  const std::vector<CallInfoRecord> calls = Calls(world_);
  ASSERT_THAT(calls, SizeIs(2));
  EXPECT_EQ(calls[0].state, CallState::kUndelivered);
}

TEST_P(CallRecords, FireAndForgetLeavesNoRecord) {
  agent_.Emit("client:tool_call", kTool);
  world_.Run();
  EXPECT_THAT(computer_.Take(), SizeIs(1));
  EXPECT_THAT(Calls(world_), IsEmpty());
}

TEST_P(CallRecords, TheNewestComeFirstAndOldOnesGo) {
  for (size_t i = 0; i < CallBook::kRecentMax + 50; ++i) {
    world_.clock.now_ms += 1;
    agent_.Emit("client:get_tools",
                R"({"agent":"x","req_id":")" + std::to_string(i) + R"(","computer":"pc"})", "1");
    world_.Run();
    computer_.Answer(static_cast<uint32_t>(i), "[]");
    world_.Run();
  }
  agent_.Emit("client:get_tools", R"({"agent":"x","req_id":"last","computer":"pc"})", "1");
  world_.Run();
  const auto calls = Ask<std::vector<CallInfoRecord>>(world_, [&](auto done) {
    world_.domain->inspect().ListCalls(true, true, 5000, std::move(done));
  });
  ASSERT_THAT(calls, SizeIs(1 + CallBook::kRecentMax));
  EXPECT_EQ(calls[0].req_id, "last");
  EXPECT_EQ(calls[1].req_id, std::to_string(CallBook::kRecentMax + 49));
  EXPECT_EQ(calls.back().req_id, "50");
}

TEST_P(CallRecords, TheJournalHasTheirBeginAndEnd) {
  Journal(world_);
  Start();
  computer_.Answer(0, R"([{"isError":true}])");
  world_.Run();
  const std::vector<Change> changes = Journal(world_).at(agent_.shard).changes;
  ASSERT_THAT(changes, SizeIs(2));
  EXPECT_EQ(changes[0].kind, Change::Kind::kCallBegan);
  EXPECT_EQ(changes[0].call->state, CallState::kSent);
  EXPECT_EQ(changes[1].kind, Change::Kind::kCallEnded);
  EXPECT_EQ(changes[1].call->state, CallState::kToolError);
  EXPECT_EQ(changes[1].call->tool_name, "search");
  EXPECT_EQ(changes[1].office_id, "o1");
}

TEST_P(CallRecords, ADeadlineCountsFromTheEndOfTheMillisecondThatItBeganIn) {
  // 30 s and the slack of 5 s from 0.4 ms past a whole one.
  const std::string payload = "[\"client:tool_call\"," + std::string(kTool) + "]";
  ASSERT_EQ(world_.index.Build(payload, 64), json::Error::kNone);
  const Attachments none;
  world_.Feed(agent_, {.name = "client:tool_call",
                       .payload = payload,
                       .ack_id = "1",
                       .index = world_.index,
                       .attachments = none,
                       .at_us = world_.clock.now_ms * 1000 + 400});
  world_.Run();
  EXPECT_EQ(Only(true, false).deadline_ms, world_.clock.now_ms + 35'001);
}

TEST(CallBook, LongTextsAreCutBetweenCharacters) {
  CallBook book;
  uint32_t first = CallBook::kNone;
  const std::string tool = std::string(CallRecord::kTextBytesMax - 1, 't') + "\xc3\xa9";
  const uint32_t slot = book.Begin({"o", "a", "r", "c", tool, "e"}, &first);
  EXPECT_EQ(book.At(slot).Get(CallRecord::kTool).size(), CallRecord::kTextBytesMax - 1);
  EXPECT_EQ(book.At(slot).Get(CallRecord::kEvent), "e");
  EXPECT_EQ(book.At(slot).Get(CallRecord::kCancelledBy), "");
  book.Cancel(slot, "root");
  EXPECT_EQ(book.At(slot).Get(CallRecord::kCancelledBy), "root");
  EXPECT_EQ(book.At(slot).Get(CallRecord::kEvent), "e");
}

TEST(CallBook, TheListOfACallerHoldsWhatIsInFlight) {
  CallBook book;
  uint32_t first = CallBook::kNone;
  const uint32_t a = book.Begin({"", "", "a", "", "", ""}, &first);
  const uint32_t b = book.Begin({"", "", "b", "", "", ""}, &first);
  const uint32_t c = book.Begin({"", "", "c", "", "", ""}, &first);
  book.End(b, &first, CallState::kDone, 1);
  EXPECT_EQ(book.Find(first, "a"), a);
  EXPECT_EQ(book.Find(first, "b"), CallBook::kNone);
  EXPECT_EQ(book.Find(first, "c"), c);
  book.End(c, &first, CallState::kDone, 1);
  book.End(a, &first, CallState::kDone, 1);
  EXPECT_EQ(first, CallBook::kNone);
  EXPECT_EQ(book.in_flight(), 0u);
}

TEST(Journal, SaysWhatWasLostAndKeepsJoinsApartFromCalls) {
  FakeClock clock;
  smcp::Journal journal(clock);
  journal.Write({.kind = Change::Kind::kJoined, .name = "off"});
  EXPECT_EQ(journal.Read(0).next, 1u);
  journal.Write({.kind = Change::Kind::kJoined, .name = "first"});
  CallRecord call;
  call.SetTexts({"o", "a", "r", "c", "t", "e"});
  for (size_t i = 0; i < smcp::Journal::kEntriesMax + 10; ++i) {
    journal.WriteCall(Change::Kind::kCallBegan, call);
  }
  JournalPart part = journal.Read(1);
  EXPECT_TRUE(part.lost);
  EXPECT_TRUE(part.only_calls_lost);
  ASSERT_EQ(part.changes.size(), 1 + smcp::Journal::kEntriesMax);
  EXPECT_EQ(part.changes[0].name, "first");
  EXPECT_EQ(part.changes[1].seq, 12u);
  EXPECT_EQ(part.next, smcp::Journal::kEntriesMax + 12);
  EXPECT_FALSE(journal.Read(12).lost);
  EXPECT_FALSE(journal.Read(0).lost);
  for (size_t i = 0; i < smcp::Journal::kEntriesMax; ++i) {
    journal.Write({.kind = Change::Kind::kLeft});
  }
  part = journal.Read(1);
  EXPECT_TRUE(part.lost);
  EXPECT_FALSE(part.only_calls_lost);
}

}  // namespace
}  // namespace smcp::test
