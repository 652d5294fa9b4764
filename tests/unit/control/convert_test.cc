#include "control/convert.h"

#include <gtest/gtest.h>

#include <limits>
#include <string>

#include "control/convert_time.h"
#include "gateway/codec/utf8.h"

namespace smcp::control {
namespace {

TEST(Convert, HeadersThatAreNoTextDoNotSpoilTheMessage) {
  SessionInfo info;
  info.user_agent = "agent \xff/1";
  info.forwarded_for = "\x80";
  info.origin = "\xc3";
  info.path = "/\xe2\x82";
  const type::v1::Session session = SessionOf(info, "node");
  EXPECT_EQ(session.peer().user_agent(), "agent ?/1");
  for (const std::string& text :
       {session.peer().forwarded_for(), session.transport().origin(), session.transport().path()}) {
    EXPECT_TRUE(IsUtf8(text)) << text;
  }
  info.user_agent = "caf\xc3\xa9";
  EXPECT_EQ(SessionOf(info, "node").peer().user_agent(), "caf\xc3\xa9");
}

TEST(Convert, DurationsOfHostileSizeAreClipped) {
  google::protobuf::Duration duration;
  duration.set_seconds(std::numeric_limits<int64_t>::max());
  duration.set_nanos(std::numeric_limits<int32_t>::max());
  EXPECT_EQ(MillisOf(duration), 315'576'000'000'000 + 2148);
  duration.set_seconds(0);
  duration.set_nanos(1);
  EXPECT_EQ(MillisOf(duration), 1);
}

}  // namespace
}  // namespace smcp::control
