#include "gateway/daemon/log.h"

#include <gmock/gmock.h>

namespace smcp {
namespace {

using testing::HasSubstr;
using testing::Not;

config::v1::Log Config(std::string level, std::string format) {
  config::v1::Log config;
  config.set_level(std::move(level));
  config.set_format(std::move(format));
  return config;
}

template <class Fn>
std::string Written(const config::v1::Log& config, Fn fn) {
  testing::internal::CaptureStderr();
  {
    DaemonLog log(config);
    fn(log);
  }
  return testing::internal::GetCapturedStderr();
}

void Join(DaemonLog& log, std::string_view name) {
  log.Record(
      {.kind = LogEvent::Kind::kJoined, .role = Role::kAgent, .name = name, .office = "lab"});
}

TEST(DaemonLog, WritesOneLineOfKeysAndValues) {
  const std::string text =
      Written(Config("info", "text"), [](DaemonLog& log) { Join(log, "bot"); });
  EXPECT_THAT(text, HasSubstr(R"(info joined role="agent" name="bot" office="lab")"));
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 1);
}

TEST(DaemonLog, WritesOneJsonObjectPerLine) {
  const std::string text =
      Written(Config("info", "json"), [](DaemonLog& log) { Join(log, "bot"); });
  EXPECT_THAT(text, testing::StartsWith("{\"ts\":\""));
  EXPECT_THAT(
      text,
      HasSubstr(R"("level":"info","msg":"joined","role":"agent","name":"bot","office":"lab"})"));
}

TEST(DaemonLog, NamesThatClientsChoseCannotForgeALine) {
  const std::string text = Written(Config("info", "text"), [](DaemonLog& log) {
    Join(log, "x\"\n2026-01-01 info joined name=\"forged");
  });
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 1);
  EXPECT_THAT(text, HasSubstr(R"(x\"\n2026)"));
}

TEST(DaemonLog, LessSevereThanTheLevelIsNotWritten) {
  const std::string text = Written(Config("warn", "text"), [](DaemonLog& log) {
    Join(log, "bot");
    log.Record({.kind = LogEvent::Kind::kAuthenticationFailed, .remote_address = "127.0.0.9"});
  });
  EXPECT_THAT(text, Not(HasSubstr("joined")));
  EXPECT_THAT(text, HasSubstr(R"(warning authentication failed address="127.0.0.9")"));
}

TEST(DaemonLog, ASessionIsOneLineAtItsEnd) {
  const std::string text = Written(Config("info", "text"), [](DaemonLog& log) {
    SessionFacts facts;
    facts.address = "127.0.0.1";
    facts.port = 4242;
    facts.websocket = true;
    facts.reason = sio::DisconnectReason::kPingTimeout;
    facts.duration_ms = 1500;
    facts.packets_in = 3;
    log.SessionEnded(facts);
  });
  EXPECT_THAT(text, HasSubstr(R"(connection ended reason="ping timeout" address="127.0.0.1:4242" )"
                              R"(transport="websocket" ms=1500 in=3 out=0 ignored=0)"));
}

TEST(DaemonLog, AComponentMayHaveALevelOfItsOwnForAWhile) {
  const std::string text = Written(Config("warn", "text"), [](DaemonLog& log) {
    EXPECT_TRUE(log.SetLevel("smcp", "info", 1000));
    Join(log, "seen");
    log.Write(DaemonLog::Level::kInfo, "of the daemon");
    log.Expire(999);
    Join(log, "still");
    log.Expire(1000);
    Join(log, "no-more");
    EXPECT_TRUE(log.SetLevel("", "info", 0));
    log.Write(DaemonLog::Level::kInfo, "all of them");
    EXPECT_TRUE(log.SetLevel("", "", 0));
    Join(log, "taken-back");
  });
  EXPECT_THAT(text, HasSubstr("smcp info joined role=\"agent\" name=\"seen\""));
  EXPECT_THAT(text, HasSubstr("still"));
  EXPECT_THAT(text, HasSubstr("daemon info all of them"));
  for (const char* word : {"of the daemon", "no-more", "taken-back"}) {
    EXPECT_THAT(text, Not(HasSubstr(word)));
  }
}

TEST(DaemonLog, ComponentsAndLevelsThatDoNotExistAreRefused) {
  DaemonLog log(Config("info", "text"));
  EXPECT_FALSE(log.SetLevel("gateway", "info", 0));
  EXPECT_FALSE(log.SetLevel("net", "loud", 0));
  EXPECT_TRUE(log.SetLevel("net", "debug", 5));
  const auto levels = log.Levels();
  ASSERT_EQ(levels.size(), DaemonLog::Components().size() + 1);
  EXPECT_EQ(levels[0].component, "");
  EXPECT_EQ(levels[0].level, "info");
  for (const auto& level : levels) {
    EXPECT_EQ(level.level, level.component == "net" ? "debug" : "info") << level.component;
    EXPECT_EQ(level.expires_ms, level.component == "net" ? 5 : 0);
  }
}

TEST(DaemonLog, AReloadChangesLevelAndFormatAndEndsWhatHasNoExpiry) {
  const std::string text = Written(Config("info", "text"), [](DaemonLog& log) {
    EXPECT_TRUE(log.SetLevel("net", "off", 0));
    EXPECT_TRUE(log.SetLevel("smcp", "info", 77));
    Join(log, "as-text");
    log.Configure(Config("warn", "json"));
    Join(log, "as-json");
    log.Write(DaemonLog::Level::kInfo, "not wanted");
    for (const auto& level : log.Levels()) {
      EXPECT_EQ(level.level, level.component == "smcp" ? "info" : "warn");
    }
  });
  EXPECT_THAT(text, HasSubstr("smcp info joined role=\"agent\" name=\"as-text\""));
  EXPECT_THAT(text, HasSubstr(R"("component":"smcp","level":"info","msg":"joined")"));
  EXPECT_LT(text.find("as-text"), text.find("as-json"));
  EXPECT_THAT(text, Not(HasSubstr("not wanted")));
}

TEST(DaemonLog, TheAuditIsWrittenWhateverTheLevel) {
  const std::string text =
      Written(Config("off", "text"), [](DaemonLog& log) { log.Audit(R"({"actor":"ops"})"); });
  EXPECT_THAT(text, HasSubstr(R"( audit info {"actor":"ops"})"));
  const std::string json =
      Written(Config("off", "json"), [](DaemonLog& log) { log.Audit(R"({"actor":"ops"})"); });
  EXPECT_THAT(json, HasSubstr(R"("component":"audit","level":"info","audit":{"actor":"ops"}})"));
}

}  // namespace
}  // namespace smcp
