#include "clients/smcpctl/output.h"

#include <gtest/gtest.h>

#include "clients/smcpctl/views.h"
#include "smcp/control/v1/session_service.pb.h"

namespace smcpctl {
namespace {

std::string Printed(Format format, const std::function<void(const Output&)>& print) {
  OutputOptions options;
  options.format = format;
  testing::internal::CaptureStdout();
  print(Output(options));
  return testing::internal::GetCapturedStdout();
}

std::string Sessions(Format format) {
  smcp::control::v1::ListSessionsResponse response;
  response.add_sessions()->set_sid("s1");
  response.add_sessions()->set_sid("s2");
  return Printed(format, [&](const Output& out) {
    out.Rows(SessionView(), {&response.sessions(0), &response.sessions(1)}, response);
  });
}

TEST(Output, EachFormatOfAList) {
  EXPECT_TRUE(Sessions(Format::kTable).starts_with("SID"));
  EXPECT_TRUE(Sessions(Format::kJson).starts_with("{\n \"sessions\": ["));
  EXPECT_TRUE(Sessions(Format::kYaml).starts_with("sessions:\n  - sid: s1\n"));
  EXPECT_EQ(Sessions(Format::kName), "s1\ns2\n");
  const std::string lines = Sessions(Format::kJsonl);
  EXPECT_EQ(std::count(lines.begin(), lines.end(), '\n'), 2);
  EXPECT_TRUE(lines.starts_with("{\"sid\":\"s1\""));
}

TEST(Output, LocalRowsAreObjects) {
  const auto print = [](const Output& out) {
    out.Local({{"REQ-ID"}, {"COUNT"}},
              {{{"a\"b", 0, false, Tone::kPlain}, {"7", 7, true, Tone::kPlain}}}, 0);
  };
  EXPECT_EQ(Printed(Format::kJsonl, print), "{\"reqId\":\"a\\\"b\",\"count\":7}\n");
  EXPECT_EQ(Printed(Format::kJson, print), "[\n {\"reqId\":\"a\\\"b\",\"count\":7}\n]\n");
  EXPECT_EQ(Printed(Format::kName, print), "a\"b\n");
  EXPECT_EQ(Printed(Format::kYaml, print), "- reqId: \"a\\\"b\"\n  count: 7\n");
  EXPECT_EQ(Printed(Format::kJson, [](const Output& out) { out.Local({{"A"}}, {}, 0); }), "[]\n");
}

TEST(Output, KeysAreLowerCamel) {
  EXPECT_EQ(JsonKey("REQ-ID"), "reqId");
  EXPECT_EQ(JsonKey("TOOL"), "tool");
}

}  // namespace
}  // namespace smcpctl
