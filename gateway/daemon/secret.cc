#include "gateway/daemon/secret.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <string_view>
#include <system_error>

#include "gateway/daemon/config_text.h"

namespace smcp::config {
namespace {

constexpr std::string_view kInline = "auth.api_key.admin_secret";
constexpr std::string_view kFile = "auth.api_key.admin_secret_file";
// HTTP servers, ours included, bound a header line: a longer secret could not be presented.
constexpr size_t kSecretBytesMax = 4096;

absl::Status CheckSecret(std::string_view secret, std::string_view place) {
  if (secret.empty()) return Invalid({place, ": the secret is empty; write one line"});
  if (secret.size() > kSecretBytesMax) {
    return Invalid({place, ": the secret is longer than 4096 bytes"});
  }
  const bool has_control = std::any_of(secret.begin(), secret.end(), [](char c) {
    return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
  });
  if (has_control) {
    return Invalid({place, ": the secret has more than one line or holds control characters"});
  }
  if (secret.front() == ' ' || secret.back() == ' ') {
    return Invalid({place, ": the secret starts or ends with a space, which HTTP headers drop"});
  }
  return absl::OkStatus();
}

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return fd_; }

 private:
  int fd_;
};

absl::StatusOr<Secret> ReadSecretFile(const std::string& path) {
  const std::string place = Concat({kFile, ": ", path});
  const auto failed = [&] {
    return absl::PermissionDeniedError(
        Concat({place, ": cannot be read: ", std::generic_category().message(errno)}));
  };
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  struct stat info {};
  if (file.get() < 0 || ::fstat(file.get(), &info) != 0) return failed();
  // A pipe or a device would keep a reload waiting.
  if (!S_ISREG(info.st_mode)) return Invalid({place, ": is no regular file"});
  Secret secret;
  std::array<char, kSecretBytesMax + 3> buffer{};  // the longest secret, "\r\n", one too many
  size_t size = 0;
  while (size < buffer.size()) {
    const ssize_t got = ::read(file.get(), buffer.data() + size, buffer.size() - size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return failed();
    if (got == 0) break;
    size += static_cast<size_t>(got);
  }
  std::string_view text(buffer.data(), size);
  if (text.ends_with('\n')) text.remove_suffix(1);
  if (text.ends_with('\r')) text.remove_suffix(1);
  if (absl::Status checked = CheckSecret(text, place); !checked.ok()) return checked;
  secret.value = text;
  if ((info.st_mode & S_IROTH) != 0) {
    secret.warnings.push_back(
        Concat({place, ": every user of this machine can read it; run chmod o-r on it"}));
  }
  return secret;
}

}  // namespace

absl::StatusOr<Secret> LoadSecret(const v1::GatewayConfig& config) {
  const auto& api_key = config.auth().api_key();
  if (!api_key.admin_secret().empty() && !api_key.admin_secret_file().empty()) {
    return Invalid({kInline, " and ", kFile, " are both set; give only one of them"});
  }
  if (!api_key.admin_secret_file().empty()) return ReadSecretFile(api_key.admin_secret_file());
  if (api_key.admin_secret().empty()) return Secret{};
  if (absl::Status checked = CheckSecret(api_key.admin_secret(), kInline); !checked.ok()) {
    return checked;
  }
  return Secret{api_key.admin_secret(), {}};
}

std::string RandomSecret(Random& random) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::array<uint8_t, 32> bytes{};
  random.Fill(bytes);
  std::string text;
  for (const uint8_t byte : bytes) {
    text += kDigits[byte >> 4];
    text += kDigits[byte & 15];
  }
  return text;
}

}  // namespace smcp::config
