// The configuration in force, and how it changes: SIGHUP and pushes share one path. All layers are
// loaded, checked as a whole, prepared (what may fail, such as reading a secret's file), saved, and
// only then brought into force; on any error everything stays as it was.
//
// A push of a key that cannot be reloaded is refused unless it says what is in force anyway; such
// keys are never part of what is kept. In a file they are accepted with a warning and wait for the
// next start. A push reads the file again, too: what would not start is not pushed.
// Thread rule: any thread. Watchers run on the thread of the change, one change after another.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "control/config_admin.h"
#include "gateway/daemon/config.h"
#include "gateway/daemon/config_schema.h"
#include "gateway/daemon/config_value.h"
#include "gateway/daemon/state_dir.h"
#include "smcp/config/v1/state.pb.h"

namespace smcp::config {

class ConfigStore final : public control::ConfigAdmin {
 public:
  static constexpr int kGenerationsMax = 50;
  static constexpr size_t kPushedBytesMax = 64 * 1024;
  using Clock = std::function<int64_t()>;  // Unix milliseconds
  // Does what may fail for a configuration that is to come into force; its result brings it in.
  using BringIn = std::function<void()>;
  using Prepare = std::function<absl::StatusOr<BringIn>(const EffectiveConfig& next)>;

  // Loads all layers, the pushed one from state_dir. The error is one line for the user.
  static absl::StatusOr<std::unique_ptr<ConfigStore>> Open(ConfigSources sources, FileSystem& files,
                                                           Clock clock);

  // Before the first change.
  void SetPrepare(Prepare prepare) { prepare_ = std::move(prepare); }
  std::shared_ptr<const EffectiveConfig> current() const;
  uint64_t generation() const;
  // SIGHUP.
  control::ConfigOutcome Reload();

  control::ConfigView Get(const std::vector<std::string>& keys) override;
  std::vector<control::ConfigFinding> Validate(const std::string& yaml) override;
  control::ConfigOutcome Apply(const control::ConfigPush& push) override;
  control::ConfigOutcome Rollback(const control::ConfigRollback& rollback) override;
  std::vector<control::ConfigGeneration> Generations(uint64_t before, size_t max) override;
  control::ConfigGeneration Current() override;
  bool allow_invoke() override { return current()->config.control().allow_invoke(); }
  uint64_t Watch(Watcher watcher) override;
  void Unwatch(uint64_t id) override;

 private:
  ConfigStore(ConfigSources sources, Clock clock)
      : sources_(std::move(sources)), clock_(std::move(clock)) {}

  // A configuration on its way; `outcome` refuses it or not.
  struct Candidate {
    EffectiveConfig next{};
    std::string overlay{};
    control::ConfigOutcome outcome{};
    bool pushes_fixed = false;  // a key that does not reload, with another value
    bool ok() const { return outcome.refusal == control::ConfigOutcome::Refusal::kNone; }
  };
  absl::Status LoadState(FileSystem& files);
  std::vector<Assignment> Overlay() const;
  Candidate Check(std::vector<Assignment> overlay);
  void CheckReloadable(std::vector<Assignment>* overlay, Candidate* candidate) const;
  void Load(Candidate* candidate, const std::vector<Assignment>& overlay) const;
  // `fresh`: becomes a generation. Prepares, saves, brings in, tells.
  void Commit(Candidate* candidate, const v1::StoredGeneration* fresh);
  control::ConfigOutcome Finish(Candidate candidate, bool validate_only, const std::string& author,
                                const std::string& reason);
  absl::Status Save(const v1::StoredConfig& stored);
  bool BaseFits(uint64_t base, bool any, control::ConfigOutcome* outcome) const;
  control::ConfigGeneration Describe(const v1::StoredGeneration& stored) const;
  void Tell(const control::ConfigEvent& event);

  const Schema schema_{};
  ConfigSources sources_;  // without `pushed`
  const Clock clock_;
  Prepare prepare_;
  std::unique_ptr<StateDir> state_;  // null: nothing is kept

  std::mutex changing_;       // held by a change from beginning to end
  mutable std::mutex mutex_;  // what is below, for moments
  std::shared_ptr<const EffectiveConfig> current_;
  v1::StoredConfig stored_;  // oldest first
  int64_t applied_ms_ = 0;
  std::map<uint64_t, std::shared_ptr<const Watcher>> watchers_;
  uint64_t watchers_made_ = 0;
};

}  // namespace smcp::config
