#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gateway/daemon/config_yaml.h"
#include "tests/unit/daemon/config_fixture.h"

namespace smcp::config {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST(ConfigFile, SetsWhatItNamesAndLeavesTheRest) {
  const TempFile file(
      "listen:\n"
      "  address: 0.0.0.0:9000\n"
      "  paths: [/a, /b/c]\n"
      "engineio:\n"
      "  ping_interval: 0.3s\n"
      "  max_payload: 4096\n"
      "protocol: {allow_unversioned: false, versions: [0.1, \"0.2\"]}\n"
      "threads: 3\n");
  const EffectiveConfig loaded = MustLoad({file.path(), {}, {}});
  EXPECT_EQ(loaded.config.listen().address(), "0.0.0.0:9000");
  EXPECT_THAT(Items(loaded.config.listen().paths()), ElementsAre("/a", "/b/c"));
  EXPECT_EQ(ToMillis(loaded.config.engineio().ping_interval()), Millis(300));
  EXPECT_EQ(loaded.config.engineio().max_payload(), 4096U);
  EXPECT_FALSE(loaded.config.protocol().allow_unversioned());
  EXPECT_THAT(Items(loaded.config.protocol().versions()), ElementsAre("0.1", "0.2"));
  EXPECT_EQ(loaded.config.threads(), 3U);
  EXPECT_EQ(loaded.config.admin().address(), "127.0.0.1:8001");

  EXPECT_EQ(loaded.origins.at("listen.address").kind, Origin::Kind::kFile);
  EXPECT_EQ(file.Hide(loaded.origins.at("listen.address").place), "FILE:2");
  EXPECT_EQ(file.Hide(loaded.origins.at("engineio.max_payload").place), "FILE:6");
  EXPECT_EQ(file.Hide(loaded.origins.at("protocol.versions").place), "FILE:7");
  EXPECT_EQ(file.Hide(loaded.origins.at("threads").place), "FILE:8");
  EXPECT_EQ(loaded.origins.at("admin.address").kind, Origin::Kind::kDefault);
}

TEST(ConfigFile, MayBeJson) {
  const EffectiveConfig loaded = LoadText(
      "{\"listen\": {\"address\": \"[::1]:0\", \"cors_origins\": [\"*\"]},\n"
      "\t\"calls\": {\"default_timeout\": \"1m\"}, \"limits\": {\"connections\": 0}}\n");
  EXPECT_EQ(loaded.config.listen().address(), "[::1]:0");
  EXPECT_THAT(Items(loaded.config.listen().cors_origins()), ElementsAre("*"));
  EXPECT_EQ(ToMillis(loaded.config.calls().default_timeout()), Millis(60'000));
  EXPECT_EQ(loaded.config.limits().connections(), 0U);
}

TEST(ConfigFile, MayBeEmptyOrOnlyCommentsOrEmptySections) {
  for (const char* text : {"", "\n", "# nothing\n", "---\n", "{}", "limits:\n  # connections: 1\n",
                           "auth:\n  api_key:\nlog:\n"}) {
    const EffectiveConfig loaded = LoadText(text);
    EXPECT_EQ(loaded.config.limits().connections(), 100'000U) << text;
  }
}

TEST(ConfigFile, MayEmptyAListOrATextThatAllowsIt) {
  const EffectiveConfig loaded =
      LoadText("admin: {address: \"\"}\nauth: {api_key: {header_names: []}}\n");
  EXPECT_EQ(loaded.config.admin().address(), "");
  EXPECT_THAT(Items(loaded.config.auth().api_key().header_names()), IsEmpty());
}

TEST(ConfigFile, TakesADigitsOnlySecretAsText) {
  EXPECT_EQ(
      LoadText("auth: {api_key: {admin_secret: 0123}}\n").config.auth().api_key().admin_secret(),
      "0123");
}

struct Refusal {
  const char* text;
  const char* error;
};

TEST(ConfigFile, RefusesWithLineKeyAndRemedy) {
  const Refusal refusals[] = {
      {"listen:\n  adress: 1.2.3.4:5\n",
       "FILE:2: listen.adress: unknown key; did you mean listen.address?"},
      {"\n\nlimts:\n  connections: 5\n", "FILE:3: limts: unknown key; did you mean limits?"},
      {"limits:\n  ping_interval: 5s\n",
       "FILE:2: limits.ping_interval: unknown key; did you mean engineio.ping_interval?"},
      {"zebra: 1\n", "FILE:1: zebra: unknown key; --print-config shows all keys"},
      {"listen.address: 1.2.3.4:5\n",
       "FILE:1: listen.address: write it nested, one section per level, not with dots"},
      {"auth:\n  api_key.admin_secret: x\n",
       "FILE:2: auth.api_key.admin_secret: write it nested, one section per level, not with dots"},
      {"\"a\\nb\": 1\n", "FILE:1: \"a\\x0ab\": unknown key; --print-config shows all keys"},
      {"threads: many\n", "FILE:1: threads: expected a whole number in digits, found \"many\""},
      {"threads: 1.5\n", "FILE:1: threads: expected a whole number in digits, found \"1.5\""},
      {"threads: -1\n", "FILE:1: threads: expected a whole number in digits, found \"-1\""},
      {"threads: \"4\"\n",
       "FILE:1: threads: expected a number, found the text \"4\"; write it without quotes"},
      {"threads: 257\n", "FILE:1: threads: \"257\" is out of range; allowed is 0 to 256"},
      {"threads: 99999999999999999999\n", "FILE:1: threads: \"99999999999999999999\" is too large"},
      {"threads: {}\n", "FILE:1: threads: expected a single value, found a map of keys"},
      {"threads: [1]\n", "FILE:1: threads: expected a single value, found a list"},
      {"threads:\n",
       "FILE:1: threads: has no value; write one, or remove the line for the default"},
      {"engineio:\n  max_payload: 99\n",
       "FILE:2: engineio.max_payload: \"99\" is out of range; allowed is 100 to 1073741824"},
      {"engineio:\n  ping_interval: 25\n",
       "FILE:2: engineio.ping_interval: has no unit; write 25s for seconds or 25ms for "
       "milliseconds"},
      {"engineio:\n  ping_interval: 2h\n",
       "FILE:2: engineio.ping_interval: \"2h\" is out of range; allowed is 0.01s to 1h"},
      {"protocol:\n  allow_unversioned: yes\n",
       "FILE:2: protocol.allow_unversioned: expected true or false, found \"yes\""},
      {"protocol:\n  allow_unversioned: \"true\"\n",
       "FILE:2: protocol.allow_unversioned: expected true or false, found the text \"true\"; "
       "write it without quotes"},
      {"protocol:\n  versions: [0.1, 0.7]\n",
       "FILE:2: protocol.versions: expected one of 0.1, 0.2, 0.3, 0.4, 0.5, found \"0.7\""},
      {"protocol:\n  versions: []\n", "FILE:2: protocol.versions: needs at least one item"},
      {"log:\n  level: inof\n",
       "FILE:2: log.level: expected one of trace, debug, info, warn, error, off, found \"inof\"; "
       "did you mean info?"},
      {"listen:\n  paths: /smcp\n",
       "FILE:2: listen.paths: expected a list such as [/socket.io,/smcp], found a single value"},
      {"listen:\n  paths:\n    - /smcp\n    - /smcp\n",
       "FILE:4: listen.paths: \"/smcp\" is in the list twice; remove one"},
      {"listen:\n  paths:\n    - /smcp\n    - smcp\n",
       "FILE:4: listen.paths: expected an HTTP path such as /socket.io, found \"smcp\""},
      {"listen:\n  paths:\n    - /smcp\n    - [x]\n",
       "FILE:4: listen.paths: expected a list of single values, found a list in it"},
      {"listen:\n  address: \"\"\n", "FILE:2: listen.address: must not be empty"},
      {"listen: 127.0.0.1:8000\n",
       "FILE:1: listen: is a section: expected keys below it, found a single value"},
      {"listen:\n  address: 1.2.3.4:5\n  paths: [/a]\n  address: 1.2.3.4:6\n",
       "FILE:4: listen.address: is given twice, first on line 2; remove one"},
      {"log: {}\nthreads: 1\nlog: {}\n",
       "FILE:3: log: is given twice, first on line 1; remove one"},
      {"- a\n- b\n", "FILE:1: expected sections such as \"listen:\", found a list"},
      {"hello\n", "FILE:1: expected sections such as \"listen:\", found a single value"},
      {"? [a]\n: 1\n", "FILE:1: expected the name of a key, found a list"},
      {"threads: 1\n---\nthreads: 2\n", "FILE: holds more than one YAML document; leave one"},
  };
  for (const Refusal& refusal : refusals) {
    EXPECT_EQ(FileError(refusal.text), refusal.error) << refusal.text;
  }
}

TEST(ConfigFile, RefusesWhatIsNotYamlWithTheLine) {
  EXPECT_THAT(FileError("listen:\n  address: [1\nthreads: 2\n"),
              HasSubstr("is not valid YAML or JSON"));
  EXPECT_THAT(FileError("threads: 1\n\tx: 2\n"), ::testing::StartsWith("FILE:"));
  EXPECT_THAT(FileError("threads: *nobody\n"), HasSubstr("FILE:1: is not valid YAML or JSON"));
  EXPECT_EQ(FileError("{\"threads\": 1").find('\n'), std::string::npos);
}

TEST(ConfigFile, SurvivesDeepAndCyclicInput) {
  const std::string deep(100'000, '[');
  EXPECT_NE(FileError(deep), "no error");
  EXPECT_NE(FileError("listen: &a\n  address: *a\n"), "no error");
  EXPECT_NE(FileError("log: &a\n  log: *a\n"), "no error");
}

TEST(ConfigFile, RefusesAFileThatIsMissingOrADirectoryOrTooLarge) {
  const TempFile file("");
  const std::string missing = file.directory() + "/other.yaml";
  const auto not_found = LoadConfig({missing, {}, {}});
  EXPECT_EQ(not_found.status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(ErrorOf(not_found),
            missing + ": cannot read the configuration file: No such file or directory");
  EXPECT_EQ(ErrorOf(LoadConfig({file.directory(), {}, {}})),
            file.directory() + ": is a directory; --config takes a YAML or JSON file");
  EXPECT_EQ(FileError("# " + std::string(1 << 20, 'x')),
            "FILE: is larger than 1 MiB, hence no configuration file");
}

TEST(ConfigFile, RefusesBothFormsOfTheSecretAndNamesBothPlaces) {
  EXPECT_EQ(FileError("auth:\n  api_key:\n    admin_secret: a\n    admin_secret_file: b\n"),
            "FILE:4: auth.api_key.admin_secret_file: auth.api_key.admin_secret is set too "
            "(FILE:3); give only one of them");
}

TEST(ConfigFile, RefusesAnApiKeyThatNobodyCouldPresent) {
  EXPECT_THAT(FileError("auth:\n  api_key: {header_names: [], auth_fields: []}\n"),
              ::testing::StartsWith("FILE:2: auth.api_key.header_names: is empty and so is"));
  EXPECT_EQ(FileError("auth:\n  provider: none\n  api_key: {header_names: [], auth_fields: []}\n"),
            "no error");
}

TEST(ConfigFile, NeverQuotesASecret) {
  const std::string error = FileError("auth:\n  api_key:\n    admin_secret: \"hunter\\u00012\"\n");
  EXPECT_EQ(error, "FILE:3: auth.api_key.admin_secret: contains a control character");
  EXPECT_THAT(FileError("auth:\n  api_key:\n    admin_secret: \"********\"\n"),
              HasSubstr("is the mask of a printed configuration"));
}

}  // namespace
}  // namespace smcp::config
