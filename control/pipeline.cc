#include "control/pipeline.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>

#include <utility>

#include "control/convert_time.h"
#include "control/errors.h"

namespace smcp::control {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

constexpr size_t kReasonMax = 1'024;
constexpr size_t kTargetMax = 512;

const FieldDescriptor* FieldOf(const Message& message, const char* name,
                               FieldDescriptor::CppType type) {
  const FieldDescriptor* field = message.GetDescriptor()->FindFieldByName(name);
  return field != nullptr && !field->is_repeated() && field->cpp_type() == type ? field : nullptr;
}

std::string TextOf(const Message& message, const char* name) {
  const FieldDescriptor* field = FieldOf(message, name, FieldDescriptor::CPPTYPE_STRING);
  return field == nullptr ? std::string() : message.GetReflection()->GetString(message, field);
}

bool FlagOf(const Message& message, const char* name) {
  const FieldDescriptor* field = FieldOf(message, name, FieldDescriptor::CPPTYPE_BOOL);
  return field != nullptr && message.GetReflection()->GetBool(message, field);
}

// The same bytes for the same request: clients write maps in any order.
std::string Canonical(const Message& message) {
  std::string bytes;
  google::protobuf::io::StringOutputStream stream(&bytes);
  google::protobuf::io::CodedOutputStream coded(&stream);
  coded.SetSerializationDeterministic(true);
  message.SerializeToCodedStream(&coded);
  coded.Trim();
  return bytes;
}

// What a request names, from its own fields and from those of key, member and office.
struct Named {
  bool can_name_place = false;  // the type has a field for an office or a session
  std::string office{};
  std::string target{};
};

Named NamesIn(const Message& request) {
  Named named;
  std::vector<const Message*> places = {&request};
  for (const char* part : {"key", "member", "office"}) {
    const FieldDescriptor* field = FieldOf(request, part, FieldDescriptor::CPPTYPE_MESSAGE);
    if (field != nullptr) places.push_back(&request.GetReflection()->GetMessage(request, field));
  }
  for (const Message* place : places) {
    for (const char* name : {"office_id", "sid", "filter"}) {
      named.can_name_place |= place->GetDescriptor()->FindFieldByName(name) != nullptr;
    }
    for (const char* name : {"office_id", "computer_name", "tool_name", "agent_name", "req_id",
                             "name", "sid", "filter", "component"}) {
      const std::string text = TextOf(*place, name);
      if (text.empty()) continue;
      if (named.office.empty() && std::string_view(name) == "office_id") named.office = text;
      if (!named.target.empty()) named.target += " ";
      named.target.append(name).append("=").append(text);
    }
  }
  named.target = Clipped(named.target, kTargetMax);
  return named;
}

}  // namespace

Pipeline::Pipeline(AccessPolicy access, std::shared_ptr<AuditLog> audit,
                   std::shared_ptr<Executor> executor)
    : audit_(std::move(audit)),
      executor_(std::move(executor)),
      answers_(Idempotency::Limits{}),
      access_(std::make_shared<const AccessPolicy>(std::move(access))) {}

void Pipeline::SetAccess(AccessPolicy access) {
  auto next = std::make_shared<const AccessPolicy>(std::move(access));
  const std::lock_guard lock(mutex_);
  access_.swap(next);
}

std::shared_ptr<const AccessPolicy> Pipeline::access() const {
  const std::lock_guard lock(mutex_);
  return access_;
}

absl::StatusOr<Caller> Pipeline::Identify(const Arrival& arrival) const {
  absl::StatusOr<Caller> caller =
      access()->Authenticate(arrival.authorization, arrival.certificate_names);
  if (caller.ok()) caller->address = arrival.address;
  return caller;
}

absl::Status Pipeline::Admit(const std::shared_ptr<const Method>& method, const Arrival& arrival) {
  const absl::Status status = Identify(arrival).status();
  if (!status.ok() && method->mutation) {
    v1::AuditEntry entry;
    *entry.mutable_time() = TimestampOf(executor_->UnixMs());
    entry.set_actor_address(arrival.address);
    entry.set_method(method->name());
    entry.set_outcome(CodeName(status.code()));
    entry.set_detail(v1::ErrorReason_Name(ReasonOf(status)));
    audit_->Add(std::move(entry));
  }
  return status;
}

void Pipeline::Dispatch(std::shared_ptr<const Method> method, const Arrival& arrival,
                        std::string_view body, std::shared_ptr<Sink> sink) {
  absl::StatusOr<Caller> caller = Identify(arrival);
  if (!caller.ok()) {  // the credential has been withdrawn since its call was admitted
    Admit(method, arrival).IgnoreError();
    return sink->Finish(caller.status());
  }
  if (!method->streams() && !arrival.has_deadline) {
    executor_->After(kUnaryMaxMs, [weak = std::weak_ptr<Sink>(sink)] {
      if (const auto late = weak.lock()) {
        late->Finish(absl::DeadlineExceededError("no answer within 60 s"));
      }
    });
  }
  auto call = std::make_shared<Call>(method, std::move(*caller), std::move(sink));
  const absl::Status prepared = Prepare(*call, body);
  const bool changes = method->mutation && !call->validate_only();
  if (changes) {
    call->on_finish_ = [self = shared_from_this()](Call& ended, const absl::Status& status) {
      self->Audit(ended, status);
    };
  }
  if (!prepared.ok()) {
    call->Finish(prepared);
  } else if (changes && !call->request_id().empty()) {
    Repeatable(call);
  } else {
    method->run(std::move(call));
  }
}

absl::Status Pipeline::Prepare(Call& call, std::string_view body) {
  call.request_ = call.method().make_request();
  if (!call.request_->ParseFromArray(body.data(), static_cast<int>(body.size()))) {
    return Refuse(v1::FIELD_INVALID,
                  "the request is not a " + call.method().descriptor->input_type()->full_name());
  }
  const Message& request = *call.request_;
  const Named named = NamesIn(request);
  call.SetTarget(named.target);
  call.validate_only_ = FlagOf(request, "validate_only");
  call.request_id_ = TextOf(request, "request_id");
  call.reason_ = TextOf(request, "reason");
  absl::Status allowed = RequireRole(call.caller(), call.method().required_role);
  if (!allowed.ok()) return allowed;
  if (!named.office.empty() || (call.method().mutation && !named.can_name_place)) {
    allowed = call.MayTouch(named.office);
    if (!allowed.ok()) return allowed;
  }
  if (call.reason_.size() > kReasonMax) {
    call.reason_.clear();
    return RefuseField("reason", "at most 1,024 bytes");
  }
  if (!call.request_id_.empty() && !IsUuid(call.request_id_)) {
    call.request_id_.clear();
    return RefuseField("request_id", "not a UUID", v1::REQUEST_ID_INVALID);
  }
  return absl::OkStatus();
}

void Pipeline::Repeatable(const std::shared_ptr<Call>& call) {
  const auto answer = std::make_shared<Idempotency::Answer>();
  // A repetition is answered in its own name, and leaves no audit entry: nothing happened.
  const auto on_finish = std::exchange(call->on_finish_, {});
  std::string fingerprint = call->method().name() + "\n" + Canonical(*call->request_);
  const auto verdict =
      answers_.Begin(call->caller().name, call->request_id(), std::move(fingerprint),
                     executor_->NowMs(), [call](const Idempotency::Answer& first) {
                       for (const Bytes& message : first.messages) call->Send(message);
                       call->Finish(first.status);
                     });
  switch (verdict) {
    case Idempotency::Verdict::kWait:
      return;
    case Idempotency::Verdict::kReused:
      call->on_finish_ = on_finish;
      return call->Finish(
          RefuseField("request_id", "used before for another request", v1::REQUEST_ID_REUSED));
    case Idempotency::Verdict::kFull:
      call->on_finish_ = on_finish;
      return call->Finish(absl::ResourceExhaustedError("too many changes at once"));
    case Idempotency::Verdict::kRun:
      break;
  }
  call->on_send_ = [answer](const Bytes& message) { answer->messages.push_back(message); };
  call->on_finish_ = [self = shared_from_this(), answer, on_finish](Call& ended,
                                                                    const absl::Status& status) {
    on_finish(ended, status);
    answer->status = status;
    self->answers_.Finish(ended.caller().name, ended.request_id(), std::move(*answer),
                          self->executor_->NowMs());
  };
  call->method().run(call);
}

void Pipeline::Audit(const Call& call, const absl::Status& status) {
  v1::AuditEntry entry;
  *entry.mutable_time() = TimestampOf(executor_->UnixMs());
  entry.set_actor(call.caller().name);
  entry.set_actor_address(call.caller().address);
  entry.set_role(call.caller().role);
  entry.set_method(call.method().name());
  entry.set_target(Clipped(call.target(), kTargetMax));
  entry.set_reason(call.reason());
  entry.set_request_id(call.request_id());
  entry.set_outcome(CodeName(status.code()));
  std::string detail = status.ok() ? "" : v1::ErrorReason_Name(ReasonOf(status));
  if (!detail.empty() && !call.detail().empty()) detail += ": ";
  entry.set_detail(Clipped(detail + call.detail(), kTargetMax));
  audit_->Add(std::move(entry));
}

}  // namespace smcp::control
