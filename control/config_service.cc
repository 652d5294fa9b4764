#include "control/config_service.h"

#include <google/protobuf/util/json_util.h>

#include <algorithm>
#include <charconv>
#include <mutex>
#include <utility>
#include <vector>

#include "absl/strings/cord.h"
#include "control/convert_time.h"
#include "control/errors.h"
#include "google/rpc/error_details.pb.h"
#include "smcp/control/v1/config_service.pb.h"

namespace smcp::control {
namespace {

using ApplyCall = Unary<v1::ApplyConfigRequest, v1::ApplyConfigResponse>;
using RollbackCall = Unary<v1::RollbackConfigRequest, v1::ApplyConfigResponse>;
using NotifyCall = Unary<v1::NotifyConfigUpdateRequest, v1::NotifyConfigUpdateResponse>;
using WatchCall = Stream<v1::WatchConfigRequest, v1::ConfigChange>;

constexpr int kPageDefault = 100;
constexpr int kPageMax = 1000;
constexpr size_t kWatchersMax = 64;
constexpr size_t kDocumentMax = 256 * 1024;
constexpr int kKeysMax = 256;  // asked for at once
// Changes of configuration are rare: who leaves so many unread does not read at all.
constexpr size_t kUnreadMax = 100;
constexpr std::string_view kPageMark = "before-";

v1::ConfigOrigin OriginOf(ConfigOrigin origin) {
  switch (origin) {
    case ConfigOrigin::kDefault:
      return v1::ORIGIN_DEFAULT;
    case ConfigOrigin::kFile:
      return v1::ORIGIN_FILE;
    case ConfigOrigin::kEnvironment:
      return v1::ORIGIN_ENVIRONMENT;
    case ConfigOrigin::kFlag:
      return v1::ORIGIN_FLAG;
    case ConfigOrigin::kPushed:
      return v1::ORIGIN_PUSHED;
  }
  return v1::CONFIG_ORIGIN_UNSPECIFIED;
}

v1::ConfigFinding ToProto(const ConfigFinding& finding) {
  v1::ConfigFinding out;
  out.set_severity(finding.is_error ? v1::ConfigFinding::ERROR : v1::ConfigFinding::WARNING);
  out.set_key(finding.key);
  out.set_line(finding.line);
  out.set_message(finding.message);
  return out;
}

v1::ConfigGeneration ToProto(const ConfigGeneration& generation) {
  v1::ConfigGeneration out;
  out.set_generation(generation.generation);
  if (generation.time_ms != 0) *out.mutable_time() = TimestampOf(generation.time_ms);
  out.set_author(generation.author);
  out.set_reason(generation.reason);
  for (const std::string& key : generation.changed_keys) out.add_changed_keys(key);
  out.set_yaml(generation.yaml);
  out.set_active(generation.active);
  return out;
}

absl::StatusOr<std::string> TextOf(const v1::ConfigDocument& document) {
  if (document.ByteSizeLong() > kDocumentMax) {
    return RefuseField("document", "is larger than 256 KiB");
  }
  switch (document.form_case()) {
    case v1::ConfigDocument::kYaml:
      return document.yaml();
    case v1::ConfigDocument::kTree: {
      std::string json;
      const auto printed = google::protobuf::util::MessageToJsonString(document.tree(), &json);
      if (printed.ok()) return json;
      return RefuseField("document.tree", "cannot be written as JSON");
    }
    case v1::ConfigDocument::FORM_NOT_SET:
      break;
  }
  return RefuseField("document", "is missing: give yaml or tree");
}

absl::Status InvalidConfig(const ConfigOutcome& outcome) {
  absl::Status status = Refuse(v1::CONFIG_INVALID, outcome.message);
  google::rpc::BadRequest bad;
  for (const ConfigFinding& finding : outcome.findings) {
    if (!finding.is_error) continue;
    auto* violation = bad.add_field_violations();
    violation->set_field(finding.key);
    const std::string line = finding.line == 0 ? "" : "line " + std::to_string(finding.line) + ": ";
    violation->set_description(line + finding.message);
  }
  if (bad.field_violations().empty()) return status;
  status.SetPayload("type.googleapis.com/google.rpc.BadRequest",
                    absl::Cord(bad.SerializeAsString()));
  return status;
}

absl::Status StatusOf(const ConfigOutcome& outcome) {
  using Refusal = ConfigOutcome::Refusal;
  switch (outcome.refusal) {
    case Refusal::kNone:
      return absl::OkStatus();
    case Refusal::kInvalid:
    case Refusal::kNotApplied:
      return InvalidConfig(outcome);
    case Refusal::kMask:
      return RefuseField("update_mask", outcome.message, v1::MASK_INVALID);
    case Refusal::kBase:
      return Refuse(v1::GENERATION_MISMATCH, outcome.message,
                    {{"generation", std::to_string(outcome.generation)}});
    case Refusal::kNotReloadable: {
      std::string keys;
      for (const ConfigFinding& finding : outcome.findings) {
        if (!finding.key.empty()) keys += (keys.empty() ? "" : ",") + finding.key;
      }
      return Refuse(v1::NOT_RELOADABLE, outcome.message + ": " + keys, {{"keys", keys}});
    }
    case Refusal::kNotFound:
      return Refuse(v1::GENERATION_NOT_FOUND, outcome.message);
    case Refusal::kNotSaved:
      return Refuse(v1::STATE_NOT_SAVED, outcome.message);
  }
  return absl::InternalError("unknown refusal");
}

template <class Handle>
void AnswerOutcome(const Handle& call, const ConfigOutcome& outcome) {
  call.SetTarget("configuration");
  if (absl::Status status = StatusOf(outcome); !status.ok()) return call.Fail(status);
  v1::ApplyConfigResponse response;
  response.set_generation(outcome.generation);
  std::string keys;
  for (const std::string& key : outcome.changed_keys) {
    response.add_changed_keys(key);
    keys += " " + key;
  }
  for (const ConfigFinding& finding : outcome.findings) {
    *response.add_findings() = ToProto(finding);
  }
  call.SetDetail("generation " + std::to_string(outcome.generation) + ":" + keys);
  call.Answer(response);
}

void Apply(ConfigAdmin& config, const ApplyCall& call) {
  const v1::ApplyConfigRequest& request = call.request();
  absl::StatusOr<std::string> text = TextOf(request.document());
  if (!text.ok()) return call.Fail(text.status());
  ConfigPush push;
  push.yaml = *std::move(text);
  if (request.has_update_mask()) {
    push.mask.emplace(request.update_mask().paths().begin(), request.update_mask().paths().end());
  }
  push.base_generation = request.base_generation();
  push.any_base = request.any_base();
  push.validate_only = call.validate_only();
  push.author = call.caller().name;
  push.reason = call.reason();
  AnswerOutcome(call, config.Apply(push));
}

void Rollback(ConfigAdmin& config, const RollbackCall& call) {
  const v1::RollbackConfigRequest& request = call.request();
  AnswerOutcome(
      call, config.Rollback({request.generation(), request.base_generation(), request.any_base(),
                             call.validate_only(), call.caller().name, call.reason()}));
}

v1::Config GetConfig(ConfigAdmin& config, const std::string& node_id,
                     const v1::GetConfigRequest& request) {
  const ConfigView view = config.Get({request.keys().begin(), request.keys().end()});
  v1::Config out;
  out.set_generation(view.generation);
  out.set_node_id(node_id);
  *out.mutable_applied_time() = TimestampOf(view.applied_ms);
  for (const ConfigValue& value : view.values) {
    v1::ConfigValue* item = out.add_values();
    item->set_key(value.key);
    item->set_value(value.value);
    item->set_origin(OriginOf(value.origin));
    item->set_reloadable(value.reloadable);
    item->set_secret(value.secret);
    item->set_default_value(value.default_value);
  }
  return out;
}

absl::StatusOr<v1::ListConfigGenerationsResponse> List(
    ConfigAdmin& config, const v1::ListConfigGenerationsRequest& request) {
  if (request.page_size() < 0) return RefuseField("page_size", "is negative");
  const int wanted = request.page_size() == 0 ? kPageDefault : request.page_size();
  const auto size = static_cast<size_t>(std::min(wanted, kPageMax));
  uint64_t before = 0;
  if (const std::string& token = request.page_token(); !token.empty()) {
    const char* end = token.data() + token.size();
    const bool marked = token.starts_with(kPageMark);
    const auto [at, error] =
        std::from_chars(token.data() + (marked ? kPageMark.size() : 0), end, before);
    if (!marked || at != end || error != std::errc() || before == 0) {
      return RefuseField("page_token", "is none that this method gave", v1::PAGE_TOKEN_INVALID);
    }
  }
  std::vector<ConfigGeneration> generations = config.Generations(before, size + 1);
  const bool more = generations.size() > size;
  if (more) generations.resize(size);
  v1::ListConfigGenerationsResponse response;
  for (const ConfigGeneration& item : generations) *response.add_generations() = ToProto(item);
  if (more) {
    response.set_next_page_token(std::string(kPageMark) +
                                 std::to_string(generations.back().generation));
  }
  return response;
}

v1::ValidateConfigResponse Validated(const std::vector<ConfigFinding>& findings) {
  v1::ValidateConfigResponse response;
  response.set_valid(std::none_of(findings.begin(), findings.end(),
                                  [](const ConfigFinding& finding) { return finding.is_error; }));
  for (const ConfigFinding& finding : findings) *response.add_findings() = ToProto(finding);
  return response;
}

std::optional<NoticeKind> KindOf(v1::NotifyConfigUpdateRequest::Kind kind) {
  switch (kind) {
    case v1::NotifyConfigUpdateRequest::CONFIG:
      return NoticeKind::kConfig;
    case v1::NotifyConfigUpdateRequest::TOOL_LIST:
      return NoticeKind::kToolList;
    case v1::NotifyConfigUpdateRequest::DESKTOP:
      return NoticeKind::kDesktop;
    case v1::NotifyConfigUpdateRequest::SKILLS:
      return NoticeKind::kSkills;
    default:
      return std::nullopt;
  }
}

// The Computers that would be spoken for; nobody is told.
void PreviewNotice(const ConfigService::Parts& parts, const NotifyCall& call) {
  const auto show = [call](const std::vector<OfficeInfo>& offices) {
    if (offices.empty() || offices.front().members.empty()) {
      return call.Fail(Refuse(v1::OFFICE_NOT_FOUND, "nobody is in that office"));
    }
    v1::NotifyConfigUpdateResponse response;
    const std::string& wanted = call.request().computer_name();
    for (const OfficeMember& member : offices.front().members) {
      const bool named = wanted.empty() || member.name == wanted;
      if (member.role == Role::kComputer && named) response.add_computers(member.name);
    }
    if (!wanted.empty() && response.computers().empty()) {
      return call.Fail(Refuse(v1::SESSION_NOT_FOUND, "no such Computer in that office"));
    }
    call.Answer(response);
  };
  parts.inspect->GetOffices({call.request().office_id()},
                            OnExecutor<std::vector<OfficeInfo>>(parts.executor, show));
}

void Notify(const ConfigService::Parts& parts, const NotifyCall& call) {
  const v1::NotifyConfigUpdateRequest& request = call.request();
  const std::optional<NoticeKind> kind = KindOf(request.kind());
  if (request.office_id().empty()) return call.Fail(RefuseField("office_id", "is missing"));
  if (!kind) return call.Fail(RefuseField("kind", "is missing"));
  call.SetTarget("office " + request.office_id() +
                 (request.computer_name().empty() ? "" : ", Computer " + request.computer_name()));
  call.SetDetail(v1::NotifyConfigUpdateRequest::Kind_Name(request.kind()));
  if (call.validate_only()) return PreviewNotice(parts, call);
  const auto missing =
      request.computer_name().empty() ? v1::OFFICE_NOT_FOUND : v1::SESSION_NOT_FOUND;
  const auto told = [call, missing](absl::StatusOr<NoticeResult> result) {
    if (!result.ok()) return call.Fail(WithReason(result.status(), missing));
    v1::NotifyConfigUpdateResponse response;
    response.set_members_told(static_cast<int64_t>(result->members_told));
    for (std::string& name : result->computers) response.add_computers(std::move(name));
    call.Answer(response);
  };
  parts.admin->Notify(OfficeId{request.office_id()}, request.computer_name(), *kind,
                      OnExecutor<absl::StatusOr<NoticeResult>>(parts.executor, told));
}

}  // namespace

// The streams of WatchConfig.
class ConfigService::Watches : public std::enable_shared_from_this<Watches> {
 public:
  Watches(ConfigAdmin& config, Executor& executor, int64_t bookmark_ms)
      : config_(config), executor_(executor), bookmark_ms_(bookmark_ms) {}

  void Add(const WatchCall& call) {
    const std::lock_guard lock(mutex_);
    DropGone();
    if (calls_.size() >= kWatchersMax) {
      return call.Finish(
          RefuseForNow(v1::TOO_MANY_WATCHERS, "too many watch the configuration", bookmark_ms_));
    }
    // Under the lock: what changes from here on is told behind it.
    v1::ConfigChange current;
    *current.mutable_current() = ToProto(config_.Current());
    call.Send(current);
    call.Send(Bookmark(/*initial=*/true));
    calls_.push_back(call);
    if (!std::exchange(ticking_, true)) Schedule();
  }

  // A call holds its method, and that these watches: nobody else would let go of it.
  void Abandon() {
    const std::lock_guard lock(mutex_);
    calls_.clear();
  }

  void Tell(const ConfigEvent& event) {
    v1::ConfigChange change;
    if (event.applied) {
      *change.mutable_applied() = ToProto(*event.applied);
    } else {
      change.set_rejected(event.rejected);
    }
    const std::lock_guard lock(mutex_);
    SendAll(change);
  }

  size_t size() const {
    const std::lock_guard lock(mutex_);
    return static_cast<size_t>(std::count_if(calls_.begin(), calls_.end(),
                                             [](const WatchCall& call) { return !call.gone(); }));
  }

 private:
  v1::ConfigChange Bookmark(bool initial) const {
    v1::ConfigChange change;
    *change.mutable_bookmark()->mutable_time() = TimestampOf(executor_.UnixMs());
    change.mutable_bookmark()->set_initial_set_complete(initial);
    return change;
  }
  void DropGone() {
    std::erase_if(calls_, [](const WatchCall& call) {
      if (!call.gone() && call.call().sink().backlog().messages > kUnreadMax) {
        call.Finish(RefuseForNow(v1::TOO_MANY_WATCHERS, "this reader does not read", 1000));
      }
      return call.gone();
    });
  }
  void SendAll(const v1::ConfigChange& change) {
    DropGone();
    for (const WatchCall& call : calls_) call.Send(change);
  }
  void Schedule() {
    executor_.After(bookmark_ms_, [weak = weak_from_this()] {
      if (const auto self = weak.lock()) self->Tick();
    });
  }
  void Tick() {
    const std::lock_guard lock(mutex_);
    SendAll(Bookmark(/*initial=*/false));
    ticking_ = !calls_.empty();
    if (ticking_) Schedule();
  }

  ConfigAdmin& config_;
  Executor& executor_;
  const int64_t bookmark_ms_;
  mutable std::mutex mutex_;
  std::vector<WatchCall> calls_;
  bool ticking_ = false;
};

ConfigService::ConfigService(Parts parts)
    : parts_(std::move(parts)),
      watches_(std::make_shared<Watches>(*parts_.config, *parts_.executor, parts_.bookmark_ms)) {
  watch_id_ = parts_.config->Watch([weak = std::weak_ptr(watches_)](const ConfigEvent& event) {
    if (const auto watches = weak.lock()) watches->Tell(event);
  });
}

ConfigService::~ConfigService() {
  parts_.config->Unwatch(watch_id_);
  watches_->Abandon();
}

size_t ConfigService::watchers() const { return watches_->size(); }

void ConfigService::AddMethods(MethodTable& table) {
  constexpr std::string_view kService = "smcp.control.v1.ConfigService.";
  const auto name = [&](std::string_view method) {
    return std::string(kService) + std::string(method);
  };
  ConfigAdmin& config = *parts_.config;
  table.AddUnary<v1::NotifyConfigUpdateRequest, v1::NotifyConfigUpdateResponse>(
      name("NotifyConfigUpdate"),
      [parts = parts_](const NotifyCall& call) { Notify(parts, call); });
  table.AddUnary<v1::GetConfigRequest, v1::Config>(
      name("GetConfig"), [&config, node_id = parts_.node_id](const auto& call) {
        if (call.request().keys_size() > kKeysMax) {
          return call.Fail(RefuseField("keys", "more than 256"));
        }
        call.Answer(GetConfig(config, node_id, call.request()));
      });
  table.AddUnary<v1::ValidateConfigRequest, v1::ValidateConfigResponse>(
      name("ValidateConfig"), [&config](const auto& call) {
        const absl::StatusOr<std::string> text = TextOf(call.request().document());
        if (!text.ok()) return call.Fail(text.status());
        call.Answer(Validated(config.Validate(*text)));
      });
  table.AddUnary<v1::ApplyConfigRequest, v1::ApplyConfigResponse>(
      name("ApplyConfig"), [&config](const ApplyCall& call) { Apply(config, call); });
  table.AddUnary<v1::ListConfigGenerationsRequest, v1::ListConfigGenerationsResponse>(
      name("ListConfigGenerations"),
      [&config](const auto& call) { call.Answer(List(config, call.request())); });
  table.AddUnary<v1::RollbackConfigRequest, v1::ApplyConfigResponse>(
      name("RollbackConfig"), [&config](const RollbackCall& call) { Rollback(config, call); });
  table.AddStream<v1::WatchConfigRequest, v1::ConfigChange>(
      name("WatchConfig"), [watches = watches_](const WatchCall& call) { watches->Add(call); });
}

}  // namespace smcp::control
