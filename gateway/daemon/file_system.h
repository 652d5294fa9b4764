// The few calls by which state is written, as a seam: a test stands in for the disk and lets it die
// at any of them.
//
// Thread rule: any thread; calls block. Errors: one clause that says what the system said.
#pragma once

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace smcp {

class FileSystem {
 public:
  virtual ~FileSystem() = default;

  // An empty file for writing that only its owner may read. What is there is cut off.
  virtual absl::StatusOr<int> Create(const std::string& path) = 0;
  // At least one byte of `bytes`, which are not none.
  virtual absl::StatusOr<size_t> Write(int file, std::string_view bytes) = 0;
  virtual absl::Status Sync(int file) = 0;
  virtual void Close(int file) = 0;
  virtual absl::Status Rename(const std::string& from, const std::string& to) = 0;
  virtual absl::Status SyncDirectory(const std::string& path) = 0;
  // NOT_FOUND if there is no such file.
  virtual absl::StatusOr<std::string> Read(const std::string& path) = 0;
  // Held until Close; FAILED_PRECONDITION if somebody else holds it.
  virtual absl::StatusOr<int> Lock(const std::string& path) = 0;
};

// The machine's own.
FileSystem& SystemFiles();

}  // namespace smcp
