#include "gateway/smcp/office_policy.h"

namespace smcp {
namespace {

constexpr size_t kRulesMax = 256;
constexpr size_t kRuleBytesMax = 1024;
constexpr size_t kLabelBytesMax = 64 << 10;

// Past the character that begins at `at`.
size_t NextCharacter(std::string_view text, size_t at) {
  do {
    ++at;
  } while (at < text.size() && (static_cast<uint8_t>(text[at]) & 0xc0) == 0x80);
  return at;
}

}  // namespace

bool MatchesGlob(std::string_view pattern, std::string_view text) {
  if (pattern.empty()) return true;
  size_t p = 0;
  size_t t = 0;
  size_t star = std::string_view::npos;  // behind the last one
  size_t covered = 0;                    // what that star stands for ends here
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = ++p;
      covered = t;
    } else if (p < pattern.size() && pattern[p] == '?') {
      ++p;
      t = NextCharacter(text, t);
    } else if (p < pattern.size() && pattern[p] == text[t]) {
      ++p;
      ++t;
    } else if (star != std::string_view::npos) {
      p = star;
      t = covered = NextCharacter(text, covered);
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

const ToolRule* CallPolicy::Denying(std::string_view computer, std::string_view tool) const {
  for (const ToolRule& rule : tool_rules) {
    if (!MatchesGlob(rule.computer, computer) || !MatchesGlob(rule.tool, tool)) continue;
    return rule.allow ? nullptr : &rule;
  }
  return nullptr;
}

std::shared_ptr<const CallPolicy> CallPolicyOf(const OfficeSettings& settings) {
  if (settings.call_timeout_max_ms == 0 && settings.calls_in_flight_max == 0 &&
      settings.tool_rules.empty()) {
    return nullptr;
  }
  return std::make_shared<const CallPolicy>(
      CallPolicy{settings.call_timeout_max_ms, settings.calls_in_flight_max, settings.tool_rules});
}

Refusal JudgeAdmission(Admission admission, Role role) {
  switch (admission) {
    case Admission::kOpen:
      return Refusal::kNone;
    case Admission::kLocked:
      return Refusal::kOfficeLocked;
    case Admission::kAgentsOnly:
      return role == Role::kAgent ? Refusal::kNone : Refusal::kAgentsOnly;
    case Admission::kComputersOnly:
      return role == Role::kComputer ? Refusal::kNone : Refusal::kComputersOnly;
  }
  return Refusal::kInternal;
}

bool AreDefault(const OfficeSettings& settings) {
  return settings.admission == Admission::kOpen && settings.call_timeout_max_ms == 0 &&
         settings.computers_max == 0 && settings.calls_in_flight_max == 0 &&
         settings.tool_rules.empty() && settings.labels.empty();
}

absl::Status CheckSettings(const OfficeSettings& settings) {
  if (settings.call_timeout_max_ms < 0) return absl::InvalidArgumentError("a negative timeout");
  if (settings.tool_rules.size() > kRulesMax) return absl::InvalidArgumentError("too many rules");
  for (const ToolRule& rule : settings.tool_rules) {
    if (rule.computer.size() + rule.tool.size() + rule.id.size() > kRuleBytesMax) {
      return absl::InvalidArgumentError("a rule is too long");
    }
  }
  size_t label_bytes = 0;
  for (const auto& [key, value] : settings.labels) label_bytes += key.size() + value.size();
  if (label_bytes > kLabelBytesMax) return absl::InvalidArgumentError("too many labels");
  return absl::OkStatus();
}

}  // namespace smcp
