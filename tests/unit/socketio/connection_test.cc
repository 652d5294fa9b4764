#include "gateway/socketio/connection.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "tests/unit/support/fake_session_port.h"

namespace smcp::sio {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using Kind = Step::Kind;

class ConnectionTest : public ::testing::Test {
 protected:
  ConnectionTest() {
    for (const std::string name : {"/", "/smcp", "/other"}) {
      NamespaceContext context;
      context.name = name;
      table_.insert_or_assign(name, std::make_unique<Namespace>(std::move(context)));
    }
  }

  Step Text(std::string_view text) {
    text_ = text;
    return connection_->ReceiveText(text_, table_, index_);
  }
  Step Binary(std::string_view data) { return connection_->ReceiveBinary(data, index_); }
  Namespace& At(std::string_view name) { return *table_.find(name)->second; }
  Socket* Join(std::string_view name) {
    std::string packet = "0";
    if (name != "/") packet.append(name).append(",");
    EXPECT_EQ(Text(packet).kind, Kind::kConnect) << name;
    return connection_->FinishConnect(
        At(name), std::make_unique<Socket>(session_, At(name), "sid-" + std::string(name)));
  }

  test::FakeSessionPort session_;
  NamespaceTable table_;
  SessionLimits limits_;
  json::Index index_;
  std::optional<Connection> connection_{std::in_place, limits_};
  std::string text_;
};

struct Row {
  std::string_view packet;
  Kind kind;
};

// The session is in `/` and `/smcp`, not in `/other`; nothing is pending.
const std::vector<Row> kRows = {
    // CONNECT: no payload or an object
    {"0/other,", Kind::kConnect},
    {"0/other", Kind::kConnect},
    {"0/other,{\"a\":1}", Kind::kConnect},
    {"0/other,\"token\"", Kind::kBad},
    {"0/other,[]", Kind::kBad},
    {"0/other,{", Kind::kBad},
    {"0/other,{}x", Kind::kBad},
    {"0/nowhere,", Kind::kRefuse},
    {"0/other?x=1,", Kind::kRefuse},  // the query is part of the name
    {"0/smcp,", Kind::kRefuse},       // DECISIONS 1
    {"0", Kind::kRefuse},
    // DISCONNECT: no payload
    {"1/smcp,", Kind::kDisconnect},
    {"1/smcp", Kind::kDisconnect},
    {"1", Kind::kDisconnect},
    {"1/smcp,{}", Kind::kBad},
    {"1/other,", Kind::kIgnored},  // DECISIONS 2
    {"1/nowhere,", Kind::kIgnored},
    // EVENT: a non-empty array that starts with a string or a number
    {"2/smcp,[\"a\"]", Kind::kEvent},
    {"2/smcp,7[\"a\",1]", Kind::kEvent},
    {"2[\"a\"]", Kind::kEvent},
    {"2[1]", Kind::kEvent},
    {"2[\"\"]", Kind::kEvent},
    {"2", Kind::kBad},
    {"2{}", Kind::kBad},
    {"2[]", Kind::kBad},
    {"2[{}]", Kind::kBad},
    {"2[null]", Kind::kBad},
    {"2[[\"a\"]]", Kind::kBad},
    {"2 [\"a\"]", Kind::kBad},
    {"2abc[\"a\"]", Kind::kBad},
    {"2[\"a\"]x", Kind::kBad},
    {"2[\"a\",]", Kind::kBad},
    {"2[\"a\"", Kind::kBad},
    {"2[\"\xff\"]", Kind::kBad},
    {"2123456789012345[\"a\"]", Kind::kEvent},  // DECISIONS 15
    {"21234567890123456[\"a\"]", Kind::kBad},
    {"2/other,[\"a\"]", Kind::kIgnored},  // DECISIONS 2
    {"2/nowhere,1[\"a\"]", Kind::kIgnored},
    {"2/other,[]", Kind::kBad},  // the payload rules hold for every namespace
    // DECISIONS 3: reserved names
    {"2[\"connect\"]", Kind::kIgnored},
    {"2[\"connect_error\",{}]", Kind::kIgnored},
    {"2[\"disconnect\"]", Kind::kIgnored},
    {"2[\"disconnecting\"]", Kind::kIgnored},
    {"2[\"newListener\"]", Kind::kIgnored},
    {"2[\"removeListener\"]", Kind::kIgnored},
    {"2[\"error\"]", Kind::kIgnored},
    {"2[\"\\u0065rror\"]", Kind::kIgnored},  // spelled with an escape it is the same name
    {"2[\"errors\"]", Kind::kEvent},
    // ACK
    {"3/smcp,7[]", Kind::kAck},
    {"37[1,2]", Kind::kAck},
    {"37", Kind::kBad},
    {"37{}", Kind::kBad},
    {"3[]", Kind::kIgnored},            // whose ack?
    {"32147483647[]", Kind::kAck},      // ours end here
    {"32147483648[]", Kind::kIgnored},  // not one of ours
    {"3999999999999999[]", Kind::kIgnored},
    {"3/other,7[]", Kind::kIgnored},
    // CONNECT_ERROR: never from a client
    {"4", Kind::kBad},
    {"4/smcp,{\"message\":\"x\"}", Kind::kBad},
    // binary headers
    {"51-[\"a\",{\"_placeholder\":true,\"num\":0}]", Kind::kAwaiting},
    {"61-7[{\"_placeholder\":true,\"num\":0}]", Kind::kAwaiting},
    {"510-[\"a\"]", Kind::kAwaiting},
    {"511-[\"a\"]", Kind::kBad},  // more than attachments_max
    {"599999999999999-[\"a\"]", Kind::kBad},
    {"50-[\"a\"]", Kind::kBad},
    {"5-[\"a\"]", Kind::kBad},
    {"51[\"a\"]", Kind::kBad},
    {"5", Kind::kBad},
    {"51-{}", Kind::kBad},
    {"51-", Kind::kBad},
    // no packet at all
    {"", Kind::kBad},
    {"7", Kind::kBad},
    {"x", Kind::kBad},
};

TEST_F(ConnectionTest, EveryPacketIsServedIgnoredRefusedOrEndsTheSession) {
  for (const Row& row : kRows) {
    connection_.emplace(limits_);
    ASSERT_NE(Join("/"), nullptr);
    ASSERT_NE(Join("/smcp"), nullptr);
    EXPECT_EQ(Text(row.packet).kind, row.kind) << row.packet;
  }
}

TEST_F(ConnectionTest, RefusalsSayWhatTheReferenceSays) {
  Join("/smcp");
  Step step = Text("0/nowhere,{\"a\":1}");
  EXPECT_EQ(step.name, "/nowhere");
  EXPECT_EQ(step.message, "Invalid namespace");
  step = Text("0/smcp,");
  EXPECT_EQ(step.name, "/smcp");
  EXPECT_EQ(step.message, "Already connected");
  step = Text("0/smcp?token=1,");
  EXPECT_EQ(step.name, "/smcp?token=1");
  EXPECT_EQ(step.message, "Invalid namespace");
}

TEST_F(ConnectionTest, TheRootNamespaceIsOneLikeTheOthers) {
  table_.erase("/");
  const Step step = Text("0");
  EXPECT_EQ(step.kind, Kind::kRefuse);
  EXPECT_EQ(step.name, "/");
  EXPECT_EQ(step.message, "Invalid namespace");
}

TEST_F(ConnectionTest, AConnectHandsOutItsAuthObjectByteForByte) {
  EXPECT_EQ(Text("0/smcp,{ \"token\" : \"\xc3\xa9\" }").payload, "{ \"token\" : \"\xc3\xa9\" }");
  EXPECT_EQ(Text("0/other,").payload, "{}");
}

TEST_F(ConnectionTest, WhileTheVerdictIsOutThePacketsOfThatNamespaceAreIgnored) {
  ASSERT_EQ(Text("0/smcp,").kind, Kind::kConnect);
  EXPECT_FALSE(connection_->any_joined());
  EXPECT_EQ(Text("2/smcp,[\"a\"]").kind, Kind::kIgnored);
  EXPECT_EQ(Text("3/smcp,1[]").kind, Kind::kIgnored);
  EXPECT_EQ(Text("1/smcp,").kind, Kind::kIgnored);
  EXPECT_EQ(Text("0/smcp,").message, "Already connected");
  ASSERT_EQ(Text("0/other,").kind, Kind::kConnect);  // others do not wait
  Socket* socket =
      connection_->FinishConnect(At("/smcp"), std::make_unique<Socket>(session_, At("/smcp"), "s"));
  ASSERT_NE(socket, nullptr);
  EXPECT_TRUE(connection_->any_joined());
  EXPECT_EQ(Text("2/smcp,[\"a\"]").socket, socket);
}

TEST_F(ConnectionTest, AnAbandonedConnectMayBeTriedAgain) {
  ASSERT_EQ(Text("0/smcp,").kind, Kind::kConnect);
  connection_->AbandonConnect(At("/smcp"));
  EXPECT_EQ(Text("2/smcp,[\"a\"]").kind, Kind::kIgnored);
  EXPECT_EQ(Text("0/smcp,").kind, Kind::kConnect);
}

TEST_F(ConnectionTest, AnAbandonedConnectDoesNotThrowOutASocketThatIsIn) {
  Socket* socket = Join("/smcp");
  connection_->AbandonConnect(At("/smcp"));
  EXPECT_EQ(Text("2/smcp,[\"a\"]").socket, socket);
}

TEST_F(ConnectionTest, AVerdictThatNobodyWaitsForIsDropped) {
  EXPECT_EQ(
      connection_->FinishConnect(At("/smcp"), std::make_unique<Socket>(session_, At("/smcp"), "s")),
      nullptr);
  Socket* socket = Join("/smcp");
  EXPECT_EQ(
      connection_->FinishConnect(At("/smcp"), std::make_unique<Socket>(session_, At("/smcp"), "s")),
      nullptr);
  EXPECT_EQ(Text("2/smcp,[\"a\"]").socket, socket);
}

TEST_F(ConnectionTest, AfterLeavingANamespaceItsPacketsAreIgnoredAndItCanBeJoinedAgain) {
  Join("/smcp");
  ASSERT_NE(connection_->Remove("/smcp"), nullptr);
  EXPECT_EQ(connection_->Remove("/smcp"), nullptr);
  EXPECT_EQ(Text("2/smcp,[\"a\"]").kind, Kind::kIgnored);
  EXPECT_EQ(Text("3/smcp,1[]").kind, Kind::kIgnored);
  EXPECT_EQ(Text("0/smcp,").kind, Kind::kConnect);
}

TEST_F(ConnectionTest, RemoveAllTakesTheSocketsAndForgetsWhatIsPending) {
  Join("/");
  Join("/smcp");
  ASSERT_EQ(Text("0/other,").kind, Kind::kConnect);
  EXPECT_EQ(connection_->RemoveAll().size(), 2u);
  EXPECT_FALSE(connection_->any_joined());
  EXPECT_EQ(connection_->FinishConnect(At("/other"),
                                       std::make_unique<Socket>(session_, At("/other"), "s")),
            nullptr);
}

TEST_F(ConnectionTest, AnEventIsHandedOutByteForByte) {
  Socket* socket = Join("/smcp");
  const Step step = Text("2/smcp,007[\"client:\\u0061\", {\"x\" : 1.50}]");
  EXPECT_EQ(step.socket, socket);
  EXPECT_EQ(step.name, "client:a");
  EXPECT_EQ(step.payload, "[\"client:\\u0061\", {\"x\" : 1.50}]");
  EXPECT_EQ(step.ack_id, "007");
  ASSERT_NE(step.attachments, nullptr);
  EXPECT_THAT(*step.attachments, IsEmpty());
}

TEST_F(ConnectionTest, AnEventWithANumberForANameHasNone) {
  Join("/");
  EXPECT_EQ(Text("2[1,\"x\"]").name, "");
}

TEST_F(ConnectionTest, ANameThatUtf8CannotHoldIsNobodysEvent) {
  Join("/");
  EXPECT_EQ(Text("2[\"\\ud800\"]").kind, Kind::kIgnored);
}

TEST_F(ConnectionTest, AnAckOfOursCarriesItsNumber) {
  Socket* socket = Join("/smcp");
  const Step step = Text("3/smcp,2147483647[{\"a\":[]}]");
  EXPECT_EQ(step.socket, socket);
  EXPECT_EQ(step.our_ack_id, 2147483647u);
  EXPECT_EQ(step.payload, "[{\"a\":[]}]");
}

TEST_F(ConnectionTest, TheDepthLimitIsExact) {
  Join("/");
  limits_.json_depth_max = 3;
  EXPECT_EQ(Text("2[\"a\",[[]]]").kind, Kind::kEvent);
  EXPECT_EQ(Text("2[\"a\",[[[]]]]").kind, Kind::kBad);
  EXPECT_EQ(Text("0/other,{\"a\":{\"b\":{}}}").kind, Kind::kConnect);
  EXPECT_EQ(Text("0/smcp,{\"a\":{\"b\":{\"c\":{}}}}").kind, Kind::kBad);
}

TEST_F(ConnectionTest, ANamespaceMayBeNeitherLongNorHoldControlCharacters) {
  const std::string longest = "/" + std::string(limits_.namespace_bytes_max - 1, 'n');
  EXPECT_EQ(Text("0" + longest + ",").kind, Kind::kRefuse);
  EXPECT_EQ(Text("0" + longest + "n,").kind, Kind::kBad);
  EXPECT_EQ(Text("0/a\x1e"
                 "b,")
                .kind,
            Kind::kBad);
  EXPECT_EQ(Text("0/a\nb,").kind, Kind::kBad);
}

// --- binary

TEST_F(ConnectionTest, ABinaryEventIsCompleteWithItsLastAttachment) {
  Socket* socket = Join("/smcp");
  ASSERT_EQ(Text("52-/smcp,7[\"bin\",{\"_placeholder\":true,\"num\":0},"
                 "{\"_placeholder\":true,\"num\":1}]")
                .kind,
            Kind::kAwaiting);
  EXPECT_TRUE(connection_->reassembling());
  ASSERT_EQ(Binary("\x1e\x34").kind, Kind::kAwaiting);
  const Step step = Binary("");
  EXPECT_FALSE(connection_->reassembling());
  ASSERT_EQ(step.kind, Kind::kEvent);
  EXPECT_EQ(step.socket, socket);
  EXPECT_EQ(step.name, "bin");
  EXPECT_EQ(step.ack_id, "7");
  EXPECT_EQ(step.payload,
            "[\"bin\",{\"_placeholder\":true,\"num\":0},{\"_placeholder\":true,\"num\":1}]");
  EXPECT_THAT(*step.attachments, ElementsAre("\x1e\x34", ""));
}

TEST_F(ConnectionTest, ABinaryAckIsCompleteWithItsLastAttachment) {
  Socket* socket = Join("/");
  ASSERT_EQ(Text("61-5[{\"_placeholder\":true,\"num\":0}]").kind, Kind::kAwaiting);
  const Step step = Binary("xyz");
  ASSERT_EQ(step.kind, Kind::kAck);
  EXPECT_EQ(step.socket, socket);
  EXPECT_EQ(step.our_ack_id, 5u);
  EXPECT_THAT(*step.attachments, ElementsAre("xyz"));
}

TEST_F(ConnectionTest, TextWhileAttachmentsAreDueEndsTheSession) {
  Join("/");
  ASSERT_EQ(Text("51-[\"a\"]").kind, Kind::kAwaiting);
  EXPECT_EQ(Text("2[\"a\"]").kind, Kind::kBad);
}

TEST_F(ConnectionTest, AnAttachmentThatIsNotDueEndsTheSession) {
  Join("/");
  EXPECT_EQ(Binary("x").kind, Kind::kBad);
  ASSERT_EQ(Text("51-[\"a\"]").kind, Kind::kAwaiting);
  ASSERT_EQ(Binary("x").kind, Kind::kEvent);
  EXPECT_EQ(Binary("x").kind, Kind::kBad);
}

TEST_F(ConnectionTest, ABinaryEventForNobodyIsTakenInWholeAndIgnored) {
  for (const std::string_view header : {"51-/other,[\"a\"]", "51-[\"error\"]"}) {
    connection_.emplace(limits_);
    Join("/");
    ASSERT_EQ(Text(header).kind, Kind::kAwaiting) << header;
    EXPECT_EQ(Binary("x").kind, Kind::kIgnored) << header;
    EXPECT_EQ(Text("2[\"a\"]").kind, Kind::kEvent) << header;
  }
}

TEST_F(ConnectionTest, ANamespaceLeftBetweenHeaderAndAttachmentGetsNothing) {
  Join("/smcp");
  ASSERT_EQ(Text("51-/smcp,[\"a\"]").kind, Kind::kAwaiting);
  connection_->Remove("/smcp");
  EXPECT_EQ(Binary("x").kind, Kind::kIgnored);
}

TEST_F(ConnectionTest, ABinaryPayloadBreaksTheSameRulesAsAText) {
  Join("/");
  for (const std::string_view header : {"51-[{}]", "51-[]"}) {
    connection_.emplace(limits_);
    Join("/");
    const Kind first = Text(header).kind;
    EXPECT_TRUE(first == Kind::kBad || (first == Kind::kAwaiting && Binary("x").kind == Kind::kBad))
        << header;
  }
}

TEST_F(ConnectionTest, AttachmentsOfTheLastPacketDoNotReachTheNext) {
  Join("/");
  ASSERT_EQ(Text("51-[\"a\"]").kind, Kind::kAwaiting);
  ASSERT_EQ(Binary("x").kind, Kind::kEvent);
  EXPECT_THAT(*Text("2[\"b\"]").attachments, IsEmpty());
}

}  // namespace
}  // namespace smcp::sio
