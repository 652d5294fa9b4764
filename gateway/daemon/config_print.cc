#include "gateway/daemon/config_print.h"

#include <algorithm>
#include <string_view>

#include "gateway/base/check.h"
#include "gateway/daemon/config_schema.h"
#include "gateway/daemon/config_text.h"
#include "gateway/daemon/config_value.h"

namespace smcp::config {
namespace {

using google::protobuf::FieldDescriptor;

constexpr size_t kColumns = 100;
constexpr std::string_view kExampleHead =
    R"(# smcp-gateway: every key with its default. Remove what you do not change.
#
#   smcp-gateway --config FILE             use this file (YAML or JSON)
#   smcp-gateway --config FILE --check     say whether it is valid
#   smcp-gateway --print-config            show what is in force, and where it comes from
#
# Precedence: default < file < environment < --set < pushed (smcpctl config apply). The key
# listen.address is SMCP_LISTEN__ADDRESS in the environment and --set listen.address=... on the
# command line; lists take commas there. SIGHUP reads the file again: "Reloads: yes" takes effect
# at once, nobody is disconnected; "Reloads: no" waits for the next start.
# Durations: 300ms, 0.3s, 25s, 1m, 2h. Sizes: bytes. Limits: 0 turns one off.
)";

std::string Indent(size_t depth) { return std::string(2 * depth, ' '); }

// Words in comment lines of at most kColumns.
std::string Comment(size_t depth, std::string_view text) {
  const std::string start = Indent(depth) + "#";
  std::string out;
  std::string line = start;
  while (!text.empty()) {
    const size_t space = std::min(text.find(' '), text.size());
    const std::string_view word = text.substr(0, space);
    if (line.size() + 1 + word.size() > kColumns) {
      out += line + "\n";
      line = start;
    }
    line.append(" ").append(word);
    text.remove_prefix(std::min(space + 1, text.size()));
  }
  return out + line + "\n";
}

// Writes the keys in order; opens the sections that a key is in and the key before it was not.
class YamlWriter {
 public:
  explicit YamlWriter(bool is_example) : is_example_(is_example) {}

  void Write(const Key& key, std::string_view line_comment, const EffectiveConfig& effective) {
    size_t depth = 0;
    while (depth + 1 < key.steps.size() && depth < open_.size() &&
           open_[depth] == key.steps[depth]) {
      ++depth;
    }
    open_.assign(key.steps.begin(), key.steps.end() - 1);
    bool opened = false;
    for (; depth < open_.size(); ++depth) {
      if (is_example_) {
        out_ += (opened ? "" : "\n") + Comment(depth, RuleOf(open_[depth]).help());
      }
      out_ += Indent(depth) + open_[depth]->name() + ":\n";
      opened = true;
    }
    if (is_example_) out_ += (opened ? "" : "\n") + Description(key, depth);
    out_ += Concat(
        {Indent(depth), key.leaf()->name(), ": ", YamlValue(key, effective.config), line_comment});
    out_ += "\n";
  }

  std::string Take() { return std::move(out_); }

 private:
  static std::string Description(const Key& key, size_t depth) {
    const v1::KeyRule& rule = *key.rule;
    std::string facts = "Default: " + (rule.default_text().empty() ? "empty" : rule.default_text());
    if (!rule.unit().empty()) facts += " (" + rule.unit() + ")";
    facts += ".";
    const std::string range = RangeText(key);
    if (!range.empty()) facts += " Allowed: " + range + ".";
    if (rule.zero_is_off()) facts += " 0: no limit.";
    facts += rule.reloadable() ? " Reloads: yes." : " Reloads: no.";
    return Comment(depth, rule.help()) + Comment(depth, facts);
  }

  bool is_example_;
  std::string out_;
  std::vector<const FieldDescriptor*> open_;
};

}  // namespace

std::string PrintConfig(const EffectiveConfig& effective) {
  YamlWriter writer(/*is_example=*/false);
  const Schema schema;
  for (const Key& key : schema.keys()) {
    const Origin& origin = effective.origins.at(key.path);
    const bool is_default = origin.kind == Origin::Kind::kDefault;
    writer.Write(key, is_default ? "" : "  # " + origin.place, effective);
  }
  return writer.Take();
}

std::string ExampleConfig() {
  const absl::StatusOr<EffectiveConfig> defaults = LoadConfig({});
  SMCP_CHECK(defaults.ok());
  YamlWriter writer(/*is_example=*/true);
  const Schema schema;
  for (const Key& key : schema.keys()) writer.Write(key, "", *defaults);
  return std::string(kExampleHead) + writer.Take();
}

}  // namespace smcp::config
