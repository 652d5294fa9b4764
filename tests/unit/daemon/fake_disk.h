// A disk that can die: after a given number of calls nothing happens any more, and what a machine
// would find afterwards can be looked at, with or without what had not been brought to the platter.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "gateway/daemon/file_system.h"

namespace smcp {

class FakeDisk final : public FileSystem {
 public:
  // A crash in the middle of the call with this number (from 1); a write takes `bytes` of it.
  struct Death {
    int call = 0;  // 0: never
    size_t bytes = 0;
  };
  struct File {
    std::string content;
    size_t synced = 0;  // bytes that would survive a power cut
    bool synced_empty = false;
  };

  void Kill(Death death) { death_ = death; }
  int calls() const { return calls_; }
  bool dead() const { return dead_; }
  // Bytes that one write takes at most, as full disks and signals have it.
  size_t write_max = SIZE_MAX;

  // What a fresh process finds: the process died, the machine lives on.
  FakeDisk AfterProcessCrash() const { return Found(names_); }
  // What a fresh machine finds at worst: names as of the last sync of the directory, or, if
  // `names_survive`, the new names with whatever of the content had been synced.
  FakeDisk AfterPowerCut(bool names_survive) const {
    FakeDisk found = Found(names_survive ? names_ : synced_names_);
    for (auto& [path, file] : found.names_) file.content.resize(file.synced);
    return found;
  }

  absl::StatusOr<int> Create(const std::string& path) override {
    if (!Alive()) return Dead();
    names_[path] = File{};
    open_.push_back(path);
    return static_cast<int>(open_.size()) - 1;
  }
  absl::StatusOr<size_t> Write(int file, std::string_view bytes) override {
    File& there = names_[open_[static_cast<size_t>(file)]];
    if (!Alive()) {
      if (calls_ == death_.call) there.content += bytes.substr(0, death_.bytes);
      return Dead();
    }
    const std::string_view taken = bytes.substr(0, write_max);
    there.content += taken;
    return taken.size();
  }
  absl::Status Sync(int file) override {
    if (!Alive()) return Dead();
    File& there = names_[open_[static_cast<size_t>(file)]];
    there.synced = there.content.size();
    return absl::OkStatus();
  }
  void Close(int) override {}
  absl::Status Rename(const std::string& from, const std::string& to) override {
    if (!Alive()) return Dead();
    names_[to] = names_[from];
    names_.erase(from);
    return absl::OkStatus();
  }
  absl::Status SyncDirectory(const std::string&) override {
    if (!Alive()) return Dead();
    synced_names_ = names_;
    return absl::OkStatus();
  }
  absl::StatusOr<std::string> Read(const std::string& path) override {
    const auto at = names_.find(path);
    if (at == names_.end()) return absl::NotFoundError("No such file or directory");
    return at->second.content;
  }
  absl::StatusOr<int> Lock(const std::string&) override { return -1; }

 private:
  FakeDisk Found(std::map<std::string, File> names) const {
    FakeDisk found;
    found.names_ = std::move(names);
    found.synced_names_ = found.names_;
    return found;
  }
  bool Alive() {
    ++calls_;
    if (death_.call != 0 && calls_ >= death_.call) dead_ = true;
    return !dead_;
  }
  static absl::Status Dead() { return absl::UnavailableError("the disk is gone"); }

  std::map<std::string, File> names_;
  std::map<std::string, File> synced_names_;
  std::vector<std::string> open_;
  Death death_;
  int calls_ = 0;
  bool dead_ = false;
};

}  // namespace smcp
