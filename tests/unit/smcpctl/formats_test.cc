#include "clients/smcpctl/formats.h"

#include <gtest/gtest.h>

#include "clients/smcpctl/failure.h"
#include "smcp/control/v1/session_service.pb.h"
#include "smcp/type/v1/types.pb.h"

namespace smcpctl {
namespace {

using smcp::type::v1::Session;

TEST(Formats, JsonIsTheProtoForm) {
  Session session;
  session.set_sid("s1");
  session.set_role(smcp::type::v1::AGENT);
  session.mutable_connect_time()->set_seconds(1'769'860'800);
  session.mutable_ping_latency()->set_nanos(1'500'000);
  session.mutable_counters()->set_bytes_in(1ULL << 60U);
  const std::string json = ToJson(session, true);
  for (const char* part :
       {R"("sid":"s1")", R"("role":"AGENT")", R"("connectTime":"2026-01-31T12:00:00Z")",
        R"("pingLatency":"0.001500s")", R"("bytesIn":"1152921504606846976")",
        R"("inflightCalls":0)"}) {
    EXPECT_NE(json.find(part), std::string::npos) << part << " in " << json;
  }
  EXPECT_EQ(json.find('\n'), std::string::npos);
  EXPECT_EQ(json.find("joinTime"), std::string::npos);
  Session back;
  ASSERT_TRUE(FromJson(ToJson(session, false), &back).ok());
  EXPECT_EQ(back.SerializeAsString(), session.SerializeAsString());
}

TEST(Formats, YamlKeepsOrderAndTypes) {
  EXPECT_EQ(
      JsonToYaml(R"({"b":"true","a":true,"num":5,"s":"5","e":[],"m":{},"l":[{"x":1},{"x":2}]})"),
      "b: \"true\"\n"
      "a: true\n"
      "num: 5\n"
      "s: \"5\"\n"
      "e: []\n"
      "m: {}\n"
      "l:\n"
      "  - x: 1\n"
      "  - x: 2\n");
}

TEST(Formats, YamlQuotesWhatWouldBeReadOtherwise) {
  EXPECT_EQ(JsonToYaml(R"({"a":"no","b":"x: y","c":"","d":"- x","e":"pc-1","f":"line\nend"})"),
            "a: \"no\"\nb: \"x: y\"\nc: \"\"\nd: \"- x\"\ne: pc-1\nf: \"line\\nend\"\n");
}

TEST(Formats, AnUnknownFieldIsAUsageError) {
  smcp::control::v1::ListSessionsRequest request;
  const absl::Status status = FromJson(R"({"pagesize": 5})", &request);
  EXPECT_EQ(ExitOf(status), Exit::kUsage);
  EXPECT_NE(std::string(status.message()).find("ListSessionsRequest"), std::string::npos);
}

TEST(Formats, NamesOfFormats) {
  EXPECT_EQ(ParseFormat("jsonl"), Format::kJsonl);
  EXPECT_EQ(ParseFormat("JSON"), std::nullopt);
}

TEST(Formats, StringsAreJson) { EXPECT_EQ(JsonString("a\"b\n"), R"("a\"b\n")"); }

}  // namespace
}  // namespace smcpctl
