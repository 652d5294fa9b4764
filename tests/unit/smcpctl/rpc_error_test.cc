#include "clients/smcpctl/rpc_error.h"

#include <google/protobuf/descriptor.h>
#include <gtest/gtest.h>

#include "clients/smcpctl/failure.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "smcp/control/v1/common.pb.h"

namespace smcpctl {
namespace {

std::string Details(const std::string& reason) {
  google::rpc::Status status;
  google::rpc::ErrorInfo info;
  info.set_reason(reason);
  status.add_details()->PackFrom(info);
  return status.SerializeAsString();
}

Exit ExitFor(int code, const std::string& reason = "") {
  return ExitOf(FromRpc({code, "m", reason.empty() ? "" : Details(reason), "gw:1", true}));
}

TEST(RpcError, CodesBecomeExitCodes) {
  EXPECT_EQ(ExitFor(1), Exit::kFailed);  // CANCELLED
  EXPECT_EQ(ExitFor(3), Exit::kUsage);
  EXPECT_EQ(ExitFor(4), Exit::kDeadline);
  EXPECT_EQ(ExitFor(5), Exit::kNotFound);
  EXPECT_EQ(ExitFor(7), Exit::kDenied);
  EXPECT_EQ(ExitFor(9), Exit::kPrecondition);
  EXPECT_EQ(ExitFor(10), Exit::kPrecondition);
  EXPECT_EQ(ExitFor(12), Exit::kFailed);
  EXPECT_EQ(ExitFor(13), Exit::kFailed);
  EXPECT_EQ(ExitFor(14), Exit::kCannotConnect);
  EXPECT_EQ(ExitFor(16), Exit::kDenied);
  EXPECT_EQ(ExitFor(3, "CONFIG_INVALID"), Exit::kInvalidConfig);
}

TEST(RpcError, OneLineWithReasonAndHint) {
  const absl::Status status = FromRpc({10, "etag\nis old", Details("ETAG_MISMATCH"), "gw:1", true});
  EXPECT_EQ(
      status.message(),
      "etag\\nis old [ETAG_MISMATCH]; somebody else has changed it meanwhile: look again, then "
      "repeat");
  EXPECT_EQ(ReasonOf(status), "ETAG_MISMATCH");
}

TEST(RpcError, ViolationsAndRetryAreTold) {
  google::rpc::Status status;
  google::rpc::BadRequest bad;
  auto* violation = bad.add_field_violations();
  violation->set_field("page_size");
  violation->set_description("negative");
  google::rpc::RetryInfo retry;
  retry.mutable_retry_delay()->set_seconds(2);
  status.add_details()->PackFrom(bad);
  status.add_details()->PackFrom(retry);
  const absl::Status got = FromRpc({3, "bad", status.SerializeAsString(), "gw:1", true});
  EXPECT_EQ(got.message(), "bad (page_size: negative); try again in 2s");
}

TEST(RpcError, WithoutAConnectionADeadlineMeansThat) {
  const absl::Status status = FromRpc({4, "Deadline Exceeded", "", "gw:1", false});
  EXPECT_EQ(ExitOf(status), Exit::kCannotConnect);
  EXPECT_NE(std::string(status.message()).find("cannot connect to gw:1"), std::string::npos);
}

TEST(RpcError, TheChainOfAFailedConnectIsCutShort) {
  const absl::Status status =
      FromRpc({14,
               "failed to connect to all addresses; last error: UNKNOWN: ipv4:127.0.0.1:1: Failed "
               "to connect to remote host: Connection refused",
               "", "127.0.0.1:1", false});
  EXPECT_EQ(std::string(status.message()).find("ipv4"), std::string::npos);
  EXPECT_TRUE(std::string(status.message())
                  .starts_with("cannot connect to 127.0.0.1:1: Connection refused"));
}

TEST(RpcError, DamagedDetailsAreNoDetails) {
  EXPECT_EQ(FromRpc({5, "gone", "\xff\xff", "gw:1", true}).message(), "gone");
}

// A reason without a hint must be one whose message can say everything there is.
TEST(RpcError, EveryReasonHasAHintOrNeedsNone) {
  const auto* reasons = smcp::control::v1::ErrorReason_descriptor();
  for (int i = 1; i < reasons->value_count(); ++i) {
    const std::string name = reasons->value(i)->name();
    const bool message_says_it = name == "ORDER_INVALID" || name == "NOT_JOINED" ||
                                 name == "MASK_INVALID" || name == "FIELD_INVALID";
    EXPECT_EQ(HintFor(name).empty(), message_says_it) << name;
  }
}

}  // namespace
}  // namespace smcpctl
