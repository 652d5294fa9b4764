#include "gateway/daemon/config_store.h"

#include <gmock/gmock.h>

#include "gateway/daemon/config_overlay.h"
#include "tests/unit/daemon/config_fixture.h"
#include "tests/unit/daemon/fake_disk.h"

namespace smcp::config {
namespace {

using control::ConfigOrigin;
using control::ConfigOutcome;
using Refusal = ConfigOutcome::Refusal;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::UnorderedElementsAre;

class ConfigStoreTest : public ::testing::Test {
 protected:
  std::unique_ptr<ConfigStore> Open(std::vector<std::string> sets = {"state_dir=/state"}) {
    sources_.sets = std::move(sets);
    auto opened = ConfigStore::Open(sources_, disk_, [this] { return ++now_ms_; });
    EXPECT_TRUE(opened.ok()) << opened.status();
    if (!opened.ok()) return nullptr;
    (*opened)->SetPrepare(
        [this](const EffectiveConfig& next) -> absl::StatusOr<ConfigStore::BringIn> {
          if (!prepare_error_.empty()) return absl::UnavailableError(prepare_error_);
          return ConfigStore::BringIn([this, next] { in_force_.push_back(next); });
        });
    (*opened)->Watch([this](const control::ConfigEvent& event) { events_.push_back(event); });
    return *std::move(opened);
  }
  static ConfigOutcome Push(ConfigStore& store, std::string yaml,
                            std::optional<std::vector<std::string>> mask = std::nullopt) {
    control::ConfigPush push;
    push.yaml = std::move(yaml);
    push.mask = std::move(mask);
    push.any_base = true;
    push.author = "ops";
    push.reason = "because";
    return store.Apply(push);
  }
  static std::string ValueOf(ConfigStore& store, const std::string& key) {
    const auto view = store.Get({key});
    return view.values.size() == 1 ? view.values.front().value : "?";
  }
  static ConfigOrigin OriginOf(ConfigStore& store, const std::string& key) {
    return store.Get({key}).values.at(0).origin;
  }

  FakeDisk disk_;
  ConfigSources sources_;
  int64_t now_ms_ = 0;
  std::string prepare_error_;
  std::vector<EffectiveConfig> in_force_;
  std::vector<control::ConfigEvent> events_;
};

TEST_F(ConfigStoreTest, APushLiesOverFlagsEnvironmentFileAndDefaults) {
  const TempFile file("calls:\n  default_timeout: 7s\n  timeout_slack: 1s\n");
  sources_.file = file.path();
  sources_.environment = {{"SMCP_CALLS__TIMEOUT_SLACK", "2s"}};
  const auto store = Open({"state_dir=/state", "calls.max_timeout=90s"});
  EXPECT_EQ(OriginOf(*store, "limits.connections"), ConfigOrigin::kDefault);
  EXPECT_EQ(OriginOf(*store, "calls.default_timeout"), ConfigOrigin::kFile);
  EXPECT_EQ(OriginOf(*store, "calls.timeout_slack"), ConfigOrigin::kEnvironment);
  EXPECT_EQ(OriginOf(*store, "calls.max_timeout"), ConfigOrigin::kFlag);
  const ConfigOutcome outcome =
      Push(*store, "calls: {default_timeout: 8s, timeout_slack: 3s, max_timeout: 80s}");
  EXPECT_EQ(outcome.refusal, Refusal::kNone) << outcome.message;
  EXPECT_EQ(outcome.generation, 1u);
  EXPECT_THAT(outcome.findings, IsEmpty());
  EXPECT_THAT(outcome.changed_keys,
              ElementsAre("calls.default_timeout", "calls.timeout_slack", "calls.max_timeout"));
  for (const char* key : {"calls.default_timeout", "calls.timeout_slack", "calls.max_timeout"}) {
    EXPECT_EQ(OriginOf(*store, key), ConfigOrigin::kPushed) << key;
  }
  EXPECT_EQ(ValueOf(*store, "calls.max_timeout"), "80s");
  ASSERT_EQ(in_force_.size(), 1u);
  EXPECT_EQ(in_force_[0].config.calls().max_timeout().seconds(), 80);
  // The whole document again: what it does not name falls back.
  Push(*store, "limits: {connections: 5}");
  EXPECT_EQ(ValueOf(*store, "calls.default_timeout"), "7s");
  EXPECT_EQ(ValueOf(*store, "limits.connections"), "5");
}

TEST_F(ConfigStoreTest, AMaskTouchesItsKeysOnly) {
  const auto store = Open();
  Push(*store, "limits: {connections: 5, name_bytes: 99}\nlog: {level: debug}");
  const ConfigOutcome outcome =
      Push(*store, "limits: {connections: 6}\nlog: {level: error}", {{"limits"}});
  EXPECT_EQ(outcome.refusal, Refusal::kNone);
  EXPECT_THAT(outcome.changed_keys, ElementsAre("limits.connections", "limits.name_bytes"));
  EXPECT_EQ(ValueOf(*store, "limits.connections"), "6");
  EXPECT_EQ(ValueOf(*store, "limits.name_bytes"), "256");
  EXPECT_EQ(ValueOf(*store, "log.level"), "debug");
  EXPECT_EQ(Push(*store, "", {{"limit"}}).refusal, Refusal::kMask);
}

TEST_F(ConfigStoreTest, AllFaultsOfADocumentAreToldWithTheirLines) {
  const auto store = Open();
  const ConfigOutcome outcome =
      Push(*store, "limits:\n  connections: many\n  nam_bytes: 3\nlog:\n  level: loud\n");
  EXPECT_EQ(outcome.refusal, Refusal::kInvalid);
  std::vector<std::string> found;
  for (const auto& finding : outcome.findings) {
    EXPECT_TRUE(finding.is_error);
    found.push_back(finding.key + ":" + std::to_string(finding.line));
  }
  EXPECT_THAT(found,
              UnorderedElementsAre("limits.connections:2", "limits.nam_bytes:3", "log.level:5"));
  EXPECT_EQ(store->generation(), 0u);
  EXPECT_THAT(in_force_, IsEmpty());
}

TEST_F(ConfigStoreTest, WhatNoSingleKeyGetsWrongIsToldAtItsLine) {
  const auto store = Open();
  const auto findings =
      store->Validate("auth:\n  api_key:\n    header_names: []\n    auth_fields: []\n");
  ASSERT_EQ(findings.size(), 1u);
  EXPECT_EQ(findings[0].key, "auth.api_key.header_names");
  EXPECT_EQ(findings[0].line, 3u);
}

TEST_F(ConfigStoreTest, KeysThatDoNotReloadAreRefusedUnlessTheySayWhatIs) {
  const auto store = Open();
  const std::string fixed = "listen: {address: 127.0.0.1:9}\nlimits: {connections: 5}";
  const ConfigOutcome refused = Push(*store, fixed);
  EXPECT_EQ(refused.refusal, Refusal::kNotReloadable);
  ASSERT_EQ(refused.findings.size(), 1u);
  EXPECT_EQ(refused.findings[0].key, "listen.address");
  const auto findings = store->Validate(fixed);
  ASSERT_EQ(findings.size(), 1u);
  EXPECT_FALSE(findings[0].is_error);
  EXPECT_EQ(findings[0].line, 1u);
  const ConfigOutcome taken =
      Push(*store, "listen: {address: 127.0.0.1:8000}\nlimits: {connections: 5}");
  EXPECT_EQ(taken.refusal, Refusal::kNone);
  EXPECT_THAT(store->Current().yaml, Not(HasSubstr("listen")));
  EXPECT_EQ(OriginOf(*store, "listen.address"), ConfigOrigin::kDefault);
}

TEST_F(ConfigStoreTest, TheBaseMustBeTheOneInForce) {
  const auto store = Open();
  control::ConfigPush push;
  push.yaml = "limits: {connections: 5}";
  push.base_generation = 3;
  EXPECT_EQ(store->Apply(push).refusal, Refusal::kBase);
  push.base_generation = 0;
  EXPECT_EQ(store->Apply(push).generation, 1u);
  EXPECT_EQ(store->Apply(push).refusal, Refusal::kBase);
}

TEST_F(ConfigStoreTest, ValidateOnlyChangesNothing) {
  const auto store = Open();
  control::ConfigPush push;
  push.yaml = "limits: {connections: 5}";
  push.validate_only = true;
  const int calls = disk_.calls();
  const ConfigOutcome outcome = store->Apply(push);
  EXPECT_EQ(outcome.refusal, Refusal::kNone);
  EXPECT_THAT(outcome.changed_keys, ElementsAre("limits.connections"));
  EXPECT_EQ(outcome.generation, 0u);
  EXPECT_EQ(ValueOf(*store, "limits.connections"), "100000");
  EXPECT_EQ(disk_.calls(), calls);
  EXPECT_THAT(events_, IsEmpty());
}

TEST_F(ConfigStoreTest, GenerationsSurviveARestartAndCanBeGoneBackTo) {
  {
    const auto store = Open();
    Push(*store, "limits: {connections: 5}");
    Push(*store, "limits: {connections: 6}");
  }
  const auto store = Open();
  EXPECT_EQ(store->generation(), 2u);
  EXPECT_EQ(ValueOf(*store, "limits.connections"), "6");
  EXPECT_EQ(OriginOf(*store, "limits.connections"), ConfigOrigin::kPushed);
  const auto kept = store->Generations(0, 10);
  ASSERT_EQ(kept.size(), 2u);
  EXPECT_EQ(kept[0].generation, 2u);
  EXPECT_TRUE(kept[0].active);
  EXPECT_EQ(kept[0].author, "ops");
  EXPECT_EQ(kept[0].reason, "because");
  EXPECT_EQ(kept[1].yaml, "limits:\n  connections: 5\n");
  EXPECT_FALSE(kept[1].active);
  control::ConfigRollback back;
  back.generation = 1;
  back.any_base = true;
  EXPECT_EQ(store->Rollback(back).generation, 3u);
  EXPECT_EQ(ValueOf(*store, "limits.connections"), "5");
  back.generation = 0;
  EXPECT_EQ(store->Rollback(back).generation, 4u);
  EXPECT_EQ(OriginOf(*store, "limits.connections"), ConfigOrigin::kDefault);
  back.generation = 9;
  EXPECT_EQ(store->Rollback(back).refusal, Refusal::kNotFound);
}

TEST_F(ConfigStoreTest, OldGenerationsAreForgotten) {
  const auto store = Open();
  for (int i = 1; i <= ConfigStore::kGenerationsMax + 3; ++i) {
    Push(*store, "limits: {connections: " + std::to_string(i) + "}");
  }
  const auto kept = store->Generations(0, 1000);
  ASSERT_EQ(kept.size(), static_cast<size_t>(ConfigStore::kGenerationsMax));
  EXPECT_EQ(kept.back().generation, 4u);
  EXPECT_EQ(store->Generations(6, 1).at(0).generation, 5u);
}

TEST_F(ConfigStoreTest, ADiskThatDiesMidPushKeepsTheOldConfiguration) {
  const auto store = Open();
  Push(*store, "limits: {connections: 5}");
  disk_.Kill({disk_.calls() + 2, 10});
  const ConfigOutcome outcome = Push(*store, "limits: {connections: 6}");
  EXPECT_EQ(outcome.refusal, Refusal::kNotSaved);
  EXPECT_EQ(store->generation(), 1u);
  EXPECT_EQ(ValueOf(*store, "limits.connections"), "5");
  EXPECT_EQ(in_force_.size(), 1u);
  ASSERT_EQ(events_.size(), 2u);
  EXPECT_FALSE(events_[1].applied);
}

TEST_F(ConfigStoreTest, WhatCannotBePreparedIsNeitherSavedNorBroughtIn) {
  const auto store = Open();
  prepare_error_ = "the secret's file is gone";
  const int calls = disk_.calls();
  const ConfigOutcome outcome = Push(*store, "limits: {connections: 5}");
  EXPECT_EQ(outcome.refusal, Refusal::kNotApplied);
  EXPECT_EQ(outcome.message, prepare_error_);
  EXPECT_EQ(disk_.calls(), calls);
  EXPECT_EQ(ValueOf(*store, "limits.connections"), "100000");
}

TEST_F(ConfigStoreTest, SecretsAreNeverShownAndTheirMaskMeansAsItIs) {
  const auto store = Open();
  Push(*store, "auth: {api_key: {admin_secret: geheim-99}}");
  EXPECT_EQ(ValueOf(*store, "auth.api_key.admin_secret"), kSecretMask);
  EXPECT_THAT(store->Current().yaml, HasSubstr("admin_secret: \"********\""));
  EXPECT_THAT(store->Current().yaml, Not(HasSubstr("geheim")));
  Push(*store, store->Current().yaml + "limits: {connections: 5}\n");
  EXPECT_EQ(store->current()->config.auth().api_key().admin_secret(), "geheim-99");
  EXPECT_EQ(Open()->current()->config.auth().api_key().admin_secret(), "geheim-99");
}

TEST_F(ConfigStoreTest, AReloadReadsTheFileAndKeepsTheOldOneOnAnyError) {
  const TempFile file("limits: {connections: 5}\nthreads: 2\n");
  sources_.file = file.path();
  const auto store = Open();
  Push(*store, "log: {level: debug}");
  std::ofstream(file.path()) << "limits: {connections: 6}\nthreads: 3\n";
  const ConfigOutcome outcome = store->Reload();
  EXPECT_EQ(outcome.refusal, Refusal::kNone);
  EXPECT_EQ(outcome.generation, 1u);
  EXPECT_THAT(outcome.changed_keys, ElementsAre("limits.connections"));
  ASSERT_EQ(outcome.findings.size(), 1u);
  EXPECT_EQ(outcome.findings[0].key, "threads");
  EXPECT_FALSE(outcome.findings[0].is_error);
  EXPECT_EQ(ValueOf(*store, "limits.connections"), "6");
  EXPECT_EQ(ValueOf(*store, "log.level"), "debug");
  EXPECT_EQ(ValueOf(*store, "threads"), "2") << "what is in force is what is shown";
  std::ofstream(file.path()) << "limits: {connections: none}\n";
  const ConfigOutcome refused = store->Reload();
  EXPECT_EQ(refused.refusal, Refusal::kInvalid);
  EXPECT_EQ(ValueOf(*store, "limits.connections"), "6");
  EXPECT_THAT(events_.back().rejected, HasSubstr("limits.connections"));
}

TEST_F(ConfigStoreTest, WithoutAStateDirAPushSaysThatItWillBeLost) {
  const auto store = Open({});
  const ConfigOutcome outcome = Push(*store, "limits: {connections: 5}");
  EXPECT_EQ(outcome.refusal, Refusal::kNone);
  ASSERT_EQ(outcome.findings.size(), 1u);
  EXPECT_EQ(outcome.findings[0].key, "state_dir");
  EXPECT_FALSE(outcome.findings[0].is_error);
}

TEST_F(ConfigStoreTest, ADamagedFileIsOneClearLineAtStart) {
  { Push(*Open(), "limits: {connections: 5}"); }
  const int file = *disk_.Create("/state/pushed-config.json");
  ASSERT_TRUE(disk_.Write(file, "smcp-gateway state 1 sha256 00\n{}").ok());
  const auto opened = ConfigStore::Open(sources_, disk_, [] { return int64_t{0}; });
  EXPECT_THAT(ErrorOf(opened), HasSubstr("state_dir: /state/pushed-config.json: is damaged"));
}

TEST_F(ConfigStoreTest, NonAsciiAndQuotesSurviveTheOverlay) {
  const auto store = Open();
  const std::string yaml =
      "auth: {api_key: {auth_fields: [\"to\\\"k\\\\en\", \"schl\u00fcssel\", \"0.1\"]}}";
  EXPECT_EQ(Push(*store, yaml).refusal, Refusal::kNone);
  EXPECT_THAT(Items(Open()->current()->config.auth().api_key().auth_fields()),
              ElementsAre("to\"k\\en", "schl\u00fcssel", "0.1"));
}

TEST(ConfigOverlay, IsWrittenInTheOrderOfTheSchemaAndReadsBack) {
  const Schema schema;
  const Document document = ReadDocument(
      "log: {level: debug}\ncontrol: {tokens: [\"a:viewer:file=/x\"], allow_invoke: true}\n"
      "auth: {explain_refusals: true, api_key: {header_names: []}}\n",
      {}, schema);
  ASSERT_THAT(document.errors, IsEmpty());
  const std::string text = OverlayText(document.assignments, schema, false);
  EXPECT_EQ(text,
            "control:\n  tokens: [\"a:viewer:file=/x\"]\n  allow_invoke: true\n"
            "auth:\n  api_key:\n    header_names: []\n  explain_refusals: true\n"
            "log:\n  level: debug\n");
  EXPECT_EQ(OverlayText(ReadDocument(text, {}, schema).assignments, schema, false), text);
}

}  // namespace
}  // namespace smcp::config
