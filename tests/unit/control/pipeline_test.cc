#include "control/pipeline.h"

#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "smcp/control/v1/office_service.pb.h"
#include "smcp/control/v1/session_service.pb.h"
#include "tests/unit/control/support/service_fixture.h"

namespace smcp::control {
namespace {

constexpr char kId[] = "123e4567-e89b-12d3-a456-426614174000";

class PipelineTest : public ServiceTest {
 protected:
  PipelineTest() {
    gateway_.Add("a", Role::kAgent, "ann", "north/1");
    gateway_.Add("b", Role::kAgent, "bob", "south");
  }
  v1::CloseOfficeRequest CloseOf(const std::string& office, const std::string& id = "") {
    v1::CloseOfficeRequest request;
    request.set_office_id(office);
    request.set_request_id(id);
    request.set_reason("spring cleaning");
    return request;
  }
  int64_t Close(const v1::CloseOfficeRequest& request, const std::string& token = "root") {
    return Ask<v1::CloseOfficeResponse>("OfficeService/CloseOffice", request, token)
        .members_removed();
  }
};

TEST_F(PipelineTest, WhoIsNotKnownIsRefused) {
  Close(CloseOf("south"), "");
  EXPECT_EQ(reason(), v1::CREDENTIAL_REQUIRED);
  Close(CloseOf("south"), "guess");
  EXPECT_EQ(reason(), v1::CREDENTIAL_INVALID);
  EXPECT_TRUE(gateway_.told.empty());
}

TEST_F(PipelineTest, RoleOfTheMethodIsRequired) {
  Close(CloseOf("south"), "see");
  EXPECT_EQ(reason(), v1::ROLE_REQUIRED);
  EXPECT_EQ(status_.code(), absl::StatusCode::kPermissionDenied);
  EXPECT_EQ(Close(CloseOf("south"), "ops"), 1);
}

TEST_F(PipelineTest, OfficesOfTheCredentialLimit) {
  Close(CloseOf("south"), "north");
  EXPECT_EQ(reason(), v1::OFFICE_SCOPE);
  EXPECT_EQ(Close(CloseOf("north/1"), "north"), 1);
  v1::UpdateOfficeRequest update;
  update.mutable_office()->set_office_id("south");
  Ask<type::v1::Office>("OfficeService/UpdateOffice", update, "north");
  EXPECT_EQ(reason(), v1::OFFICE_SCOPE);
}

TEST_F(PipelineTest, RepetitionsGetTheFirstAnswer) {
  EXPECT_EQ(Close(CloseOf("south", kId)), 1);
  EXPECT_EQ(Close(CloseOf("south", kId)), 1) << "nobody is in it any more";
  EXPECT_EQ(gateway_.told.size(), 1U);
  Close(CloseOf("north/1", kId));
  EXPECT_EQ(reason(), v1::REQUEST_ID_REUSED);
  Close(CloseOf("south", "not a uuid"));
  EXPECT_EQ(reason(), v1::REQUEST_ID_INVALID);
  executor_->now += 600'000;
  Close(CloseOf("south", kId));
  EXPECT_EQ(reason(), v1::OFFICE_NOT_FOUND) << "ten minutes later it is a new request";
}

TEST_F(PipelineTest, RepetitionWaitsForTheOneThatRuns) {
  v1::DisconnectSessionRequest request;
  request.set_sid("a");
  request.set_request_id(kId);
  gateway_.hold = true;
  const auto first = Start("SessionService/DisconnectSession", request);
  const auto second = Start("SessionService/DisconnectSession", request);
  EXPECT_FALSE(first->finished || second->finished);
  ASSERT_EQ(gateway_.held.size(), 1U);
  std::move(gateway_.held[0])(*gateway_.Find("a"));
  executor_->Run();
  EXPECT_TRUE(first->finished->ok() && second->finished->ok());
  EXPECT_EQ(first->sent, second->sent);
  EXPECT_EQ(Audited().size(), 1U);
}

TEST_F(PipelineTest, ValidateOnlyChangesNothingAndIsNotAudited) {
  auto request = CloseOf("south", kId);
  request.set_validate_only(true);
  EXPECT_EQ(Close(request), 1);
  EXPECT_TRUE(gateway_.told.empty());
  EXPECT_TRUE(Audited().empty());
  request.set_validate_only(false);
  EXPECT_EQ(Close(request), 1) << "the id has not been used up";
  EXPECT_EQ(gateway_.told.size(), 1U);
}

TEST_F(PipelineTest, EveryChangeIsAuditedAlsoWhenRefused) {
  Close(CloseOf("south", kId), "ops");
  Close(CloseOf("nowhere"), "ops");
  Close(CloseOf("north/1"), "see");
  Close(CloseOf("north/1"), "guess");
  const auto entries = Audited();
  ASSERT_EQ(entries.size(), 4U);
  EXPECT_EQ(entries[3].actor(), "ops");
  EXPECT_EQ(entries[3].role(), v1::OPERATOR);
  EXPECT_EQ(entries[3].method(), "smcp.control.v1.OfficeService.CloseOffice");
  EXPECT_EQ(entries[3].target(), "office_id=south");
  EXPECT_EQ(entries[3].reason(), "spring cleaning");
  EXPECT_EQ(entries[3].request_id(), kId);
  EXPECT_EQ(entries[3].outcome(), "OK");
  EXPECT_EQ(entries[3].actor_address(), "test");
  EXPECT_EQ(entries[2].outcome(), "NOT_FOUND");
  EXPECT_EQ(entries[2].detail(), "OFFICE_NOT_FOUND");
  EXPECT_EQ(entries[1].detail(), "ROLE_REQUIRED");
  EXPECT_EQ(entries[0].outcome(), "UNAUTHENTICATED");
  for (const auto& entry : entries) {
    EXPECT_EQ(AuditLine(entry).find("guess"), std::string::npos);
    EXPECT_EQ(AuditLine(entry).find('\n'), std::string::npos);
  }
}

TEST_F(PipelineTest, ReadsAreNotAudited) {
  Ask<v1::ListOfficesResponse>("OfficeService/ListOffices", v1::ListOfficesRequest());
  EXPECT_TRUE(status_.ok());
  EXPECT_TRUE(Audited().empty());
}

TEST_F(PipelineTest, BadBytesAreAnError) {
  auto sink = std::make_shared<FakeSink>();
  pipeline_->Dispatch(table_.Find("/smcp.control.v1.OfficeService/GetOffice"),
                      {.authorization = "Bearer see", .has_deadline = true}, "\xff\xff\xff", sink);
  EXPECT_EQ(ReasonOf(*sink->finished), v1::FIELD_INVALID);
}

TEST_F(PipelineTest, UnaryCallWithoutDeadlineEndsAfterAMinute) {
  v1::DisconnectSessionRequest request;
  request.set_sid("a");
  gateway_.hold = true;
  auto sink = std::make_shared<FakeSink>();
  pipeline_->Dispatch(table_.Find("/smcp.control.v1.SessionService/DisconnectSession"),
                      {.authorization = "Bearer ops"}, request.SerializeAsString(), sink);
  executor_->Run(59'999);
  EXPECT_FALSE(sink->finished);
  executor_->Run(1);
  ASSERT_TRUE(sink->finished);
  EXPECT_EQ(sink->finished->code(), absl::StatusCode::kDeadlineExceeded);
}

TEST_F(PipelineTest, CredentialsMayBeReplaced) {
  pipeline_->SetAccess(*AccessPolicy::Create({}));
  EXPECT_EQ(Close(CloseOf("south"), ""), 1);
  EXPECT_EQ(Audited().front().actor(), "anonymous");
}

TEST_F(PipelineTest, CallThatIsDroppedEnds) {
  v1::DisconnectSessionRequest request;
  request.set_sid("a");
  gateway_.hold = true;
  const auto sink = Start("SessionService/DisconnectSession", request);
  gateway_.held.clear();
  ASSERT_TRUE(sink->finished);
  EXPECT_EQ(ReasonOf(*sink->finished), v1::NODE_STOPPING);
}

TEST(Errors, CarryDetails) {
  const absl::Status status = RefuseField("filter", "cannot be read", v1::FILTER_INVALID);
  google::rpc::Status out;
  ASSERT_TRUE(out.ParseFromString(SerializeStatus(status)));
  EXPECT_EQ(out.code(), 3);
  EXPECT_EQ(out.message(), "filter: cannot be read");
  ASSERT_EQ(out.details_size(), 2);
  google::rpc::ErrorInfo info;
  ASSERT_TRUE(out.details(0).UnpackTo(&info));
  EXPECT_EQ(info.reason(), "FILTER_INVALID");
  EXPECT_EQ(info.domain(), "gateway.a2c-smcp");
  google::rpc::BadRequest bad;
  ASSERT_TRUE(out.details(1).UnpackTo(&bad));
  EXPECT_EQ(bad.field_violations(0).field(), "filter");
  ASSERT_TRUE(
      out.ParseFromString(SerializeStatus(RefuseForNow(v1::TOO_MANY_WATCHERS, "x", 1'500))));
  google::rpc::RetryInfo retry;
  ASSERT_TRUE(out.details(1).UnpackTo(&retry));
  EXPECT_EQ(retry.retry_delay().nanos(), 500'000'000);
}

TEST(Errors, ReasonsHaveTheCodesOfTheirGroups) {
  EXPECT_EQ(CodeOf(v1::GENERATION_NOT_FOUND), absl::StatusCode::kNotFound);
  EXPECT_EQ(CodeOf(v1::NOT_RELOADABLE), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(CodeOf(v1::ETAG_MISMATCH), absl::StatusCode::kAborted);
  EXPECT_EQ(CodeOf(v1::TOO_MANY_POLICIES), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(CodeOf(v1::OFFICE_SCOPE), absl::StatusCode::kPermissionDenied);
  EXPECT_EQ(CodeOf(v1::CREDENTIAL_REQUIRED), absl::StatusCode::kUnauthenticated);
  EXPECT_EQ(CodeOf(v1::NAME_AMBIGUOUS), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(CodeOf(v1::RESUME_TOKEN_EXPIRED), absl::StatusCode::kOutOfRange);
  EXPECT_EQ(CodeOf(v1::NODE_STOPPING), absl::StatusCode::kUnavailable);
  EXPECT_EQ(CodeOf(v1::STATE_NOT_SAVED), absl::StatusCode::kInternal);
}

}  // namespace
}  // namespace smcp::control
