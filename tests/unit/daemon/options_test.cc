#include "gateway/daemon/options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <sstream>

#include "gateway/daemon/config_print.h"
#include "tests/unit/daemon/config_fixture.h"

namespace smcp::config {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

using Arguments = std::vector<std::string>;

std::vector<const char*> Argv(const Arguments& arguments) {
  std::vector<const char*> argv = {"smcp-gateway"};
  for (const std::string& argument : arguments) argv.push_back(argument.c_str());
  return argv;
}

absl::StatusOr<Options> Parse(const Arguments& arguments) {
  const std::vector<const char*> argv = Argv(arguments);
  return ParseOptions(static_cast<int>(argv.size()), argv.data());
}

struct Outcome {
  Startup startup;
  std::string out;
  std::string err;
};

Outcome RunProgram(const Arguments& arguments, Environment environment = {}) {
  const std::vector<const char*> argv = Argv(arguments);
  std::ostringstream out;
  std::ostringstream err;
  Startup startup =
      Start(static_cast<int>(argv.size()), argv.data(), std::move(environment), "1.2.3", out, err);
  return {std::move(startup), out.str(), err.str()};
}

TEST(Options, AreNoneByDefault) {
  const auto options = Parse({});
  ASSERT_TRUE(options.ok());
  EXPECT_EQ(options->action, Options::Action::kServe);
  EXPECT_FALSE(options->file.has_value());
  EXPECT_TRUE(options->sets.empty());
}

TEST(Options, TakeAFileAndRepeatedSets) {
  const auto options = Parse({"--config", "a.yaml", "--set", "a=1", "--set=b=x,y", "--set", "c="});
  ASSERT_TRUE(options.ok());
  EXPECT_EQ(options->file, "a.yaml");
  EXPECT_THAT(options->sets, ElementsAre("a=1", "b=x,y", "c="));
}

TEST(Options, RefuseWhatTheyDoNotKnowOnOneLine) {
  for (const Arguments& arguments :
       {Arguments{"--confg", "a"}, Arguments{"serve"}, Arguments{"--config"}, Arguments{"--set"},
        Arguments{"--set", "a=1", "b=2"}, Arguments{"--config", "a", "--config", "b"},
        Arguments{"--check=maybe"}}) {
    const Outcome outcome = RunProgram(arguments);
    EXPECT_EQ(outcome.startup.exit_code, 2) << arguments.front();
    EXPECT_THAT(outcome.err, StartsWith("smcp-gateway: "));
    EXPECT_THAT(outcome.err, HasSubstr("--help shows the options\n"));
    EXPECT_EQ(outcome.err.find('\n'), outcome.err.size() - 1) << outcome.err;
    EXPECT_EQ(outcome.out, "");
  }
}

TEST(Start, ServesWithTheLoadedConfiguration) {
  const Outcome outcome = RunProgram({"--set", "threads=2"}, {{"SMCP_LOG__FORMAT", "json"}});
  EXPECT_FALSE(outcome.startup.exit_code.has_value());
  EXPECT_EQ(outcome.startup.effective.config.threads(), 2U);
  EXPECT_EQ(outcome.startup.effective.config.log().format(), "json");
  EXPECT_EQ(outcome.out, "");
  EXPECT_EQ(outcome.err, "");
}

TEST(Start, PrintsVersionAndHelp) {
  const Outcome version = RunProgram({"--version"});
  EXPECT_EQ(version.startup.exit_code, 0);
  EXPECT_EQ(version.out, "smcp-gateway 1.2.3\n");
  const Outcome help = RunProgram({"--help"});
  EXPECT_EQ(help.startup.exit_code, 0);
  for (const char* part : {"--config FILE", "--set KEY=VALUE", "--check", "--print-config",
                           "--version", "smcp-gateway --set listen.address=0.0.0.0:8000"}) {
    EXPECT_THAT(help.out, HasSubstr(part));
  }
  EXPECT_EQ(help.out.find("--print-example-config"), std::string::npos);
}

TEST(Start, ChecksAValidConfiguration) {
  const TempFile file("threads: 1\n");
  const Outcome outcome = RunProgram({"--config", file.path(), "--check"});
  EXPECT_EQ(outcome.startup.exit_code, 0);
  EXPECT_EQ(outcome.out, "configuration is valid\n");
  EXPECT_EQ(outcome.err, "");
}

TEST(Start, RefusesAnInvalidConfigurationWhateverItIsAskedFor) {
  const TempFile file("threads: 1\nlog: {levle: info}\n");
  for (const Arguments& extra : {Arguments{}, Arguments{"--check"}, Arguments{"--print-config"}}) {
    Arguments arguments = {"--config", file.path()};
    arguments.insert(arguments.end(), extra.begin(), extra.end());
    const Outcome outcome = RunProgram(arguments);
    EXPECT_EQ(outcome.startup.exit_code, 2);
    EXPECT_EQ(outcome.out, "");
    EXPECT_EQ(file.Hide(outcome.err),
              "smcp-gateway: FILE:2: log.levle: unknown key; did you mean log.level?\n");
  }
}

TEST(Start, ChecksTheSecretFileToo) {
  const TempFile file("");
  const std::string set = "auth.api_key.admin_secret_file=" + file.path();
  const Outcome empty = RunProgram({"--check", "--set", set});
  EXPECT_EQ(empty.startup.exit_code, 2);
  EXPECT_EQ(file.Hide(empty.err),
            "smcp-gateway: auth.api_key.admin_secret_file: FILE: the secret is empty; write one "
            "line\n");
  const TempFile open("hunter2\n");
  std::filesystem::permissions(open.path(), std::filesystem::perms::others_read,
                               std::filesystem::perm_options::add);
  const Outcome warned =
      RunProgram({"--check", "--set", "auth.api_key.admin_secret_file=" + open.path()});
  EXPECT_EQ(warned.startup.exit_code, 0);
  EXPECT_THAT(warned.err, StartsWith("warning: auth.api_key.admin_secret_file: "));
}

TEST(Start, PrintsTheConfigurationAndTheExample) {
  const Outcome printed = RunProgram({"--print-config", "--set", "threads=5"});
  EXPECT_EQ(printed.startup.exit_code, 0);
  EXPECT_THAT(printed.out, HasSubstr("\nthreads: 5  # --set\n"));
  const Outcome example = RunProgram({"--print-example-config"});
  EXPECT_EQ(example.startup.exit_code, 0);
  EXPECT_EQ(example.out, ExampleConfig());
}

}  // namespace
}  // namespace smcp::config
