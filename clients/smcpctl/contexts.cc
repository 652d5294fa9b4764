#include "clients/smcpctl/contexts.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <yaml-cpp/yaml.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <exception>
#include <filesystem>

#include "clients/smcpctl/failure.h"
#include "clients/smcpctl/secret_ref.h"
#include "clients/smcpctl/text.h"

namespace smcpctl {
namespace {

absl::Status FileError(const std::string& path, const std::string& what) {
  return Fail(Exit::kFailed, path + ": " + what);
}

absl::Status CheckMode(const std::string& path) {
  struct stat info {};
  if (stat(path.c_str(), &info) != 0) return FileError(path, std::strerror(errno));
  if ((info.st_mode & 077U) == 0) return absl::OkStatus();
  return FileError(path, "others may read it and it may hold tokens: chmod 600 " + path);
}

absl::StatusOr<Settings> ReadContext(const std::string& path, const YAML::Node& node,
                                     const std::string& name) {
  Settings out;
  if (!node.IsMap()) return FileError(path, "context '" + name + "' is no map of keys");
  for (const auto& entry : node) {
    const SettingKey* found = nullptr;
    for (const SettingKey& key : kSettingKeys) {
      if (entry.first.Scalar() == key.name) found = &key;
    }
    if (found == nullptr || !entry.second.IsScalar()) {
      return FileError(path, "context '" + name + "': unknown key '" + entry.first.Scalar() + "'");
    }
    if (found->boolean && !ParseBool(entry.second.Scalar()).has_value()) {
      return FileError(path, "context '" + name + "': " + found->name + " is true or false");
    }
    out.*found->member = entry.second.Scalar();
  }
  return out;
}

absl::StatusOr<ContextFile> Parse(const std::string& path, const std::string& text) {
  ContextFile out;
  const YAML::Node root = YAML::Load(text);
  if (root.IsNull()) return out;
  if (!root.IsMap()) return FileError(path, "expected 'current:' and 'contexts:'");
  if (root["current"]) out.current = root["current"].Scalar();
  for (const auto& entry : root["contexts"]) {
    auto context = ReadContext(path, entry.second, entry.first.Scalar());
    if (!context.ok()) return context.status();
    out.contexts[entry.first.Scalar()] = *std::move(context);
  }
  return out;
}

std::string Emit(const ContextFile& file) {
  YAML::Emitter out;
  out << YAML::BeginMap << YAML::Key << "current" << YAML::Value << YAML::DoubleQuoted
      << file.current << YAML::Key << "contexts" << YAML::Value << YAML::BeginMap;
  for (const auto& [name, settings] : file.contexts) {
    out << YAML::Key << YAML::DoubleQuoted << name << YAML::Value << YAML::BeginMap;
    for (const SettingKey& key : kSettingKeys) {
      if (const auto& value = settings.*key.member; value.has_value()) {
        out << YAML::Key << key.name << YAML::Value << YAML::DoubleQuoted << *value;
      }
    }
    out << YAML::EndMap;
  }
  out << YAML::EndMap << YAML::EndMap;
  return std::string(out.c_str()) + "\n";
}

bool WriteAll(int fd, const std::string& text) {
  for (size_t done = 0; done < text.size();) {
    const ssize_t wrote = write(fd, text.data() + done, text.size() - done);
    if (wrote < 0) return false;
    done += static_cast<size_t>(wrote);
  }
  return fsync(fd) == 0;
}

}  // namespace

std::string ContextPath(const GetEnv& get) {
  const auto value = [&get](const char* name) {
    const char* text = get(name);
    return std::string(text == nullptr ? "" : text);
  };
  if (const std::string path = value("SMCPCTL_CONFIG"); !path.empty()) return path;
  const std::string base = value("XDG_CONFIG_HOME");
  return (base.empty() ? value("HOME") + "/.config" : base) + "/smcpctl/config.yaml";
}

// yaml-cpp reports by throwing: caught here, at the seam.
absl::StatusOr<ContextFile> LoadContexts(const std::string& path) {
  if (access(path.c_str(), F_OK) != 0) return ContextFile{};
  if (absl::Status mode = CheckMode(path); !mode.ok()) return mode;
  auto text = ReadFile(path);
  if (!text.ok()) return text.status();
  try {
    return Parse(path, *text);
  } catch (const std::exception& error) {
    return FileError(path, Printable(error.what()));
  }
}

absl::Status SaveContexts(const std::string& path, const ContextFile& file) {
  const std::filesystem::path folder = std::filesystem::path(path).parent_path();
  if (std::error_code error; !folder.empty()) {
    const bool made = std::filesystem::create_directories(folder, error);
    if (error) return FileError(folder.string(), error.message());
    if (made) std::filesystem::permissions(folder, std::filesystem::perms::owner_all, error);
  }
  const std::string fresh = path + "." + std::to_string(getpid());
  const int fd = open(fresh.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd < 0) return FileError(fresh, std::strerror(errno));
  const bool wrote = WriteAll(fd, Emit(file));
  const int write_error = errno;
  close(fd);
  if (!wrote || std::rename(fresh.c_str(), path.c_str()) != 0) {
    const int error = wrote ? errno : write_error;
    unlink(fresh.c_str());
    return FileError(path, std::strerror(error));
  }
  return absl::OkStatus();
}

absl::StatusOr<Settings> FindContext(const ContextFile& file, const std::string& name) {
  const auto found = file.contexts.find(name);
  if (found != file.contexts.end()) return found->second;
  std::vector<std::string> names;
  for (const auto& [known, settings] : file.contexts) names.push_back(known);
  return UsageError("no context '" + name + "'; there " +
                    (names.empty() ? "are none: 'smcpctl context add NAME --endpoint HOST:PORT'"
                                   : "are: " + Join(names, ", ")));
}

}  // namespace smcpctl
