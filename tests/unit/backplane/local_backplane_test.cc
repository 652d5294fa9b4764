// The guarantees written above each method of Backplane, for one node.
#include "gateway/backplane/local_backplane.h"

#include <gtest/gtest.h>

#include <optional>

#include "tests/unit/smcp/support/fake_scheduler.h"

namespace smcp::test {
namespace {

class LocalBackplaneTest : public testing::Test, public BackplaneEvents {
 protected:
  LocalBackplaneTest() { backplane_.Attach(0, scheduler_, *this); }
  void OnRemoteNews(const RemoteNews&) override { FAIL() << "there are no other nodes"; }

  SeatResult Claim(SeatRequest request) {
    std::optional<SeatResult> result;
    backplane_.Claim(0, std::move(request), [&](SeatResult got) { result = got; });
    EXPECT_FALSE(result) << "never inside the call";
    scheduler_.RunAll();
    return *result;
  }
  SeatResult Computer(const std::string& name, uint8_t pin = 1) {
    return Claim({.office = office_, .role = Role::kComputer, .name = name, .pin = pin});
  }
  SeatResult Agent(const std::string& name) {
    return Claim(
        {.office = office_, .role = Role::kAgent, .name = name, .pin = 1, .role_exclusive = true});
  }
  SeatResult Rename(const std::string& from, const std::string& to) {
    std::optional<SeatResult> result;
    backplane_.Rename(0, office_, Role::kComputer, from, to, [&](SeatResult got) { result = got; });
    EXPECT_FALSE(result);
    scheduler_.RunAll();
    return *result;
  }

  const OfficeId office_{"o1"};
  FakeScheduler scheduler_{1};
  LocalBackplane backplane_;
};

TEST_F(LocalBackplaneTest, RoleSeatIsHeldByOne) {
  EXPECT_EQ(Agent("a"), SeatResult::kGranted);
  EXPECT_EQ(Agent("b"), SeatResult::kRoleTaken);
  backplane_.Release(0, office_, Role::kAgent, "a");
  EXPECT_EQ(Agent("b"), SeatResult::kGranted);
}

TEST_F(LocalBackplaneTest, NamesAreUniquePerRole) {
  EXPECT_EQ(Computer("x"), SeatResult::kGranted);
  EXPECT_EQ(Computer("x"), SeatResult::kNameTaken);
  EXPECT_EQ(Agent("x"), SeatResult::kGranted);
  EXPECT_EQ(backplane_.SeatCount(0), 2u);
}

TEST_F(LocalBackplaneTest, PinHoldsUntilTheLastSeatIsReleased) {
  EXPECT_EQ(Computer("x", 3), SeatResult::kGranted);
  EXPECT_EQ(Computer("y", 4), SeatResult::kOtherPin);
  EXPECT_EQ(Computer("x", 4), SeatResult::kOtherPin) << "looked at before the name";
  backplane_.Release(0, office_, Role::kComputer, "x");
  EXPECT_EQ(Computer("y", 4), SeatResult::kGranted);
}

TEST_F(LocalBackplaneTest, CheckOnlyHoldsNothing) {
  EXPECT_EQ(Claim({.office = office_, .role = Role::kAgent, .name = "a", .check_only = true}),
            SeatResult::kGranted);
  EXPECT_EQ(backplane_.SeatCount(0), 0u);
  EXPECT_EQ(Agent("b"), SeatResult::kGranted);
}

TEST_F(LocalBackplaneTest, FullIsTheLastThingLookedAt) {
  EXPECT_EQ(Computer("x"), SeatResult::kGranted);
  SeatRequest request{
      .office = office_, .role = Role::kComputer, .name = "x", .pin = 1, .members_max = 1};
  EXPECT_EQ(Claim(request), SeatResult::kNameTaken);
  request.name = "y";
  EXPECT_EQ(Claim(request), SeatResult::kFull);
}

TEST_F(LocalBackplaneTest, RenameKeepsTheSeatAndFreesTheOldName) {
  EXPECT_EQ(Computer("x"), SeatResult::kGranted);
  EXPECT_EQ(Computer("y"), SeatResult::kGranted);
  EXPECT_EQ(Rename("x", "y"), SeatResult::kNameTaken);
  EXPECT_EQ(Computer("x"), SeatResult::kNameTaken) << "still held";
  EXPECT_EQ(Rename("x", "z"), SeatResult::kGranted);
  EXPECT_EQ(Computer("x"), SeatResult::kGranted);
  EXPECT_EQ(Computer("z"), SeatResult::kNameTaken);
  EXPECT_EQ(backplane_.SeatCount(0), 3u);
}

TEST_F(LocalBackplaneTest, ShardsKeepApart) {
  FakeScheduler two(2);
  LocalBackplane backplane;
  backplane.Attach(0, two, *this);
  backplane.Attach(1, two, *this);
  backplane.Claim(1, {.office = office_, .role = Role::kAgent, .name = "a"}, [](SeatResult) {});
  EXPECT_EQ(backplane.SeatCount(0), 0u);
  EXPECT_EQ(backplane.SeatCount(1), 1u);
}

}  // namespace
}  // namespace smcp::test
