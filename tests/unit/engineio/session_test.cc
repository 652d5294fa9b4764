#include "gateway/engineio/session.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <string>

namespace smcp::eio {
namespace {

using Kind = Step::Kind;

enum class State { kPolling, kWaiting, kProbed, kUpgraded, kBornOnWebSocket };

Session Make(State state) {
  Session session(state == State::kBornOnWebSocket);
  if (state == State::kPolling || state == State::kBornOnWebSocket) return session;
  EXPECT_EQ(session.BeginUpgrade(), UpgradeVerdict::kAccept);
  if (state == State::kWaiting) return session;
  EXPECT_EQ(session.Receive("2probe", Via::kProbe).kind, Kind::kProbed);
  if (state == State::kProbed) return session;
  EXPECT_EQ(session.Receive("5", Via::kProbe).kind, Kind::kUpgraded);
  return session;
}

struct Case {
  std::string_view packet;
  Kind on_transport;  // on the session's own transport, polling or websocket, in every state
};

constexpr std::array<Case, 19> kCases = {{
    {"0", Kind::kBad},     {"0{\"sid\":\"x\"}", Kind::kBad},
    {"1", Kind::kClose},   {"1x", Kind::kClose},
    {"2", Kind::kBad},     {"2probe", Kind::kBad},
    {"3", Kind::kPong},    {"3probe", Kind::kPong},
    {"4", Kind::kMessage}, {"42[\"a\"]", Kind::kMessage},
    {"5", Kind::kNothing}, {"6", Kind::kNothing},
    {"b", Kind::kBase64},  {"bAQID", Kind::kBase64},
    {"", Kind::kBad},      {"7", Kind::kBad},
    {"9x", Kind::kBad},    {"a", Kind::kBad},
    {" 4", Kind::kBad},
}};

constexpr std::array kStates = {State::kPolling, State::kWaiting, State::kProbed, State::kUpgraded,
                                State::kBornOnWebSocket};

TEST(EngineSession, EveryPacketMeansTheSameOnTheOwnTransportInEveryState) {
  for (const State state : kStates) {
    for (const Case& c : kCases) {
      for (const Via via : {Via::kPolling, Via::kWebSocket}) {
        Session session = Make(state);
        const bool upgrading = session.upgrading();
        const bool on_websocket = session.on_websocket();
        const Step step = session.Receive(c.packet, via);
        EXPECT_EQ(step.kind, c.on_transport) << c.packet << " in state " << static_cast<int>(state);
        EXPECT_EQ(session.upgrading(), upgrading) << c.packet;
        EXPECT_EQ(session.on_websocket(), on_websocket) << c.packet;
      }
    }
  }
}

TEST(EngineSession, OnAProbeOnlyTheExpectedPacketIsLegalInEachState) {
  for (const State state : kStates) {
    for (const Case& c : kCases) {
      Kind expected = Kind::kBadProbe;
      if (state == State::kWaiting && c.packet == "2probe") expected = Kind::kProbed;
      if (state == State::kProbed && c.packet == "5") expected = Kind::kUpgraded;
      Session session = Make(state);
      EXPECT_EQ(session.Receive(c.packet, Via::kProbe).kind, expected)
          << c.packet << " in state " << static_cast<int>(state);
    }
  }
}

TEST(EngineSession, AMessageIsHandedOutWithoutItsTypeDigit) {
  Session session(false);
  EXPECT_EQ(session.Receive("42[\"a\"]", Via::kPolling).data, "2[\"a\"]");
  EXPECT_EQ(session.Receive("4", Via::kPolling).data, "");
  EXPECT_EQ(session.Receive("bAQID", Via::kPolling).data, "AQID");
}

TEST(EngineSession, AnUpgradeRunsThroughItsStates) {
  Session session(false);
  EXPECT_FALSE(session.on_websocket());
  EXPECT_FALSE(session.upgrading());
  ASSERT_EQ(session.BeginUpgrade(), UpgradeVerdict::kAccept);
  EXPECT_TRUE(session.upgrading());
  EXPECT_FALSE(session.probed());
  ASSERT_EQ(session.Receive("2probe", Via::kProbe).kind, Kind::kProbed);
  EXPECT_TRUE(session.upgrading());
  EXPECT_TRUE(session.probed());
  EXPECT_FALSE(session.on_websocket());
  ASSERT_EQ(session.Receive("5", Via::kProbe).kind, Kind::kUpgraded);
  EXPECT_TRUE(session.on_websocket());
  EXPECT_FALSE(session.upgrading());
  EXPECT_FALSE(session.probed());
}

TEST(EngineSession, ASecondProbeIsRefusedAndTheFirstGoesOn) {
  Session session(false);
  ASSERT_EQ(session.BeginUpgrade(), UpgradeVerdict::kAccept);
  EXPECT_EQ(session.BeginUpgrade(), UpgradeVerdict::kRefuse);
  ASSERT_EQ(session.Receive("2probe", Via::kProbe).kind, Kind::kProbed);
  EXPECT_EQ(session.BeginUpgrade(), UpgradeVerdict::kRefuse);
  EXPECT_EQ(session.Receive("5", Via::kProbe).kind, Kind::kUpgraded);
}

TEST(EngineSession, ASessionOnAWebSocketIsNeverTakenOver) {
  EXPECT_EQ(Make(State::kBornOnWebSocket).BeginUpgrade(), UpgradeVerdict::kRefuse);
  EXPECT_EQ(Make(State::kUpgraded).BeginUpgrade(), UpgradeVerdict::kRefuse);
}

TEST(EngineSession, AnAbandonedUpgradeMayBeTriedAgainFromTheStart) {
  for (const State state : {State::kWaiting, State::kProbed}) {
    Session session = Make(state);
    session.AbandonUpgrade();
    EXPECT_FALSE(session.upgrading());
    ASSERT_EQ(session.BeginUpgrade(), UpgradeVerdict::kAccept);
    EXPECT_EQ(session.Receive("5", Via::kProbe).kind, Kind::kBadProbe);  // the probe comes first
    EXPECT_EQ(session.Receive("2probe", Via::kProbe).kind, Kind::kProbed);
  }
}

TEST(EngineSession, TheProbeIsAskedForOnce) {
  Session session = Make(State::kProbed);
  EXPECT_EQ(session.Receive("2probe", Via::kProbe).kind, Kind::kBadProbe);
}

TEST(EngineSession, TheOpenPacketHasExactlyTheFiveKeysOfTheReference) {
  SessionLimits limits;
  limits.ping_interval = Millis(300);
  limits.ping_timeout = Millis(200);
  limits.payload_bytes_max = 1'000'000;
  EXPECT_EQ(OpenPacket("abc-_", true, limits),
            R"(0{"sid":"abc-_","upgrades":["websocket"],"pingInterval":300,"pingTimeout":200,)"
            R"("maxPayload":1000000})");
  EXPECT_EQ(OpenPacket("abc-_", false, limits),
            R"(0{"sid":"abc-_","upgrades":[],"pingInterval":300,"pingTimeout":200,)"
            R"("maxPayload":1000000})");
}

}  // namespace
}  // namespace smcp::eio
