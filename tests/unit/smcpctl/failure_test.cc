#include "clients/smcpctl/failure.h"

#include <gtest/gtest.h>

namespace smcpctl {
namespace {

TEST(Failure, CarriesItsExitCode) {
  EXPECT_EQ(ExitOf(absl::OkStatus()), Exit::kOk);
  EXPECT_EQ(ExitOf(Fail(Exit::kPartial, "x")), Exit::kPartial);
  EXPECT_EQ(ExitOf(Fail(Exit::kInterrupted, "x")), Exit::kInterrupted);
  EXPECT_EQ(ExitOf(UsageError("x")), Exit::kUsage);
  EXPECT_EQ(ExitOf(absl::InternalError("not ours")), Exit::kFailed);
}

TEST(Failure, QuietlySaysNothing) {
  EXPECT_TRUE(Quietly(Exit::kFailed).message().empty());
  EXPECT_EQ(ExitOf(Quietly(Exit::kInvalidConfig)), Exit::kInvalidConfig);
}

}  // namespace
}  // namespace smcpctl
