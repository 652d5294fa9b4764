// The configuration as the control plane sees it: plain structs and one interface, which the daemon
// implements. What is pushed is an overlay over file, environment and flags, kept in generations.
//
// Thread rule: any thread; calls may wait for a disk, never for a shard. A watcher is called on the
// thread that made the change, one change after another, and must neither block nor change
// anything. Units: Unix milliseconds. Errors: a refusal says why in words for people and, where
// keys are at fault, in findings.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace smcp::control {

enum class ConfigOrigin : uint8_t { kDefault, kFile, kEnvironment, kFlag, kPushed };

struct ConfigValue {
  std::string key{};
  std::string value{};  // as --set takes it; masked if it is a secret that is set
  ConfigOrigin origin = ConfigOrigin::kDefault;
  bool reloadable = false;
  bool secret = false;
  std::string default_value{};
};

struct ConfigView {
  uint64_t generation = 0;  // 0: nothing has ever been pushed
  int64_t applied_ms = 0;   // when the values came into force
  std::vector<ConfigValue> values{};
};

struct ConfigFinding {
  bool is_error = true;  // otherwise: takes effect with the next start only
  std::string key{};
  uint32_t line = 0;  // in the document; 0: none
  std::string message{};
};

struct ConfigGeneration {
  uint64_t generation = 0;
  int64_t time_ms = 0;
  std::string author{};
  std::string reason{};
  std::vector<std::string> changed_keys{};
  std::string yaml{};  // what is pushed, secrets masked
  bool active = false;
};

struct ConfigPush {
  std::string yaml{};  // or JSON
  // Absent: the document is all that is pushed. Otherwise only these keys and sections of it; what
  // the mask names and the document lacks is no longer pushed.
  std::optional<std::vector<std::string>> mask{};
  uint64_t base_generation = 0;
  bool any_base = false;
  bool validate_only = false;
  std::string author{};
  std::string reason{};
};

struct ConfigRollback {
  uint64_t generation = 0;  // 0: nothing pushed
  uint64_t base_generation = 0;
  bool any_base = false;
  bool validate_only = false;
  std::string author{};
  std::string reason{};
};

struct ConfigOutcome {
  enum class Refusal : uint8_t {
    kNone,
    kInvalid,        // findings say what
    kMask,           // a path of the mask is neither key nor section
    kBase,           // another generation is in force than the change was made for
    kNotReloadable,  // findings name the keys
    kNotFound,       // that generation is not kept (any more)
    kNotSaved,       // state_dir could not be written
    kNotApplied,     // valid, but cannot be brought into force: a secret's file cannot be read
  };
  Refusal refusal = Refusal::kNone;
  std::string message{};  // of a refusal
  uint64_t generation = 0;
  std::vector<std::string> changed_keys{};
  std::vector<ConfigFinding> findings{};
};

struct ConfigEvent {
  std::optional<ConfigGeneration> applied{};
  std::string rejected{};  // why a reload or a push kept the old configuration
};

class ConfigAdmin {
 public:
  using Watcher = std::function<void(const ConfigEvent&)>;
  virtual ~ConfigAdmin() = default;

  // Keys or sections; none: all. A name that is neither is left out.
  virtual ConfigView Get(const std::vector<std::string>& keys) = 0;
  // As if it were the whole of what is pushed. Valid if no finding is an error.
  virtual std::vector<ConfigFinding> Validate(const std::string& yaml) = 0;
  virtual ConfigOutcome Apply(const ConfigPush& push) = 0;
  virtual ConfigOutcome Rollback(const ConfigRollback& rollback) = 0;
  // Newest first, at most `max` of those before `before` (0: from the newest).
  virtual std::vector<ConfigGeneration> Generations(uint64_t before, size_t max) = 0;
  virtual ConfigGeneration Current() = 0;
  virtual bool allow_invoke() = 0;

  // `watcher` is called after each change; once more, perhaps, while Unwatch runs.
  virtual uint64_t Watch(Watcher watcher) = 0;
  virtual void Unwatch(uint64_t id) = 0;
};

}  // namespace smcp::control
