#include "gateway/daemon/node_drain.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <string>
#include <vector>

namespace smcp {
namespace {

using control::DrainState;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

struct Client {
  std::string sid;
  uint32_t calls = 0;
};

// A gateway that is a list of sessions; all else of the interfaces is not asked for.
class FakeGateway final : public GatewayInspect, public GatewayAdmin {
 public:
  void PageSessions(std::optional<SessionCursor>, size_t max, SessionPredicate match,
                    GatewayInspect::Done<SessionPage> done) override {
    SessionPage page;
    page.total = clients.size();
    for (const Client& client : clients) {
      SessionView view;
      view.sid = client.sid;
      view.calls_in_flight = client.calls;
      if (page.sessions.size() == max || (match && !match(view))) continue;
      SessionInfo info;
      info.sid = client.sid;
      page.sessions.push_back(info);
    }
    std::move(done)(std::move(page));
  }
  void Disconnect(std::string sid, bool terminal,
                  GatewayAdmin::Done<absl::StatusOr<SessionInfo>> done) override {
    EXPECT_FALSE(terminal) << "clients are to come back, elsewhere";
    closed.push_back(sid);
    std::erase_if(clients, [&](const Client& client) { return client.sid == sid; });
    std::move(done)(SessionInfo());
  }
  void GetSessions(std::vector<std::string>,
                   GatewayInspect::Done<std::vector<SessionInfo>>) override {}
  void FindMembers(OfficeId, Role, std::string,
                   GatewayInspect::Done<std::vector<SessionInfo>>) override {}
  void PageOffices(std::string, size_t, OfficePredicate,
                   GatewayInspect::Done<OfficePage>) override {}
  void GetOffices(std::vector<std::string>,
                  GatewayInspect::Done<std::vector<OfficeInfo>>) override {}
  void ListCalls(bool, bool, size_t, GatewayInspect::Done<std::vector<CallInfoRecord>>) override {}
  void ReadJournal(std::vector<uint64_t>, GatewayInspect::Done<std::vector<JournalPart>>) override {
  }
  void RemoveFromOffice(std::string, GatewayAdmin::Done<absl::StatusOr<SessionInfo>>) override {}
  void SetOfficeSettings(OfficeId, OfficeSettings, bool,
                         GatewayAdmin::Done<absl::StatusOr<OfficeInfo>>) override {}
  void CloseOffice(OfficeId, bool, GatewayAdmin::Done<absl::StatusOr<size_t>>) override {}
  void CancelCall(CallKey, std::string,
                  GatewayAdmin::Done<absl::StatusOr<CallInfoRecord>>) override {}
  void Invoke(InvokeRequest, GatewayAdmin::Done<CallInfoRecord>,
              GatewayAdmin::Done<absl::StatusOr<InvokeAnswer>>) override {}
  void Notify(OfficeId, std::string, NoticeKind,
              GatewayAdmin::Done<absl::StatusOr<NoticeResult>>) override {}

  std::vector<Client> clients;
  std::vector<std::string> closed;
};

class NodeDrainTest : public ::testing::Test {
 protected:
  void Add(int count, uint32_t calls, const std::string& prefix) {
    for (int i = 0; i < count; ++i) gateway_.clients.push_back({prefix + std::to_string(i), calls});
  }
  void Run(int64_t ms) {
    for (const int64_t end = now_ + ms; now_ < end;) {
      now_ += NodeDrain::kTickMs;
      drain_.Tick(now_);
    }
  }

  FakeGateway gateway_;
  bool sessions_refused_ = false;
  bool calls_refused_ = false;
  int64_t now_ = 1'000'000;
  NodeDrain drain_{{&gateway_, &gateway_, [this](bool on) { sessions_refused_ = on; },
                    [this](bool on) { calls_refused_ = on; }}};
};

TEST_F(NodeDrainTest, ClosesAtThePaceAndSaysWhenItIsDone) {
  Add(30, 0, "s");
  EXPECT_EQ(drain_.state(), DrainState::kServing);
  drain_.Begin(10, now_ + 60'000, false, now_);
  EXPECT_TRUE(sessions_refused_);
  Run(1'000);
  EXPECT_NEAR(static_cast<double>(gateway_.closed.size()), 10, 2);
  EXPECT_EQ(drain_.state(), DrainState::kDraining);
  Run(1'000);
  EXPECT_NEAR(static_cast<double>(gateway_.closed.size()), 20, 2);
  Run(2'000);
  EXPECT_EQ(gateway_.closed.size(), 30u);
  EXPECT_EQ(drain_.state(), DrainState::kDrained);
  EXPECT_FALSE(calls_refused_) << "nobody was left to be refused";
}

TEST_F(NodeDrainTest, WhatHasNotBegunIsNotEnded) {
  sessions_refused_ = calls_refused_ = true;  // by someone else
  drain_.End();
  EXPECT_TRUE(sessions_refused_ && calls_refused_);
}

TEST_F(NodeDrainTest, NobodyCallsItOffWhileTheProcessStops) {
  Add(1, 1, "busy");
  drain_.Begin(100, now_ + 60'000, true, now_);
  drain_.Freeze();
  drain_.End();
  EXPECT_TRUE(sessions_refused_);
  EXPECT_TRUE(drain_.draining());
}

TEST_F(NodeDrainTest, IdleSessionsGoFirstAndOthersLast) {
  Add(2, 1, "busy");
  Add(2, 0, "idle");
  drain_.Begin(100, now_ + 60'000, /*wait_for_calls=*/false, now_);
  Run(500);
  EXPECT_THAT(gateway_.closed, ElementsAre("idle0", "idle1", "busy0", "busy1"));
}

TEST_F(NodeDrainTest, WaitsForCallsAndRefusesNewOnesOnlyThen) {
  Add(1, 1, "busy");
  Add(1, 0, "idle");
  drain_.Begin(100, now_ + 60'000, /*wait_for_calls=*/true, now_);
  drain_.Tick(now_ + 1);
  EXPECT_FALSE(calls_refused_);
  Run(5'000);
  EXPECT_THAT(gateway_.closed, ElementsAre("idle0"));
  EXPECT_TRUE(calls_refused_);
  gateway_.clients[0].calls = 0;
  Run(500);
  EXPECT_THAT(gateway_.closed, ElementsAre("idle0", "busy0"));
  EXPECT_EQ(drain_.state(), DrainState::kDrained);
}

TEST_F(NodeDrainTest, AtTheDeadlineEverybodyGoesAtOnce) {
  Add(300, 1, "busy");
  drain_.Begin(1, now_ + 2'000, /*wait_for_calls=*/true, now_);
  EXPECT_EQ(drain_.deadline_ms(), now_ + 2'000);
  Run(1'900);
  EXPECT_THAT(gateway_.closed, IsEmpty());
  Run(200);
  EXPECT_EQ(gateway_.closed.size(), 300u);
}

TEST_F(NodeDrainTest, EndingItTakesEverythingBack) {
  Add(5, 1, "busy");
  drain_.Begin(1, now_ + 60'000, /*wait_for_calls=*/true, now_);
  Run(2'000);
  EXPECT_TRUE(calls_refused_);
  drain_.End();
  EXPECT_FALSE(calls_refused_);
  EXPECT_FALSE(sessions_refused_);
  EXPECT_EQ(drain_.state(), DrainState::kServing);
  EXPECT_EQ(drain_.deadline_ms(), 0);
  gateway_.clients[0].calls = 0;
  Run(5'000);
  EXPECT_THAT(gateway_.closed, IsEmpty());
}

TEST_F(NodeDrainTest, ASecondDrainChangesThePace) {
  Add(100, 0, "s");
  drain_.Begin(1, now_ + 60'000, false, now_);
  Run(1'000);
  EXPECT_LE(gateway_.closed.size(), 3u);
  drain_.Begin(50, now_ + 60'000, false, now_);
  Run(1'000);
  EXPECT_NEAR(static_cast<double>(gateway_.closed.size()), 52, 4);
}

}  // namespace
}  // namespace smcp
