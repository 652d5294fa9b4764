// The part of convert.h that judges what an administrator says about an office.

#include "control/convert.h"
#include "control/convert_time.h"
#include "control/errors.h"

namespace smcp::control {
namespace {

using type::v1::Office;
using type::v1::OfficePolicy;

constexpr int kRulesMax = 256;
constexpr size_t kTextMax = 256;
constexpr int kLabelsMax = 64;
constexpr int64_t kTimeoutMaxMs = 86'400'000;

absl::Status SetAdmission(const Office& office, OfficeSettings& settings) {
  switch (office.admission()) {
    case type::v1::ADMISSION_UNSPECIFIED:
    case type::v1::OPEN:
      settings.admission = Admission::kOpen;
      return absl::OkStatus();
    case type::v1::LOCKED:
      settings.admission = Admission::kLocked;
      return absl::OkStatus();
    case type::v1::AGENTS_ONLY:
      settings.admission = Admission::kAgentsOnly;
      return absl::OkStatus();
    case type::v1::COMPUTERS_ONLY:
      settings.admission = Admission::kComputersOnly;
      return absl::OkStatus();
    default:
      return RefuseField("office.admission", "not a value of it");
  }
}

absl::Status SetLabels(const Office& office, OfficeSettings& settings) {
  if (office.labels_size() > kLabelsMax) return RefuseField("office.labels", "at most 64");
  settings.labels.clear();
  for (const auto& [key, value] : office.labels()) {
    if (key.empty() || key.size() > kTextMax || value.size() > kTextMax) {
      return RefuseField("office.labels", "keys of 1 to 256 bytes, values of at most 256");
    }
    settings.labels[key] = value;
  }
  return absl::OkStatus();
}

absl::Status SetTimeout(const OfficePolicy& policy, OfficeSettings& settings) {
  const int64_t ms = policy.has_max_call_timeout() ? MillisOf(policy.max_call_timeout()) : 0;
  if (ms < 0 || ms > kTimeoutMaxMs || (policy.has_max_call_timeout() && ms == 0)) {
    return RefuseField("office.policy.max_call_timeout", "1 ms to 24 h");
  }
  settings.call_timeout_max_ms = ms;
  return absl::OkStatus();
}

absl::Status SetRules(const OfficePolicy& policy, OfficeSettings& settings) {
  if (policy.tool_rules_size() > kRulesMax) {
    return RefuseField("office.policy.tool_rules", "at most 256");
  }
  settings.tool_rules.clear();
  for (const auto& rule : policy.tool_rules()) {
    if (rule.computer().size() > kTextMax || rule.tool().size() > kTextMax ||
        rule.id().size() > kTextMax) {
      return RefuseField("office.policy.tool_rules", "texts of at most 256 bytes");
    }
    settings.tool_rules.push_back(
        {rule.effect() == type::v1::ToolRule::ALLOW, rule.computer(), rule.tool(), rule.id()});
  }
  return absl::OkStatus();
}

absl::Status SetPolicyField(std::string_view field, const OfficePolicy& policy,
                            OfficeSettings& settings) {
  if (field == "max_call_timeout") return SetTimeout(policy, settings);
  if (field == "tool_rules") return SetRules(policy, settings);
  if (field == "max_computers") {
    settings.computers_max = policy.max_computers();
  } else if (field == "max_inflight_calls") {
    settings.calls_in_flight_max = policy.max_inflight_calls();
  } else {
    return RefuseField("update_mask", "policy has no " + std::string(field), v1::MASK_INVALID);
  }
  return absl::OkStatus();
}

absl::Status SetPolicy(const OfficePolicy& policy, OfficeSettings& settings) {
  for (const char* field :
       {"max_call_timeout", "tool_rules", "max_computers", "max_inflight_calls"}) {
    const absl::Status set = SetPolicyField(field, policy, settings);
    if (!set.ok()) return set;
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<OfficeSettings> Updated(OfficeSettings settings, const Office& office,
                                       const google::protobuf::FieldMask& mask) {
  constexpr std::string_view kPolicy = "policy.";
  if (mask.paths().empty()) {
    return RefuseField("update_mask", "names nothing; there are labels, admission, policy",
                       v1::MASK_INVALID);
  }
  for (const std::string& path : mask.paths()) {
    absl::Status set;
    if (path == "labels") {
      set = SetLabels(office, settings);
    } else if (path == "admission") {
      set = SetAdmission(office, settings);
    } else if (path == "policy") {
      set = SetPolicy(office.policy(), settings);
    } else if (path.starts_with(kPolicy)) {
      set =
          SetPolicyField(std::string_view(path).substr(kPolicy.size()), office.policy(), settings);
    } else {
      set = RefuseField("update_mask",
                        "no field \"" + path + "\"; there are labels, admission, policy",
                        v1::MASK_INVALID);
    }
    if (!set.ok()) return set;
  }
  return settings;
}

}  // namespace smcp::control
