// What an office's settings mean: who may join, and which calls may be made.
//
// The home judges joins by the settings themselves; calls are judged where they begin, by a
// CallPolicy that the home hands to the Agent's shard. An office without one has none, so that a
// call there costs a look at a null pointer. Thread rule: immutable values, shared by shards.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "gateway/smcp/inspect.h"
#include "gateway/smcp/wire_error.h"

namespace smcp {

struct CallPolicy {
  int64_t timeout_max_ms = 0;        // 0: no bound of its own
  uint32_t calls_in_flight_max = 0;  // 0: no bound of its own
  std::vector<ToolRule> tool_rules{};

  // The rule that forbids it, nullptr if none does: the first that matches decides.
  const ToolRule* Denying(std::string_view computer, std::string_view tool) const;
};

// Null if the settings say nothing about calls.
std::shared_ptr<const CallPolicy> CallPolicyOf(const OfficeSettings& settings);
// kNone: that role may come in.
Refusal JudgeAdmission(Admission admission, Role role);
// Whether they say no more than settings that were never made.
bool AreDefault(const OfficeSettings& settings);
// INVALID_ARGUMENT for negative times and for more rules or text than a call can be judged by.
absl::Status CheckSettings(const OfficeSettings& settings);
// `*` is any run of characters, also none; `?` one character; all of `text` has to match. An empty
// pattern matches everything.
bool MatchesGlob(std::string_view pattern, std::string_view text);

}  // namespace smcp
