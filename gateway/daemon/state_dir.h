// Files that survive the process, each replaced as a whole: a crash at any byte leaves the old
// content or the new one, and what is neither is noticed.
//
// A file is written beside the old one, brought to disk, renamed over it, and then the directory is
// brought to disk; its first line holds a checksum of the rest. The directory is locked, because
// two gateways would overwrite each other's. Thread rule: one thread at a time; calls block.
// Errors: one line with the path and how to mend it.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "gateway/daemon/file_system.h"

namespace smcp {

class StateDir {
 public:
  static absl::StatusOr<std::unique_ptr<StateDir>> Open(std::string path, FileSystem& files);
  ~StateDir();
  StateDir(const StateDir&) = delete;
  StateDir& operator=(const StateDir&) = delete;

  // NOT_FOUND if it was never written, DATA_LOSS if it is damaged.
  absl::StatusOr<std::string> Read(std::string_view name) const;
  // On error the old content is still there.
  absl::Status Write(std::string_view name, std::string_view content);
  std::string PathOf(std::string_view name) const;

 private:
  StateDir(std::string path, FileSystem& files, int lock)
      : path_(std::move(path)), files_(files), lock_(lock) {}
  absl::Status WriteThrough(const std::string& path, std::string_view text);

  const std::string path_;
  FileSystem& files_;
  const int lock_;
};

}  // namespace smcp
