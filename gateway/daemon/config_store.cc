#include "gateway/daemon/config_store.h"

#include <google/protobuf/util/json_util.h>

#include <algorithm>
#include <utility>

#include "gateway/base/strings.h"
#include "gateway/daemon/config_overlay.h"
#include "gateway/daemon/config_text.h"
#include "gateway/daemon/config_yaml.h"

namespace smcp::config {
namespace {

using control::ConfigFinding;
using control::ConfigOutcome;
using Refusal = ConfigOutcome::Refusal;

constexpr std::string_view kFileName = "pushed-config.json";

ConfigFinding FindingOf(const absl::Status& error) {
  Fault fault = FaultOf(error);
  return {true, std::move(fault.key), fault.line, std::move(fault.problem)};
}

control::ConfigOrigin OriginOf(Origin::Kind kind) {
  switch (kind) {
    case Origin::Kind::kDefault:
      return control::ConfigOrigin::kDefault;
    case Origin::Kind::kFile:
      return control::ConfigOrigin::kFile;
    case Origin::Kind::kEnvironment:
      return control::ConfigOrigin::kEnvironment;
    case Origin::Kind::kFlag:
      return control::ConfigOrigin::kFlag;
    case Origin::Kind::kPushed:
      return control::ConfigOrigin::kPushed;
  }
  return control::ConfigOrigin::kDefault;
}

bool SameValue(const Key& key, const GatewayConfig& a, const GatewayConfig& b) {
  return PlainTexts(key, a) == PlainTexts(key, b);
}

std::string OneLine(const std::vector<ConfigFinding>& findings) {
  for (const ConfigFinding& finding : findings) {
    if (finding.is_error) {
      return Concat({finding.key, finding.key.empty() ? "" : ": ", finding.message});
    }
  }
  return "";
}

}  // namespace

absl::StatusOr<std::unique_ptr<ConfigStore>> ConfigStore::Open(ConfigSources sources,
                                                               FileSystem& files, Clock clock) {
  std::unique_ptr<ConfigStore> store(new ConfigStore(std::move(sources), std::move(clock)));
  absl::StatusOr<EffectiveConfig> base = LoadConfig(store->sources_);
  if (!base.ok()) return base.status();
  store->current_ = std::make_shared<const EffectiveConfig>(*std::move(base));
  if (absl::Status loaded = store->LoadState(files); !loaded.ok()) return loaded;
  store->applied_ms_ = store->clock_();
  return store;
}

absl::Status ConfigStore::LoadState(FileSystem& files) {
  const std::string& path = current_->config.state_dir();
  if (path.empty()) return absl::OkStatus();
  const auto failed = [](const absl::Status& error) {
    return Invalid({"state_dir: ", ToStd(error.message())});
  };
  absl::StatusOr<std::unique_ptr<StateDir>> opened = StateDir::Open(path, files);
  if (!opened.ok()) return failed(opened.status());
  state_ = *std::move(opened);
  absl::StatusOr<std::string> json = state_->Read(kFileName);
  if (absl::IsNotFound(json.status())) return absl::OkStatus();
  if (!json.ok()) return failed(json.status());
  const auto parsed = google::protobuf::util::JsonStringToMessage(*json, &stored_);
  const std::string file = state_->PathOf(kFileName);
  if (!parsed.ok()) {
    return Invalid({"state_dir: ", file, ": was written by another version (",
                    std::string(parsed.message()), "); remove it to start without"});
  }
  if (stored_.generations().empty()) return absl::OkStatus();
  const v1::StoredGeneration& active = *stored_.generations().rbegin();
  ConfigSources sources = sources_;
  sources.pushed = active.yaml();
  absl::StatusOr<EffectiveConfig> effective = LoadConfig(sources);
  if (!effective.ok()) {
    return Invalid({"state_dir: ", file, ": pushed generation ",
                    std::to_string(active.generation()), " does not fit: ",
                    ToStd(effective.status().message()), "; mend that, or remove the file"});
  }
  current_ = std::make_shared<const EffectiveConfig>(*std::move(effective));
  return absl::OkStatus();
}

std::shared_ptr<const EffectiveConfig> ConfigStore::current() const {
  const std::lock_guard lock(mutex_);
  return current_;
}

uint64_t ConfigStore::generation() const {
  const std::lock_guard lock(mutex_);
  return stored_.generations().empty() ? 0 : stored_.generations().rbegin()->generation();
}

std::vector<Assignment> ConfigStore::Overlay() const {
  std::string text;
  {
    const std::lock_guard lock(mutex_);
    if (!stored_.generations().empty()) text = stored_.generations().rbegin()->yaml();
  }
  return ReadAllOfYaml(text, "pushed", schema_).assignments;
}

// --- the one path

void ConfigStore::CheckReloadable(std::vector<Assignment>* overlay, Candidate* candidate) const {
  const std::shared_ptr<const EffectiveConfig> running = current();
  std::erase_if(*overlay, [&](const Assignment& assignment) {
    const Key& key = *assignment.key;
    if (key.rule->reloadable()) return false;
    EffectiveConfig scratch;
    const bool same =
        config::Apply(assignment, &scratch).ok() && SameValue(key, scratch.config, running->config);
    if (!same) {
      candidate->pushes_fixed = true;
      const std::string& place = assignment.origin.place;
      const Fault where = FaultOf(ErrorAt(place, key.path, "-"));
      candidate->outcome.findings.push_back(
          {false, key.path, where.line,
           Concat({"does not reload; the gateway has ", Quoted(ValueText(key, running->config)),
                   ". Change it in the configuration file and restart"})});
    }
    return true;
  });
}

void ConfigStore::Load(Candidate* candidate, const std::vector<Assignment>& overlay) const {
  ConfigSources sources = sources_;
  sources.pushed = candidate->overlay;
  absl::StatusOr<EffectiveConfig> next = LoadConfig(sources);
  if (!next.ok()) {
    ConfigFinding finding = FindingOf(next.status());
    // The line in the document that was sent, not in the text that was made of it; what another
    // layer has wrong is told with its place.
    finding.line = 0;
    finding.message = ToStd(next.status().message());
    for (const Assignment& assignment : overlay) {
      if (assignment.key->path != finding.key) continue;
      finding.line = FaultOf(ErrorAt(assignment.origin.place, finding.key, "-")).line;
      finding.message = FaultOf(next.status()).problem;
    }
    candidate->outcome.findings.push_back(std::move(finding));
    candidate->outcome.refusal = Refusal::kInvalid;
    return;
  }
  candidate->next = *std::move(next);
  const std::shared_ptr<const EffectiveConfig> running = current();
  for (const Key& key : schema_.keys()) {
    if (SameValue(key, candidate->next.config, running->config)) continue;
    if (key.rule->reloadable()) {
      candidate->outcome.changed_keys.push_back(key.path);
      continue;
    }
    candidate->outcome.findings.push_back(
        {false, key.path, 0,
         Concat({"takes effect with the next start (", candidate->next.origins.at(key.path).place,
                 ")"})});
    // What is in force is what is shown.
    (void)config::Apply(FromConfig(key, *running), &candidate->next);
  }
}

ConfigStore::Candidate ConfigStore::Check(std::vector<Assignment> overlay) {
  Candidate candidate;
  CheckReloadable(&overlay, &candidate);
  candidate.overlay = OverlayText(overlay, schema_, /*mask_secrets=*/false);
  if (candidate.overlay.size() > kPushedBytesMax) {
    candidate.outcome.refusal = Refusal::kInvalid;
    candidate.outcome.findings.push_back({true, "", 0, "more than 64 KiB cannot be pushed"});
    return candidate;
  }
  Load(&candidate, overlay);
  return candidate;
}

void ConfigStore::Commit(Candidate* candidate, const v1::StoredGeneration* fresh) {
  ConfigOutcome& outcome = candidate->outcome;
  absl::StatusOr<BringIn> bring_in = BringIn();
  if (prepare_) bring_in = prepare_(candidate->next);
  if (!bring_in.ok()) {
    outcome.refusal = Refusal::kNotApplied;
    outcome.message = ToStd(bring_in.status().message());
    return;
  }
  v1::StoredConfig stored;
  {
    const std::lock_guard lock(mutex_);
    stored = stored_;
  }
  if (fresh != nullptr) {
    *stored.add_generations() = *fresh;
    const int over = stored.generations_size() - kGenerationsMax;
    if (over > 0) stored.mutable_generations()->DeleteSubrange(0, over);
    if (absl::Status saved = Save(stored); !saved.ok()) {
      outcome.refusal = Refusal::kNotSaved;
      outcome.message = Concat({"state_dir: ", ToStd(saved.message())});
      return;
    }
  }
  if (*bring_in) (*bring_in)();
  const std::lock_guard lock(mutex_);
  stored_ = std::move(stored);
  current_ = std::make_shared<const EffectiveConfig>(std::move(candidate->next));
  applied_ms_ = clock_();
}

absl::Status ConfigStore::Save(const v1::StoredConfig& stored) {
  if (state_ == nullptr) return absl::OkStatus();
  google::protobuf::util::JsonPrintOptions options;
  options.add_whitespace = true;
  std::string json;
  const auto printed = google::protobuf::util::MessageToJsonString(stored, &json, options);
  if (!printed.ok()) return Invalid({std::string(printed.message())});
  return state_->Write(kFileName, json);
}

ConfigOutcome ConfigStore::Reload() {
  const std::lock_guard changing(changing_);
  Candidate candidate = Check(Overlay());
  if (candidate.ok()) Commit(&candidate, nullptr);
  ConfigOutcome& outcome = candidate.outcome;
  outcome.generation = generation();
  control::ConfigEvent event;
  if (candidate.ok()) {
    event.applied = Current();
    event.applied->changed_keys = outcome.changed_keys;
  } else {
    if (outcome.message.empty()) outcome.message = OneLine(outcome.findings);
    event.rejected = outcome.message;
  }
  Tell(event);
  return std::move(outcome);
}

ConfigOutcome ConfigStore::Finish(Candidate candidate, bool validate_only,
                                  const std::string& author, const std::string& reason) {
  ConfigOutcome& outcome = candidate.outcome;
  outcome.generation = generation();
  if (candidate.ok() && candidate.pushes_fixed) {
    outcome.refusal = Refusal::kNotReloadable;
    outcome.message = "keys that do not reload cannot be pushed";
  }
  if (candidate.ok() && state_ == nullptr) {
    outcome.findings.push_back(
        {false, "state_dir", 0, "is not set: what is pushed is lost with the process"});
  }
  if (candidate.ok() && !validate_only) {
    v1::StoredGeneration fresh;
    fresh.set_generation(outcome.generation + 1);
    fresh.set_time_ms(clock_());
    fresh.set_author(author);
    fresh.set_reason(reason);
    fresh.mutable_changed_keys()->Add(outcome.changed_keys.begin(), outcome.changed_keys.end());
    fresh.set_yaml(candidate.overlay);
    Commit(&candidate, &fresh);
    if (candidate.ok()) {
      outcome.generation = fresh.generation();
      Tell({.applied = Current()});
    } else {
      Tell({.applied = {}, .rejected = outcome.message});
    }
  }
  if (!candidate.ok() && outcome.message.empty()) outcome.message = OneLine(outcome.findings);
  return std::move(outcome);
}

bool ConfigStore::BaseFits(uint64_t base, bool any, ConfigOutcome* outcome) const {
  outcome->generation = generation();
  if (any || base == outcome->generation) return true;
  outcome->refusal = Refusal::kBase;
  outcome->message = Concat({"generation ", std::to_string(outcome->generation),
                             " is in force, not ", std::to_string(base)});
  return false;
}

// --- ConfigAdmin

ConfigOutcome ConfigStore::Apply(const control::ConfigPush& push) {
  const std::lock_guard changing(changing_);
  ConfigOutcome refused;
  if (!BaseFits(push.base_generation, push.any_base, &refused)) return refused;
  const auto refuse = [&](Refusal refusal, std::string message) {
    refused.refusal = refusal;
    refused.message = std::move(message);
    return refused;
  };
  std::vector<Assignment> previous = Overlay();
  Document document = ReadDocument(push.yaml, previous, schema_);
  if (!document.errors.empty()) {
    for (const absl::Status& error : document.errors) refused.findings.push_back(FindingOf(error));
    return refuse(Refusal::kInvalid, OneLine(refused.findings));
  }
  if (push.mask) {
    const auto keys = KeysOfMask(*push.mask, schema_);
    if (!keys.ok()) {
      const std::string path(ToStd(keys.status().message()));
      return refuse(Refusal::kMask, Concat({Printable(path), ": ", UnknownKey(schema_, path)}));
    }
    document.assignments = Merge(std::move(previous), std::move(document.assignments), *keys);
  }
  return Finish(Check(std::move(document.assignments)), push.validate_only, push.author,
                push.reason);
}

ConfigOutcome ConfigStore::Rollback(const control::ConfigRollback& rollback) {
  const std::lock_guard changing(changing_);
  ConfigOutcome refused;
  if (!BaseFits(rollback.base_generation, rollback.any_base, &refused)) return refused;
  std::string yaml;
  if (rollback.generation != 0) {
    const std::lock_guard lock(mutex_);
    const auto& kept = stored_.generations();
    const auto at = std::find_if(kept.begin(), kept.end(), [&](const v1::StoredGeneration& item) {
      return item.generation() == rollback.generation;
    });
    if (at == kept.end()) {
      refused.refusal = Refusal::kNotFound;
      refused.message =
          Concat({"generation ", std::to_string(rollback.generation), " is not kept; the last ",
                  std::to_string(kGenerationsMax), " are"});
      return refused;
    }
    yaml = at->yaml();
  }
  return Finish(Check(ReadAllOfYaml(yaml, "pushed", schema_).assignments), rollback.validate_only,
                rollback.author, rollback.reason);
}

std::vector<ConfigFinding> ConfigStore::Validate(const std::string& yaml) {
  const std::lock_guard changing(changing_);
  Document document = ReadDocument(yaml, Overlay(), schema_);
  std::vector<ConfigFinding> findings;
  for (const absl::Status& error : document.errors) findings.push_back(FindingOf(error));
  if (!findings.empty()) return findings;
  Candidate candidate = Check(std::move(document.assignments));
  for (ConfigFinding& finding : candidate.outcome.findings) {
    if (!finding.is_error) finding.message = "takes effect with the next start only";
  }
  // A secret's file that cannot be read is found here, not when it is too late.
  if (candidate.ok() && prepare_) {
    const absl::StatusOr<BringIn> prepared = prepare_(candidate.next);
    if (!prepared.ok()) candidate.outcome.findings.push_back(FindingOf(prepared.status()));
  }
  return std::move(candidate.outcome.findings);
}

control::ConfigView ConfigStore::Get(const std::vector<std::string>& keys) {
  control::ConfigView view;
  view.generation = generation();
  std::shared_ptr<const EffectiveConfig> running;
  {
    const std::lock_guard lock(mutex_);
    running = current_;
    view.applied_ms = applied_ms_;
  }
  for (const Key& key : schema_.keys()) {
    const bool wanted =
        keys.empty() || std::any_of(keys.begin(), keys.end(), [&](const std::string& name) {
          return key.path == name || key.path.starts_with(name + ".");
        });
    if (!wanted) continue;
    view.values.push_back({key.path, ValueText(key, running->config),
                           OriginOf(running->origins.at(key.path).kind), key.rule->reloadable(),
                           key.rule->secret(), key.rule->default_text()});
  }
  return view;
}

control::ConfigGeneration ConfigStore::Describe(const v1::StoredGeneration& stored) const {
  const std::vector<Assignment> overlay =
      ReadAllOfYaml(stored.yaml(), "pushed", schema_).assignments;
  return {stored.generation(),
          stored.time_ms(),
          stored.author(),
          stored.reason(),
          {stored.changed_keys().begin(), stored.changed_keys().end()},
          OverlayText(overlay, schema_, /*mask_secrets=*/true),
          stored.generation() == generation()};
}

std::vector<control::ConfigGeneration> ConfigStore::Generations(uint64_t before, size_t max) {
  std::vector<v1::StoredGeneration> newest;
  {
    const std::lock_guard lock(mutex_);
    for (auto at = stored_.generations().rbegin();
         at != stored_.generations().rend() && newest.size() < max; ++at) {
      if (before == 0 || at->generation() < before) newest.push_back(*at);
    }
  }
  std::vector<control::ConfigGeneration> generations;
  for (const v1::StoredGeneration& stored : newest) generations.push_back(Describe(stored));
  return generations;
}

control::ConfigGeneration ConfigStore::Current() {
  std::vector<control::ConfigGeneration> newest = Generations(0, 1);
  if (!newest.empty()) return std::move(newest.front());
  control::ConfigGeneration base;
  base.active = true;
  const std::lock_guard lock(mutex_);
  base.time_ms = applied_ms_;
  return base;
}

uint64_t ConfigStore::Watch(Watcher watcher) {
  const std::lock_guard lock(mutex_);
  watchers_.emplace(++watchers_made_, std::make_shared<const Watcher>(std::move(watcher)));
  return watchers_made_;
}

void ConfigStore::Unwatch(uint64_t id) {
  const std::lock_guard lock(mutex_);
  watchers_.erase(id);
}

void ConfigStore::Tell(const control::ConfigEvent& event) {
  std::vector<std::shared_ptr<const Watcher>> watchers;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [id, watcher] : watchers_) watchers.push_back(watcher);
  }
  for (const auto& watcher : watchers) (*watcher)(event);
}

}  // namespace smcp::config
