// One assignment to one key: text, as it stands in a file, a variable or a flag, checked against
// the rule of the key and put into the message by reflection; and the way back, for printing.
// Thread rule: pure functions. Errors: one line with place, key, fault and remedy.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "gateway/daemon/config.h"
#include "gateway/daemon/config_schema.h"

namespace smcp::config {

// What a secret prints as. It is refused as the value of one: it comes from a printed
// configuration.
inline constexpr std::string_view kSecretMask = "********";

struct RawValue {
  std::string text;
  // Written as a text on purpose ("4" in a file), hence not a number and not a boolean.
  bool is_quoted = false;
  std::string place;  // of this value: the items of a list may stand on lines of their own
};

struct Assignment {
  const Key* key = nullptr;
  Origin origin;
  std::vector<RawValue> items;  // exactly one if the key is no list
};

// "gateway.yaml:3: listen.address: what is wrong"
absl::Status ErrorAt(std::string_view place, std::string_view path, std::string_view problem);
// An error of ErrorAt taken apart again.
struct Fault {
  std::string key{};
  std::string place{};
  uint32_t line = 0;  // of the place; 0: it has none
  std::string problem{};
};
Fault FaultOf(const absl::Status& error);

// An assignment from a text that holds the whole value, a list with commas.
Assignment FromText(const Key& key, std::string_view text, Origin origin);

// Replaces the value of the key and notes its origin. On error the message may be half changed.
absl::Status Apply(const Assignment& assignment, EffectiveConfig* effective);

// The other way: what Apply would have to be given to have this value.
Assignment FromConfig(const Key& key, const EffectiveConfig& effective);
// As FromText takes it.
std::string ValueText(const Key& key, const GatewayConfig& config);

// The items of a list, or one text. Secrets are masked unless they are empty.
std::vector<std::string> ValueTexts(const Key& key, const GatewayConfig& config);
// One text of it as it may be seen: without what is secret.
std::string Shown(const Key& key, const std::string& text);

// The same with secrets in clear.
std::vector<std::string> PlainTexts(const Key& key, const GatewayConfig& config);

// The value in YAML: plain, quoted or [a, b].
std::string YamlValue(const Key& key, const GatewayConfig& config);

// "10ms to 1h", "one of text, json", "" if everything of the type goes.
std::string RangeText(const Key& key);

}  // namespace smcp::config
