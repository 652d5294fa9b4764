#include "clients/smcpctl/rpc_error.h"

#include <array>
#include <utility>

#include "absl/strings/cord.h"
#include "clients/smcpctl/failure.h"
#include "clients/smcpctl/human.h"
#include "clients/smcpctl/text.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"

namespace smcpctl {
namespace {

constexpr const char* kReasonPayload = "smcpctl/reason";

constexpr std::array<std::pair<std::string_view, std::string_view>, 26> kHints{{
    {"OFFICE_NOT_FOUND", "'smcpctl offices ls' shows the offices there are"},
    {"SESSION_NOT_FOUND", "'smcpctl sessions ls' shows the sessions there are"},
    {"CALL_NOT_FOUND", "'smcpctl calls ls --recent' shows the calls that are known"},
    {"GENERATION_NOT_FOUND", "'smcpctl config history' shows the generations that are kept"},
    {"CALL_ALREADY_FINISHED", "'smcpctl calls get' shows how it ended"},
    {"FEATURE_DISABLED", "the gateway's configuration turns it on"},
    {"NODE_DRAINING", "'smcpctl node undrain' ends the drain"},
    {"NOT_RELOADABLE", "put it into the configuration file and restart the gateway"},
    {"ETAG_MISMATCH", "somebody else has changed it meanwhile: look again, then repeat"},
    {"GENERATION_MISMATCH",
     "somebody else has applied a configuration meanwhile: 'smcpctl config diff', then repeat"},
    {"TOO_MANY_WATCHERS", "end another watch first"},
    {"MAX_AFFECTED_EXCEEDED", "narrow --filter or raise --max-affected"},
    {"TOO_MANY_POLICIES", "clear the policy of an office that no longer exists"},
    {"ROLE_REQUIRED", "use a credential with that role (--token-file, --context)"},
    {"OFFICE_SCOPE", "this credential is limited to other offices"},
    {"CREDENTIAL_REQUIRED", "give --token-file FILE, SMCPCTL_TOKEN or a context that has a token"},
    {"CREDENTIAL_INVALID", "check the token: 'smcpctl context show' says where it comes from"},
    {"FILTER_INVALID", "a filter is field=value with AND, OR, NOT; strings in double quotes"},
    {"PAGE_TOKEN_INVALID", "list again from the first page"},
    {"REQUEST_ID_INVALID", "--request-id takes a UUID"},
    {"REQUEST_ID_REUSED", "leave --request-id out, or give a new UUID"},
    {"CONFIG_INVALID", "'smcpctl config validate -f FILE' lists every finding"},
    {"NAME_AMBIGUOUS", "narrow it with --office and --role, or give the sid"},
    {"RESUME_TOKEN_EXPIRED", "start again without --from"},
    {"NODE_STOPPING", "the gateway is going down; try another one"},
    {"STATE_NOT_SAVED", "the gateway cannot write its state_dir; nothing was changed"},
}};

struct Kind {
  Exit exit;
  std::string_view hint;
};

Kind KindOf(int code) {
  switch (code) {
    case 3:   // INVALID_ARGUMENT
    case 11:  // OUT_OF_RANGE
      return {Exit::kUsage, ""};
    case 4:  // DEADLINE_EXCEEDED
      return {Exit::kDeadline, "--timeout gives it more time"};
    case 5:  // NOT_FOUND
      return {Exit::kNotFound, ""};
    case 7:  // PERMISSION_DENIED
      return {Exit::kDenied, "use a credential that may (--token-file, --context)"};
    case 16:  // UNAUTHENTICATED
      return {Exit::kDenied, "give --token-file FILE, SMCPCTL_TOKEN or a context that has a token"};
    case 9:   // FAILED_PRECONDITION
    case 10:  // ABORTED
      return {Exit::kPrecondition, ""};
    case 12:  // UNIMPLEMENTED
      return {Exit::kFailed, "this gateway does not serve it: compare 'smcpctl version'"};
    case 14:  // UNAVAILABLE
      return {Exit::kCannotConnect, "is the gateway there? --endpoint or --context names another"};
    default:
      return {Exit::kFailed, ""};
  }
}

// "failed to connect to all addresses; last error: UNKNOWN: ipv4:..: Failed to connect to remote
// host: Connection refused" says one thing only.
std::string WithoutChain(const std::string& message) {
  for (const std::string_view before : {"remote host: ", "last error: "}) {
    if (const size_t at = message.rfind(before); at != std::string::npos) {
      return message.substr(at + before.size());
    }
  }
  return message;
}

}  // namespace

std::string_view HintFor(std::string_view reason) {
  for (const auto& [name, hint] : kHints) {
    if (name == reason) return hint;
  }
  return "";
}

RpcDetails ReadDetails(const std::string& serialized) {
  RpcDetails out;
  google::rpc::Status status;
  if (serialized.empty() || !status.ParseFromString(serialized)) return out;
  for (const auto& any : status.details()) {
    google::rpc::ErrorInfo info;
    google::rpc::BadRequest bad;
    google::rpc::RetryInfo retry;
    if (any.UnpackTo(&info)) {
      out.reason = info.reason();
    } else if (any.UnpackTo(&bad)) {
      for (const auto& violation : bad.field_violations()) {
        if (!out.violations.empty()) out.violations += "; ";
        out.violations += violation.field() + ": " + violation.description();
      }
    } else if (any.UnpackTo(&retry)) {
      out.retry_after = retry.retry_delay().seconds() * kSecond + retry.retry_delay().nanos();
    }
  }
  return out;
}

absl::Status FromRpc(const RpcFailure& failure) {
  const RpcDetails details = ReadDetails(failure.details);
  Kind kind = KindOf(failure.code);
  if (details.reason == "CONFIG_INVALID") kind.exit = Exit::kInvalidConfig;
  if (!failure.connected && failure.code == 4) kind = KindOf(14);
  std::string text = kind.exit == Exit::kCannotConnect && !failure.connected
                         ? "cannot connect to " + failure.endpoint + ": "
                         : "";
  const std::string message = text.empty() ? failure.message : WithoutChain(failure.message);
  text += message.empty() ? "the gateway gave no message" : message;
  if (details.reason == "CONFIG_INVALID" && !details.violations.empty()) {
    text = details.violations;  // the message is the first of them
  } else if (!details.violations.empty() && text.find(details.violations) == std::string::npos) {
    text += " (" + details.violations + ")";
  }
  if (!details.reason.empty()) text += " [" + details.reason + "]";
  const std::string_view hint = HintFor(details.reason);
  const std::string_view mend = hint.empty() ? kind.hint : hint;
  if (!mend.empty()) text += "; " + std::string(mend);
  if (details.retry_after > 0) text += "; try again in " + Span(details.retry_after);
  absl::Status status = Fail(kind.exit, Printable(text));
  if (!details.reason.empty()) status.SetPayload(kReasonPayload, absl::Cord(details.reason));
  return status;
}

std::string ReasonOf(const absl::Status& status) {
  const auto payload = status.GetPayload(kReasonPayload);
  return payload.has_value() ? std::string(*payload) : "";
}

}  // namespace smcpctl
