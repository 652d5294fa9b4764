#include "gateway/daemon/file_system.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <system_error>

namespace smcp {
namespace {

constexpr mode_t kOwnerOnly = 0600;
constexpr off_t kReadMax = 16 << 20;

absl::Status Failed(int error) {
  const std::string why = std::generic_category().message(error);
  return error == ENOENT ? absl::NotFoundError(why) : absl::UnavailableError(why);
}

class System final : public FileSystem {
 public:
  absl::StatusOr<int> Create(const std::string& path) override {
    const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, kOwnerOnly);
    if (file < 0) return Failed(errno);
    return file;
  }

  absl::StatusOr<size_t> Write(int file, std::string_view bytes) override {
    while (true) {
      const ssize_t written = ::write(file, bytes.data(), bytes.size());
      if (written > 0) return static_cast<size_t>(written);
      if (written == 0) return Failed(ENOSPC);
      if (errno != EINTR) return Failed(errno);
    }
  }

  absl::Status Sync(int file) override {
    return ::fsync(file) == 0 ? absl::OkStatus() : Failed(errno);
  }

  void Close(int file) override { ::close(file); }

  absl::Status Rename(const std::string& from, const std::string& to) override {
    return ::rename(from.c_str(), to.c_str()) == 0 ? absl::OkStatus() : Failed(errno);
  }

  absl::Status SyncDirectory(const std::string& path) override {
    const int directory = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (directory < 0) return Failed(errno);
    absl::Status synced = Sync(directory);
    ::close(directory);
    return synced;
  }

  absl::StatusOr<std::string> Read(const std::string& path) override {
    // A pipe or a device would keep a reload waiting, or never end.
    const int file = ::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (file < 0) return Failed(errno);
    struct stat info {};
    if (::fstat(file, &info) != 0 || !S_ISREG(info.st_mode) || info.st_size > kReadMax) {
      ::close(file);
      return absl::InvalidArgumentError("it is no regular file of at most 16 MiB");
    }
    std::string text;
    std::array<char, 16384> buffer;
    ssize_t got = 0;
    while ((got = ::read(file, buffer.data(), buffer.size())) != 0) {
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) break;
      text.append(buffer.data(), static_cast<size_t>(got));
    }
    const int error = errno;
    ::close(file);
    if (got < 0) return Failed(error);
    return text;
  }

  absl::StatusOr<int> Lock(const std::string& path) override {
    const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, kOwnerOnly);
    if (file < 0) return Failed(errno);
    if (::flock(file, LOCK_EX | LOCK_NB) == 0) return file;
    ::close(file);
    return absl::FailedPreconditionError("another gateway uses it");
  }
};

}  // namespace

FileSystem& SystemFiles() {
  static System system;
  return system;
}

}  // namespace smcp
