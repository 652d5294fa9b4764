#include "gateway/daemon/config_print.h"

#include <gmock/gmock.h>
#include <google/protobuf/util/message_differencer.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

#include "gateway/daemon/config_schema.h"
#include "tests/unit/daemon/config_fixture.h"

namespace smcp::config {
namespace {

using google::protobuf::util::MessageDifferencer;
using ::testing::HasSubstr;
using ::testing::Not;

TEST(PrintConfig, SaysWhereAValueComesFromUnlessItIsTheDefault) {
  const TempFile file("listen:\n  paths: [/smcp]\n");
  const std::string printed = file.Hide(PrintConfig(
      MustLoad({file.path(), {{"SMCP_LOG__LEVEL", "debug"}}, {"engineio.ping_interval=300ms"}})));
  EXPECT_THAT(printed, HasSubstr("listen:\n"
                                 "  address: 127.0.0.1:8000\n"
                                 "  paths: [/smcp]  # FILE:2\n"
                                 "  cors_origins: []\n"
                                 "admin:\n"));
  EXPECT_THAT(printed, HasSubstr("  ping_interval: 0.3s  # --set\n  ping_timeout: 20s\n"));
  EXPECT_THAT(printed, HasSubstr("\nthreads: 0\nlog:\n  level: debug  # SMCP_LOG__LEVEL\n"));
}

TEST(PrintConfig, MasksASecretAndLeavesAnEmptyOneEmpty) {
  const std::string secret = "hunter2-hunter2";
  const std::string printed = PrintConfig(
      MustLoad({std::nullopt, {}, {"auth.api_key.admin_secret=" + secret, "log.level=warn"}}));
  EXPECT_THAT(printed, Not(HasSubstr("hunter2")));
  EXPECT_THAT(printed, HasSubstr("    admin_secret: \"********\"  # --set\n"));
  EXPECT_THAT(PrintConfig(MustLoad({})), HasSubstr("    admin_secret: \"\"\n"));
}

TEST(PrintConfig, MasksTheHashOfAControlTokenAndNothingElseOfIt) {
  const std::string hash(64, 'a');
  const std::string printed = PrintConfig(
      MustLoad({std::nullopt,
                {},
                {"control.tokens=ci:viewer:sha256=" + hash + ":offices=x|y,b:admin:file=/k"}}));
  EXPECT_THAT(printed, Not(HasSubstr(hash)));
  EXPECT_THAT(printed, HasSubstr("ci:viewer:sha256=********:offices=x|y"));
  EXPECT_THAT(printed, HasSubstr("b:admin:file=/k"));
}

TEST(PrintConfig, ReadsBackAsTheSameConfiguration) {
  const EffectiveConfig loaded =
      MustLoad({std::nullopt,
                {},
                {"listen.address=[::1]:0", "listen.cors_origins=*",
                 "auth.api_key.admin_secret_file=/a b\"#c", "auth.api_key.auth_fields=true,null,1",
                 "protocol.versions=0.4", "limits.connections=0", "drain.timeout=0.001s",
                 "threads=7", "log.level=off"}});
  const EffectiveConfig again = LoadText(PrintConfig(loaded));
  EXPECT_TRUE(MessageDifferencer::Equals(loaded.config, again.config))
      << again.config.DebugString();
}

TEST(ExampleConfig, IsTheFileInDeploy) {
  const std::string path = std::string(SMCP_SOURCE_DIR) + "/deploy/config.example.yaml";
  std::ifstream file(path, std::ios::binary);
  ASSERT_TRUE(file) << path;
  const std::string found((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  EXPECT_EQ(found, ExampleConfig())
      << "make it anew: smcp-gateway --print-example-config > deploy/config.example.yaml";
}

TEST(ExampleConfig, IsValidAndSetsEveryKeyToItsDefault) {
  const EffectiveConfig example = LoadText(ExampleConfig());
  EXPECT_TRUE(MessageDifferencer::Equals(example.config, MustLoad({}).config));
  const Schema schema;
  for (const Key& key : schema.keys()) {
    EXPECT_EQ(example.origins.at(key.path).kind, Origin::Kind::kFile) << key.path;
  }
}

TEST(ExampleConfig, TellsMeaningDefaultUnitRangeAndReloadOfAKey) {
  const std::string example = ExampleConfig();
  EXPECT_THAT(
      example,
      HasSubstr("  # Largest message (WebSocket) and largest request body (polling) that is "
                "accepted.\n"
                "  # Default: 1000000 (bytes). Allowed: 100 to 1073741824. Reloads: yes.\n"
                "  max_payload: 1000000\n"));
  EXPECT_THAT(example, HasSubstr("# Default: 100 (connections). Allowed: 0 to 10000000. 0: no "
                                 "limit. Reloads: yes.\n"));
  size_t start = 0;
  for (size_t end = example.find('\n'); end != std::string::npos; end = example.find('\n', start)) {
    EXPECT_LE(end - start, 100U) << example.substr(start, end - start);
    start = end + 1;
  }
}

}  // namespace
}  // namespace smcp::config
