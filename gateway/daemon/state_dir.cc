#include "gateway/daemon/state_dir.h"

#include <openssl/sha.h>

#include <array>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "gateway/base/strings.h"

namespace smcp {
namespace {

// The first line of a file; behind it stands the checksum of all that follows the line.
constexpr std::string_view kHead = "smcp-gateway state 1 sha256 ";

std::string Checksum(std::string_view text) {
  std::array<unsigned char, SHA256_DIGEST_LENGTH> digest;
  SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data());
  return absl::BytesToHexString(
      absl::string_view(reinterpret_cast<const char*>(digest.data()), digest.size()));
}

absl::Status At(const std::string& path, const absl::Status& error) {
  return absl::Status(error.code(), absl::StrCat(path, ": ", error.message()));
}

}  // namespace

absl::StatusOr<std::unique_ptr<StateDir>> StateDir::Open(std::string path, FileSystem& files) {
  absl::StatusOr<int> lock = files.Lock(path + "/lock");
  if (absl::IsNotFound(lock.status())) {
    return absl::NotFoundError(
        absl::StrCat(path, ": there is no such directory; make it: mkdir -m 700 ", path));
  }
  if (!lock.ok()) {
    return absl::Status(lock.status().code(),
                        absl::StrCat(path, ": cannot be used: ", lock.status().message(),
                                     "; give a directory that this gateway alone may write"));
  }
  return std::unique_ptr<StateDir>(new StateDir(std::move(path), files, *lock));
}

StateDir::~StateDir() { files_.Close(lock_); }

std::string StateDir::PathOf(std::string_view name) const {
  return absl::StrCat(path_, "/", ToAbsl(name));
}

absl::StatusOr<std::string> StateDir::Read(std::string_view name) const {
  const std::string path = PathOf(name);
  absl::StatusOr<std::string> text = files_.Read(path);
  if (!text.ok()) return At(path, text.status());
  const size_t end = text->find('\n');
  const bool headed = text->starts_with(kHead) && end != std::string::npos;
  const std::string content = headed ? text->substr(end + 1) : "";
  if (!headed || text->substr(kHead.size(), end - kHead.size()) != Checksum(content)) {
    return absl::DataLossError(absl::StrCat(
        path,
        ": is damaged or was edited (its checksum differs); restore it, or remove it to "
        "start without pushed configuration"));
  }
  return content;
}

absl::Status StateDir::Write(std::string_view name, std::string_view content) {
  const std::string path = PathOf(name);
  const std::string fresh = path + ".new";
  const std::string text = absl::StrCat(ToAbsl(kHead), Checksum(content), "\n", ToAbsl(content));
  absl::Status status = WriteThrough(fresh, text);
  if (!status.ok()) return At(fresh, status);
  status = files_.Rename(fresh, path);
  if (status.ok()) status = files_.SyncDirectory(path_);
  return status.ok() ? status : At(path, status);
}

absl::Status StateDir::WriteThrough(const std::string& path, std::string_view text) {
  const absl::StatusOr<int> file = files_.Create(path);
  if (!file.ok()) return file.status();
  absl::Status status;
  while (status.ok() && !text.empty()) {
    const absl::StatusOr<size_t> written = files_.Write(*file, text);
    status = written.status();
    if (status.ok()) text.remove_prefix(*written);
  }
  if (status.ok()) status = files_.Sync(*file);
  files_.Close(*file);
  return status;
}

}  // namespace smcp
