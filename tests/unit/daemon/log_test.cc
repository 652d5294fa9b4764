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

}  // namespace
}  // namespace smcp
