#include "control/tool_invoke.h"

#include <google/protobuf/util/json_util.h>
#include <openssl/rand.h>

#include <array>

#include "control/convert.h"
#include "control/convert_time.h"
#include "gateway/base/check.h"

namespace smcp::control {
namespace {

constexpr int64_t kInvokeDefaultMs = 30'000;
constexpr int64_t kListDefaultMs = 10'000;
constexpr int64_t kTimeoutMaxMs = 3'600'000;

std::string NewReqId() {
  constexpr char kDigits[] = "0123456789abcdef";
  std::array<uint8_t, 12> bytes{};
  SMCP_CHECK(RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) == 1);
  std::string id = "control-";
  for (const uint8_t byte : bytes) {
    id.push_back(kDigits[byte >> 4]);
    id.push_back(kDigits[byte & 15]);
  }
  return id;
}

absl::StatusOr<int64_t> TimeoutOf(const google::protobuf::Duration* timeout, int64_t fallback) {
  if (timeout == nullptr) return fallback;
  const int64_t ms = MillisOf(*timeout);
  if (ms < 1 || ms > kTimeoutMaxMs) return RefuseField("timeout", "1 ms to 1 h");
  return ms;
}

absl::StatusOr<InvokeRequest> RequestOf(const InvokeToolCall& call) {
  const auto& request = call.request();
  if (request.office_id().empty()) return RefuseField("office_id", "missing");
  if (request.computer_name().empty()) return RefuseField("computer_name", "missing");
  if (request.tool_name().empty()) return RefuseField("tool_name", "missing");
  const auto timeout =
      TimeoutOf(request.has_timeout() ? &request.timeout() : nullptr, kInvokeDefaultMs);
  if (!timeout.ok()) return timeout.status();
  InvokeRequest invoke;
  invoke.arguments_json = "{}";
  if (request.has_arguments()) {
    invoke.arguments_json.clear();
    const auto printed =
        google::protobuf::util::MessageToJsonString(request.arguments(), &invoke.arguments_json);
    if (!printed.ok()) return RefuseField("arguments", "cannot be written as JSON");
  }
  invoke.office.value = request.office_id();
  invoke.computer = request.computer_name();
  invoke.tool = request.tool_name();
  invoke.timeout_ms = *timeout;
  invoke.caller = "control:" + call.caller().name;
  invoke.req_id = NewReqId();
  return invoke;
}

void Send(const Plane& plane, const InvokeToolCall& call, const CallInfoRecord& record,
          const std::string& result_json) {
  v1::InvokeToolEvent event;
  *event.mutable_call() = ToolCallOf(record, plane.node_id);
  event.set_result_json(result_json);
  call.Send(event);
}

absl::Status NoComputer() {
  return Refuse(v1::SESSION_NOT_FOUND, "no such Computer in that office");
}

void CheckOnly(const PlanePtr& plane, const InvokeToolCall& call, const InvokeRequest& invoke) {
  plane->inspect.FindMembers(
      invoke.office, Role::kComputer, invoke.computer,
      OnExecutor<std::vector<SessionInfo>>(plane, [call](const std::vector<SessionInfo>& found) {
        call.Finish(found.empty() ? NoComputer() : absl::OkStatus());
      }));
}

// ListTools on its way.
struct Asking {
  PlanePtr plane{};
  ListToolsCall call;
  v1::ListToolsResponse response{};
  int open = 0;
};

void Ask(const std::shared_ptr<Asking>& asking, const OfficeId& office, const std::string& computer,
         int64_t timeout_ms) {
  InvokeRequest invoke;
  invoke.office = office;
  invoke.computer = computer;
  invoke.timeout_ms = timeout_ms;
  invoke.caller = "control:" + asking->call.caller().name;
  invoke.req_id = NewReqId();
  invoke.event = "client:get_tools";
  const int place = asking->response.answers_size();
  auto* call = asking->response.add_answers()->mutable_call();
  call->set_office_id(office.value);
  call->set_computer_name(computer);
  call->set_state(type::v1::ToolCall::UNDELIVERED);
  ++asking->open;
  asking->plane->admin.Invoke(
      std::move(invoke), [](const CallInfoRecord&) {},
      OnExecutor<absl::StatusOr<InvokeAnswer>>(
          asking->plane, [asking, place](const absl::StatusOr<InvokeAnswer>& answer) {
            if (answer.ok()) {
              auto* out = asking->response.mutable_answers(place);
              *out->mutable_call() = ToolCallOf(answer->call, asking->plane->node_id);
              out->set_result_json(OnlyElement(answer->result_json));
            }
            if (--asking->open == 0) asking->call.Answer(asking->response);
          }));
}

}  // namespace

std::string OnlyElement(std::string_view json) {
  const std::string_view whole = json;
  const auto trim = [](std::string_view text) {
    constexpr std::string_view kSpace = " \t\r\n";
    const size_t first = text.find_first_not_of(kSpace);
    if (first == std::string_view::npos) return std::string_view();
    return text.substr(first, text.find_last_not_of(kSpace) - first + 1);
  };
  json = trim(json);
  if (json.size() < 2 || json.front() != '[' || json.back() != ']') return std::string(whole);
  json = trim(json.substr(1, json.size() - 2));
  int depth = 0;
  bool quoted = false;
  for (size_t i = 0; i < json.size(); ++i) {
    const char c = json[i];
    if (quoted) {
      if (c == '\\') ++i;
      quoted = c != '"';
    } else if (c == '"') {
      quoted = true;
    } else if (c == '{' || c == '[') {
      ++depth;
    } else if (c == '}' || c == ']') {
      --depth;
    } else if (c == ',' && depth == 0) {
      return std::string(whole);
    }
  }
  return json.empty() ? std::string(whole) : std::string(json);
}

void InvokeTool(const PlanePtr& plane, const InvokeToolCall& call) {
  if (!plane->allow_invoke.load(std::memory_order_relaxed)) {
    return call.Finish(Refuse(v1::FEATURE_DISABLED, "control.allow_invoke is off"));
  }
  auto invoke = RequestOf(call);
  if (!invoke.ok()) return call.Finish(invoke.status());
  if (call.validate_only()) return CheckOnly(plane, call, *invoke);
  plane->admin.Invoke(
      *std::move(invoke),
      OnExecutor<CallInfoRecord>(
          plane, [plane, call](const CallInfoRecord& record) { Send(*plane, call, record, {}); }),
      OnExecutor<absl::StatusOr<InvokeAnswer>>(
          plane, [plane, call](const absl::StatusOr<InvokeAnswer>& answer) {
            if (!answer.ok()) {
              return call.Finish(
                  WithReason(answer.status(), v1::SESSION_NOT_FOUND, v1::FEATURE_DISABLED));
            }
            Send(*plane, call, answer->call, OnlyElement(answer->result_json));
            call.SetDetail(
                type::v1::ToolCall::State_Name(ToolCallOf(answer->call, plane->node_id).state()));
            call.Finish(absl::OkStatus());
          }));
}

void ListTools(const PlanePtr& plane, const ListToolsCall& call) {
  const auto& request = call.request();
  if (request.office_id().empty()) return call.Fail(RefuseField("office_id", "missing"));
  const auto timeout =
      TimeoutOf(request.has_timeout() ? &request.timeout() : nullptr, kListDefaultMs);
  if (!timeout.ok()) return call.Fail(timeout.status());
  plane->inspect.GetOffices(
      {request.office_id()},
      OnExecutor<std::vector<OfficeInfo>>(
          plane, [plane, call, timeout_ms = *timeout](const std::vector<OfficeInfo>& found) {
            if (found.empty() || found.front().members.empty()) {
              return call.Fail(Refuse(v1::OFFICE_NOT_FOUND, "nobody is in it"));
            }
            const OfficeInfo& office = found.front();
            const std::string& one = call.request().computer_name();
            auto asking = std::make_shared<Asking>(Asking{.plane = plane, .call = call});
            ++asking->open;  // this round
            if (!one.empty()) Ask(asking, office.office_id, one, timeout_ms);
            for (const OfficeMember& member : office.members) {
              if (!one.empty() || member.role != Role::kComputer) continue;
              Ask(asking, office.office_id, member.name, timeout_ms);
            }
            if (--asking->open == 0) call.Answer(asking->response);
          }));
}

}  // namespace smcp::control
