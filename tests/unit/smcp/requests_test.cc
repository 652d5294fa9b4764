// What is read of payloads, and what is refused.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gateway/codec/json_index.h"
#include "gateway/smcp/requests.h"

namespace smcp::test {
namespace {

class Requests : public testing::Test {
 protected:
  sio::EventView Event(std::string_view args) {
    payload_ = "[\"e\"";
    if (!args.empty()) payload_.append(",").append(args);
    payload_.append("]");
    EXPECT_EQ(index_.Build(payload_, 64), json::Error::kNone) << payload_;
    return {"e", payload_, {}, index_, none_};
  }
  json::Index index_;
  std::string payload_;
  const Attachments none_;
};

TEST_F(Requests, ComputerNameIsAViewUnlessItHasEscapes) {
  std::string scratch;
  CallFields fields;
  ASSERT_TRUE(ReadCall(Event(R"({"agent":"a","req_id":"r","computer":"pc é"})"), false, 256,
                       &scratch, &fields));
  EXPECT_EQ(fields.computer, "pc é");
  EXPECT_TRUE(scratch.empty());
  ASSERT_TRUE(ReadCall(Event(R"({"agent":"a","req_id":"r","computer":"\u0070c"})"), false, 256,
                       &scratch, &fields));
  EXPECT_EQ(fields.computer, "pc");
}

TEST_F(Requests, LastOfDuplicateKeysWins) {
  std::string scratch;
  CallFields fields;
  ASSERT_TRUE(ReadCall(Event(R"({"computer":"x","agent":"a","req_id":"r","computer":"y"})"), false,
                       256, &scratch, &fields));
  EXPECT_EQ(fields.computer, "y");
}

TEST_F(Requests, LimitCountsBytesOfTheTextNotOfItsEscapes) {
  std::string escaped;
  for (int i = 0; i < 256; ++i) escaped += "\\u0061";
  std::string_view req_id;
  EXPECT_TRUE(ReadCancel(Event(R"({"agent":"a","req_id":")" + escaped + "\"}"), 256, &req_id));
  EXPECT_FALSE(
      ReadCancel(Event(R"({"agent":"a","req_id":")" + escaped + "\\u0061\"}"), 256, &req_id));
  EXPECT_TRUE(ReadCancel(Event(R"({"agent":"a","req_id":")" + escaped + "\\u0061\"}"), 0, &req_id))
      << "0 turns the limit off";
}

TEST_F(Requests, RobotIdStandsInForAMissingAgentOnly) {
  std::string_view req_id;
  EXPECT_TRUE(ReadCancel(Event(R"({"robot_id":"a","req_id":"r"})"), 256, &req_id));
  EXPECT_EQ(req_id, "\"r\"");
  EXPECT_FALSE(ReadCancel(Event(R"({"agent":1,"robot_id":"a","req_id":"r"})"), 256, &req_id));
}

TEST_F(Requests, IntegralFloatIsATimeout) {
  std::string scratch;
  CallFields fields;
  const std::string head =
      R"({"agent":"a","req_id":"r","computer":"c","tool_name":"t","params":{},"timeout":)";
  EXPECT_TRUE(ReadCall(Event(head + "30.0}"), true, 256, &scratch, &fields));
  EXPECT_EQ(fields.timeout_s, 30);
  EXPECT_FALSE(ReadCall(Event(head + "0.5}"), true, 256, &scratch, &fields));
  EXPECT_FALSE(ReadCall(Event(head + "true}"), true, 256, &scratch, &fields));
}

}  // namespace
}  // namespace smcp::test
