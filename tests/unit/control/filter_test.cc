#include "control/filter.h"

#include <gtest/gtest.h>

#include "control/errors.h"
#include "control/filter_value.h"
#include "control/schemas.h"

namespace smcp::control {
namespace {

constexpr int64_t kNow = 1'700'000'000'000;

SessionInfo Sample() {
  SessionInfo s;
  s.sid = "abc";
  s.name = "lap top";
  s.role = Role::kComputer;
  s.office_id = "north/7";
  s.generation = Generation::kG3;
  s.websocket = true;
  s.address = "10.0.0.7";
  s.user_agent = "say \"hi\"";
  s.calls_in_flight = 3;
  s.connected_ms = *ParseTime("2026-01-31T08:00:00Z");
  return s;
}

bool Matches(std::string_view text) {
  const SessionInfo session = Sample();
  const auto filter = Filter<SessionView>::Compile(text, SessionSchema());
  EXPECT_TRUE(filter.ok()) << text << ": " << filter.status();
  return filter.ok() && filter->Matches(ViewOf(session), kNow);
}

std::string Problem(std::string_view text) {
  const auto filter = Filter<SessionView>::Compile(text, SessionSchema());
  EXPECT_FALSE(filter.ok()) << text;
  EXPECT_EQ(ReasonOf(filter.status()), v1::FILTER_INVALID);
  return std::string(filter.status().message());
}

TEST(Filter, EmptyMatchesEverything) {
  EXPECT_TRUE(Matches(""));
  EXPECT_TRUE(Matches("  \t"));
}

TEST(Filter, ComparesByType) {
  EXPECT_TRUE(Matches("sid = abc"));
  EXPECT_FALSE(Matches("sid!=abc"));
  EXPECT_TRUE(Matches("name=\"lap top\""));
  EXPECT_TRUE(Matches(R"(user_agent = "say \"hi\"")"));
  EXPECT_TRUE(Matches("inflight_calls>2 AND inflight_calls<=3"));
  EXPECT_FALSE(Matches("inflight_calls > 3"));
  EXPECT_TRUE(Matches("role = computer"));
  EXPECT_TRUE(Matches("role=COMPUTER AND state=JOINED AND transport=websocket"));
  EXPECT_TRUE(Matches("generation = 0.3"));
  EXPECT_TRUE(Matches("generation >= 0.2 AND generation < 0.5"));
  EXPECT_TRUE(Matches("connect_time < 2026-01-31T09:00:00+00:30"));
  EXPECT_FALSE(Matches("connect_time < 2026-01-31T09:00:00+01:00"));
}

TEST(Filter, HasAndPrefix) {
  EXPECT_TRUE(Matches("office_id:north*"));
  EXPECT_FALSE(Matches("office_id:orth*"));
  EXPECT_TRUE(Matches("office_id:orth"));
  EXPECT_TRUE(Matches("office_id:*"));
  EXPECT_FALSE(Matches("join_time:*"));
  EXPECT_TRUE(Matches("NOT protocol_version:*"));
  EXPECT_FALSE(Matches("office_id:\"north*\"")) << "a star in quotes is a star";
}

TEST(Filter, AbsentValuesMatchNotEqualOnly) {
  EXPECT_FALSE(Matches("join_time < 2030-01-01T00:00:00Z"));
  EXPECT_TRUE(Matches("join_time != 2030-01-01T00:00:00Z"));
  EXPECT_TRUE(Matches("protocol_version = \"\""));
  EXPECT_FALSE(Matches("labels.team = x"));
  EXPECT_FALSE(Matches("labels:team"));
}

TEST(Filter, LogicBindsAsUsual) {
  EXPECT_TRUE(Matches("sid=x AND sid=y OR sid=abc"));
  EXPECT_FALSE(Matches("sid=x AND (sid=y OR sid=abc)"));
  EXPECT_TRUE(Matches("NOT sid=x AND NOT (sid=y OR sid=z)"));
  EXPECT_FALSE(Matches("NOT NOT NOT sid=abc"));
}

TEST(Filter, LabelsOfOffices) {
  OfficeInfo office;
  office.settings.labels = {{"team", "blue"}, {"empty", ""}};
  const auto matches = [&](std::string_view text) {
    const auto filter = Filter<OfficeInfo>::Compile(text, OfficeSchema());
    EXPECT_TRUE(filter.ok()) << filter.status();
    return filter.ok() && filter->Matches(office, kNow);
  };
  EXPECT_TRUE(matches("labels.team = blue AND labels:team AND labels:empty"));
  EXPECT_TRUE(matches("labels.team != red AND NOT labels:other AND labels.team:bl*"));
  EXPECT_TRUE(matches("has_agent = false AND admission = open"));
}

TEST(Filter, AgeOfCalls) {
  CallInfoRecord call;
  call.started_ms = kNow - 90'000;
  const auto filter = Filter<CallInfoRecord>::Compile("age > 1m AND age <= 90", CallSchema());
  ASSERT_TRUE(filter.ok());
  EXPECT_TRUE(filter->Matches(call, kNow));
  EXPECT_FALSE(filter->Matches(call, kNow + 1'000));
}

TEST(Filter, ErrorsSayWhereAndWhat) {
  EXPECT_NE(Problem("nmae = x").find("there are sid, name, role"), std::string::npos);
  EXPECT_NE(Problem("labels.a.b = x OR nothing=1").find("labels.<key>"), std::string::npos);
  EXPECT_NE(Problem("role = boss").find("AGENT, COMPUTER"), std::string::npos);
  EXPECT_NE(Problem("sid = a sid = b").find("at 9"), std::string::npos);
  for (const char* text :
       {"sid", "sid =", "= x", "(sid=x", "sid=x)", "sid=\"x", "sid ! x", "AND", "sid=x AND",
        "inflight_calls = many", "connect_time > yesterday", "NOT", "()", "labels = x", "sid=x OR",
        "connect_time > 2026-13-01T00:00:00Z", "sid=x \"y\"", "\"sid\"=x", "sid==x y"}) {
    Problem(text);
  }
}

TEST(Filter, IsBounded) {
  Problem(std::string(kFilterBytesMax, ' ') + "sid=x");
  Problem(std::string(100, '(') + "sid=x" + std::string(100, ')'));
  std::string nots;
  for (int i = 0; i < 100; ++i) nots += "NOT ";
  Problem(nots + "sid=x");
  std::string many = "sid=x";
  for (size_t i = 0; i < kFilterTermsMax; ++i) many += " OR sid=x";
  Problem(many);
}

TEST(Filter, SurvivesAnyBytes) {
  uint32_t state = 12'345;
  const std::vector<std::string_view> pieces = {
      "sid",          "name", " ",   "(",  ")",    "=", "!",    "<", ">", ":",      "*",
      "\"",           "\\",   "AND", "OR", "NOT ", "0", "role", ".", "é", "labels", "\n",
      "connect_time", "age"};
  for (int round = 0; round < 20'000; ++round) {
    std::string text;
    for (int i = 0; i < 16; ++i) {
      state = state * 1'664'525 + 1'013'904'223;
      text.append(pieces[(state >> 16) % pieces.size()]);
    }
    const SessionInfo session = Sample();
    const auto filter = Filter<SessionView>::Compile(text, SessionSchema());
    if (filter.ok()) filter->Matches(ViewOf(session), kNow);
  }
}

TEST(FilterValue, Durations) {
  EXPECT_EQ(ParseDuration("90"), 90'000);
  EXPECT_EQ(ParseDuration("1h30m"), 5'400'000);
  EXPECT_EQ(ParseDuration("250ms"), 250);
  EXPECT_EQ(ParseDuration("1.5s"), 1'500);
  for (const char* text : {"", "s", "1x", "-1s", "1h 2m", "1h2", "inf", "nan", "1e99d"}) {
    EXPECT_EQ(ParseDuration(text), std::nullopt) << text;
  }
}

TEST(FilterValue, Times) {
  EXPECT_EQ(ParseTime("1970-01-01T00:00:00Z"), 0);
  EXPECT_EQ(ParseTime("1970-01-01T00:00:01.25Z"), 1'250);
  EXPECT_EQ(ParseTime("1969-12-31T23:59:59Z"), -1'000);
  EXPECT_EQ(ParseTime("2000-02-29T12:00:00-02:30"), 951'834'600'000);
  for (const char* text : {"1970-01-01", "1970-01-01T00:00:00", "1970-02-30T00:00:00Z",
                           "1970-01-01T25:00:00Z", "1970-01-01T00:00:00+1:00", "x"}) {
    EXPECT_EQ(ParseTime(text), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace smcp::control
