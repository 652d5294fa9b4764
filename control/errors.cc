#include "control/errors.h"

#include "absl/strings/cord.h"
#include "gateway/base/strings.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"

namespace smcp::control {
namespace {

constexpr char kInfoUrl[] = "type.googleapis.com/google.rpc.ErrorInfo";
constexpr char kBadRequestUrl[] = "type.googleapis.com/google.rpc.BadRequest";
constexpr char kRetryUrl[] = "type.googleapis.com/google.rpc.RetryInfo";

void Attach(absl::Status& status, const char* url, const google::protobuf::Message& message) {
  status.SetPayload(url, absl::Cord(message.SerializeAsString()));
}

}  // namespace

// The enum leaves gaps of ten between its groups, each of which has one code.
absl::StatusCode CodeOf(v1::ErrorReason reason) {
  constexpr absl::StatusCode kGroups[] = {
      absl::StatusCode::kNotFound,         absl::StatusCode::kFailedPrecondition,
      absl::StatusCode::kAborted,          absl::StatusCode::kResourceExhausted,
      absl::StatusCode::kPermissionDenied, absl::StatusCode::kUnauthenticated,
      absl::StatusCode::kInvalidArgument,  absl::StatusCode::kOutOfRange,
      absl::StatusCode::kUnavailable,      absl::StatusCode::kInternal};
  const auto group = static_cast<size_t>(reason) / 10;
  return group < std::size(kGroups) ? kGroups[group] : absl::StatusCode::kInternal;
}

absl::Status Refuse(v1::ErrorReason reason, std::string_view message,
                    const std::map<std::string, std::string>& metadata) {
  absl::Status status(CodeOf(reason), ToAbsl(message));
  google::rpc::ErrorInfo info;
  info.set_reason(v1::ErrorReason_Name(reason));
  info.set_domain(std::string(kErrorDomain));
  for (const auto& [key, value] : metadata) (*info.mutable_metadata())[key] = value;
  Attach(status, kInfoUrl, info);
  return status;
}

absl::Status RefuseField(std::string_view field, std::string_view description,
                         v1::ErrorReason reason) {
  std::string message(field);
  message.append(": ").append(description);
  absl::Status status = Refuse(reason, message);
  google::rpc::BadRequest bad;
  auto* violation = bad.add_field_violations();
  violation->set_field(std::string(field));
  violation->set_description(std::string(description));
  Attach(status, kBadRequestUrl, bad);
  return status;
}

absl::Status RefuseForNow(v1::ErrorReason reason, std::string_view message,
                          int64_t retry_after_ms) {
  absl::Status status = Refuse(reason, message);
  google::rpc::RetryInfo retry;
  retry.mutable_retry_delay()->set_seconds(retry_after_ms / 1000);
  retry.mutable_retry_delay()->set_nanos(static_cast<int32_t>(retry_after_ms % 1000) * 1'000'000);
  Attach(status, kRetryUrl, retry);
  return status;
}

absl::Status WithReason(const absl::Status& status, v1::ErrorReason not_found,
                        v1::ErrorReason precondition) {
  if (status.ok() || ReasonOf(status) != v1::ERROR_REASON_UNSPECIFIED) return status;
  const std::string_view text = ToStd(status.message());
  switch (status.code()) {
    case absl::StatusCode::kNotFound:
      return Refuse(not_found, text);
    case absl::StatusCode::kFailedPrecondition:
      return Refuse(precondition, text);
    case absl::StatusCode::kAborted:
      return Refuse(v1::ETAG_MISMATCH, text);
    case absl::StatusCode::kResourceExhausted:
      return Refuse(v1::TOO_MANY_POLICIES, text);
    case absl::StatusCode::kUnavailable:
      return Refuse(v1::NODE_STOPPING, text);
    default:
      return status;
  }
}

std::string Clipped(std::string_view text, size_t bytes_max) {
  if (text.size() <= bytes_max) return std::string(text);
  size_t end = bytes_max;
  // Bytes 10xxxxxx go on with a character that began before.
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) --end;
  return std::string(text.substr(0, end));
}

v1::ErrorReason ReasonOf(const absl::Status& status) {
  const auto payload = status.GetPayload(kInfoUrl);
  google::rpc::ErrorInfo info;
  v1::ErrorReason reason = v1::ERROR_REASON_UNSPECIFIED;
  if (payload && info.ParseFromString(std::string(*payload))) {
    v1::ErrorReason_Parse(info.reason(), &reason);
  }
  return reason;
}

std::string SerializeStatus(const absl::Status& status) {
  google::rpc::Status out;
  out.set_code(static_cast<int>(status.code()));
  out.set_message(std::string(ToStd(status.message())));
  // In this order, whatever order the status keeps them in.
  for (const char* url : {kInfoUrl, kBadRequestUrl, kRetryUrl}) {
    if (const auto payload = status.GetPayload(url)) {
      auto* detail = out.add_details();
      detail->set_type_url(url);
      detail->set_value(std::string(*payload));
    }
  }
  return out.SerializeAsString();
}

std::string CodeName(absl::StatusCode code) { return absl::StatusCodeToString(code); }

}  // namespace smcp::control
