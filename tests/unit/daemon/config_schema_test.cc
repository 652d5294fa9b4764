// The schema against its own rules, and against the published table of defaults.
#include "gateway/daemon/config_schema.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "gateway/daemon/config_text.h"
#include "gateway/daemon/config_value.h"
#include "tests/unit/daemon/config_fixture.h"

namespace smcp::config {
namespace {

TEST(ConfigSchema, HasExactlyThePublishedKeysAndDefaults) {
  const std::map<std::string, std::string> published = {
      {"listen.address", "127.0.0.1:8000"},
      {"listen.paths", "[/socket.io, /smcp]"},
      {"listen.cors_origins", "[]"},
      {"admin.address", "127.0.0.1:8001"},
      {"control.address", "127.0.0.1:50051"},
      {"control.insecure", "false"},
      {"control.tls.cert_file", "\"\""},
      {"control.tls.key_file", "\"\""},
      {"control.tls.client_ca_file", "\"\""},
      {"control.tokens", "[]"},
      {"control.san_roles", "[]"},
      {"control.allow_invoke", "false"},
      {"control.reflection", "auto"},
      {"control.audit_file", "\"\""},
      {"auth.provider", "api_key"},
      {"auth.api_key.admin_secret", "\"\""},
      {"auth.api_key.admin_secret_file", "\"\""},
      {"auth.api_key.header_names", "[x-api-key, access_token]"},
      {"auth.api_key.auth_fields", "[token]"},
      {"auth.explain_refusals", "false"},
      {"engineio.ping_interval", "25s"},
      {"engineio.ping_timeout", "20s"},
      {"engineio.max_payload", "1000000"},
      {"engineio.upgrade_timeout", "10s"},
      {"engineio.connect_timeout", "45s"},
      {"protocol.versions", "[\"0.1\", \"0.2\", \"0.3\", \"0.4\"]"},
      {"protocol.allow_unversioned", "true"},
      {"protocol.mixed_offices", "forbid"},
      {"protocol.passthrough_events", "[]"},
      {"protocol.ack_notifications", "true"},
      {"calls.default_timeout", "60s"},
      {"calls.timeout_slack", "5s"},
      {"calls.max_timeout", "3600s"},
      {"limits.connections", "100000"},
      {"limits.connections_per_ip", "100"},
      {"limits.events_per_second", "1000"},
      {"limits.calls_in_flight", "1000"},
      {"limits.office_members", "256"},
      {"limits.name_bytes", "256"},
      {"limits.json_depth", "64"},
      {"limits.attachments", "10"},
      {"limits.outbox_bytes", "4194304"},
      {"drain.timeout", "30s"},
      {"drain.propagation_delay", "0s"},
      {"threads", "0"},
      {"log.level", "info"},
      {"log.format", "text"},
      {"state_dir", "\"\""},
  };
  const EffectiveConfig defaults = MustLoad({});
  std::map<std::string, std::string> found;
  const Schema schema;
  for (const Key& key : schema.keys()) found[key.path] = YamlValue(key, defaults.config);
  EXPECT_EQ(found, published);
}

TEST(ConfigSchema, GivesEveryKeyAHelpAnOriginAndAVariableOfItsOwn) {
  const Schema schema;
  const EffectiveConfig defaults = MustLoad({});
  std::set<std::string> variables;
  for (const Key& key : schema.keys()) {
    EXPECT_THAT(key.rule->help(), ::testing::EndsWith(".")) << key.path;
    EXPECT_EQ(defaults.origins.at(key.path).place, "default") << key.path;
    EXPECT_TRUE(variables.insert(key.environment).second) << key.path;
    EXPECT_EQ(schema.FindEnvironment(key.environment), schema.Find(key.path)) << key.path;
    if (key.leaf()->name().find("secret") != std::string::npos && !key.path.ends_with("_file")) {
      EXPECT_TRUE(key.rule->secret()) << key.path;
    }
  }
  EXPECT_EQ(defaults.origins.size(), schema.keys().size());
  EXPECT_EQ(schema.Find("engineio.ping_interval")->environment, "SMCP_ENGINEIO__PING_INTERVAL");
}

TEST(ConfigSchema, HasBoundsThatParseAndAreTheBounds) {
  const Schema schema;
  for (const Key& key : schema.keys()) {
    for (const std::string& bound : {key.rule->min(), key.rule->max()}) {
      if (bound.empty()) continue;
      ASSERT_TRUE(key.type == ValueType::kCount || key.type == ValueType::kDuration) << key.path;
      EXPECT_EQ(SetError(key.path + "=" + bound), "no error");
    }
    if (key.type == ValueType::kCount) {
      const uint64_t above = *ParseCount(key.rule->max()) + 1;
      EXPECT_THAT(SetError(key.path + "=" + std::to_string(above)),
                  ::testing::HasSubstr("out of range"));
    }
    if (key.type == ValueType::kDuration) {
      const Millis above = *ParseDuration(key.rule->max()) + Millis(1);
      EXPECT_THAT(SetError(key.path + "=" + FormatDuration(above)),
                  ::testing::HasSubstr("out of range"));
    }
    if (key.rule->zero_is_off()) {
      EXPECT_EQ(SetError(key.path + "=0"), "no error");
    }
  }
}

TEST(ConfigSchema, TurnsEveryLimitOffWithZero) {
  const Schema schema;
  for (const Key& key : schema.keys()) {
    EXPECT_EQ(key.rule->zero_is_off(), key.path.starts_with("limits.")) << key.path;
  }
}

}  // namespace
}  // namespace smcp::config
