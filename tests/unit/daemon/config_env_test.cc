// Precedence, the environment and --set.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gateway/daemon/config.h"
#include "tests/unit/daemon/config_fixture.h"

namespace smcp::config {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(ConfigPrecedence, IsDefaultThenFileThenEnvironmentThenSet) {
  const TempFile file("limits:\n  connections: 1\n  office_members: 1\n  attachments: 1\n");
  const EffectiveConfig loaded =
      MustLoad({file.path(),
                {{"SMCP_LIMITS__OFFICE_MEMBERS", "2"}, {"SMCP_LIMITS__ATTACHMENTS", "2"}},
                {"limits.attachments=3"}});
  EXPECT_EQ(loaded.config.limits().json_depth(), 64U);
  EXPECT_EQ(loaded.config.limits().connections(), 1U);
  EXPECT_EQ(loaded.config.limits().office_members(), 2U);
  EXPECT_EQ(loaded.config.limits().attachments(), 3U);
  EXPECT_EQ(loaded.origins.at("limits.json_depth").kind, Origin::Kind::kDefault);
  EXPECT_EQ(loaded.origins.at("limits.connections").kind, Origin::Kind::kFile);
  EXPECT_EQ(loaded.origins.at("limits.office_members").kind, Origin::Kind::kEnvironment);
  EXPECT_EQ(loaded.origins.at("limits.office_members").place, "SMCP_LIMITS__OFFICE_MEMBERS");
  EXPECT_EQ(loaded.origins.at("limits.attachments").kind, Origin::Kind::kFlag);
  EXPECT_EQ(loaded.origins.at("limits.attachments").place, "--set");
}

TEST(ConfigPrecedence, AListReplacesTheListBelowIt) {
  const TempFile file("listen: {paths: [/a, /b]}\n");
  const EffectiveConfig loaded = MustLoad({file.path(), {{"SMCP_LISTEN__PATHS", "/c"}}, {}});
  EXPECT_THAT(Items(loaded.config.listen().paths()), ElementsAre("/c"));
}

TEST(ConfigPrecedence, AFaultBelowIsRefusedEvenIfItIsOverridden) {
  const TempFile file("threads: many\n");
  EXPECT_EQ(file.Hide(ErrorOf(LoadConfig({file.path(), {}, {"threads=1"}}))),
            "FILE:1: threads: expected a whole number in digits, found \"many\"");
}

TEST(ConfigEnvironment, SetsEveryKindOfValue) {
  const EffectiveConfig loaded = MustLoad({std::nullopt,
                                           {{"PATH", "/bin"},
                                            {"SMCPX", "1"},
                                            {"SMCP_THREADS", "2"},
                                            {"SMCP_AUTH__API_KEY__HEADER_NAMES", "x-a, x-b"},
                                            {"SMCP_AUTH__EXPLAIN_REFUSALS", "true"},
                                            {"SMCP_LISTEN__CORS_ORIGINS", ""},
                                            {"SMCP_ADMIN__ADDRESS", ""},
                                            {"SMCP_DRAIN__TIMEOUT", "1m"}},
                                           {}});
  EXPECT_EQ(loaded.config.threads(), 2U);
  EXPECT_THAT(Items(loaded.config.auth().api_key().header_names()), ElementsAre("x-a", "x-b"));
  EXPECT_TRUE(loaded.config.auth().explain_refusals());
  EXPECT_THAT(Items(loaded.config.listen().cors_origins()), IsEmpty());
  EXPECT_EQ(loaded.config.admin().address(), "");
  EXPECT_EQ(ToMillis(loaded.config.drain().timeout()), Millis(60'000));
}

TEST(ConfigEnvironment, RefusesAValueWithVariableAndKey) {
  EXPECT_EQ(EnvironmentError("SMCP_THREADS", ""),
            "SMCP_THREADS: threads: expected a whole number in digits, found \"\"");
  EXPECT_EQ(EnvironmentError("SMCP_LISTEN__PATHS", "/a,,/b"),
            "SMCP_LISTEN__PATHS: listen.paths: a list item is empty");
  EXPECT_EQ(EnvironmentError("SMCP_AUTH__API_KEY__ADMIN_SECRET", "caf\xe9"),
            "SMCP_AUTH__API_KEY__ADMIN_SECRET: auth.api_key.admin_secret: is not valid UTF-8");
}

TEST(ConfigEnvironment, RefusesAVariableThatIsNoKeyAndNamesTheNearest) {
  const std::string prefix = "environment variable ";
  EXPECT_EQ(EnvironmentError("SMCP_LISTEN__ADRESS", "x"),
            prefix + "SMCP_LISTEN__ADRESS: no such key; did you mean SMCP_LISTEN__ADDRESS?");
  EXPECT_EQ(EnvironmentError("SMCP_LISTEN_ADDRESS", "x"),
            prefix + "SMCP_LISTEN_ADDRESS: no such key; did you mean SMCP_LISTEN__ADDRESS?");
  EXPECT_EQ(EnvironmentError("SMCP_listen__address", "x"),
            prefix + "SMCP_listen__address: no such key; did you mean SMCP_LISTEN__ADDRESS?");
  for (const char* name : {"SMCP_ZEBRA__STRIPES", "SMCP___"}) {
    EXPECT_EQ(EnvironmentError(name, "x"),
              prefix + name +
                  ": no such key; a key such as listen.address is set with SMCP_LISTEN__ADDRESS");
  }
}

TEST(ConfigEnvironment, LeavesAloneWhatBelongsToOthersSuchAsKubernetes) {
  const EffectiveConfig loaded = MustLoad({std::nullopt,
                                           {{"SMCP_ZEBRA", "x"},
                                            {"SMCP_", "x"},
                                            {"SMCP_SERVICE_HOST", "10.0.0.1"},
                                            {"SMCP_SERVICE_PORT", "8000"},
                                            {"SMCP_GATEWAY_SERVICE_PORT_HTTP", "8000"},
                                            {"SMCP_GATEWAY_PORT", "tcp://10.0.0.1:8000"},
                                            {"SMCP_GATEWAY_PORT_8000_TCP", "tcp://10.0.0.1:8000"},
                                            {"SMCP_GATEWAY_PORT_8000_TCP_PROTO", "tcp"},
                                            {"SMCP_GATEWAY_PORT_8000_TCP_PORT", "8000"},
                                            {"SMCP_GATEWAY_PORT_8000_TCP_ADDR", "10.0.0.1"}},
                                           {}});
  EXPECT_EQ(loaded.config.listen().address(), "127.0.0.1:8000");
}

TEST(ConfigEnvironment, IsReadFromTheProcessTableOfStrings) {
  const char* const entries[] = {"A=1", "no-equals", "B=x=y", "C=", nullptr};
  EXPECT_THAT(EnvironmentFrom(entries), ElementsAre(std::pair<std::string, std::string>("A", "1"),
                                                    std::pair<std::string, std::string>("B", "x=y"),
                                                    std::pair<std::string, std::string>("C", "")));
  EXPECT_THAT(EnvironmentFrom(nullptr), IsEmpty());
}

TEST(ConfigSet, TakesListsAndValuesWithEqualsAndTheLastOfAKey) {
  const EffectiveConfig loaded =
      MustLoad({std::nullopt,
                {},
                {"listen.paths=/a,/b", "auth.api_key.admin_secret=k=v", "threads=1", "threads=2"}});
  EXPECT_THAT(Items(loaded.config.listen().paths()), ElementsAre("/a", "/b"));
  EXPECT_EQ(loaded.config.auth().api_key().admin_secret(), "k=v");
  EXPECT_EQ(loaded.config.threads(), 2U);
}

TEST(ConfigSet, RefusesWithKeyAndRemedy) {
  EXPECT_EQ(SetError("listen.adress=x"),
            "--set: listen.adress: unknown key; did you mean listen.address?");
  EXPECT_EQ(SetError("listen=x"), "--set: listen: is a section, not a key; name a key below it");
  EXPECT_EQ(SetError("threads"),
            "--set: expected key=value, such as --set listen.address=127.0.0.1:0");
  EXPECT_EQ(SetError("=5"), "--set: expected key=value, such as --set listen.address=127.0.0.1:0");
  EXPECT_EQ(SetError("threads=1000"),
            "--set: threads: \"1000\" is out of range; allowed is 0 to 256");
  EXPECT_EQ(SetError("listen.address=127.0.0.1:99999"),
            "--set: listen.address: expected an address such as 127.0.0.1:8000 or [::1]:8000, "
            "found \"127.0.0.1:99999\" (the port is a number from 0 to 65535)");
  EXPECT_EQ(SetError("limits.connections=4294967296"),
            "--set: limits.connections: \"4294967296\" is out of range; allowed is 0 to 10000000");
}

}  // namespace
}  // namespace smcp::config
