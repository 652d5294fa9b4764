// What the tests of the configuration share: a file that is removed at the end, the message of a
// refused load, the value of a loaded key.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/base/strings.h"
#include "gateway/daemon/config.h"

namespace smcp::config {

// A file in a directory of its own. Its path differs from run to run, so errors are compared with
// the path replaced by "FILE".
class TempFile {
 public:
  explicit TempFile(std::string_view content) {
    std::string pattern = (std::filesystem::temp_directory_path() / "smcp-config-XXXXXX").string();
    directory_ = ::mkdtemp(pattern.data());
    path_ = directory_ + "/gateway.yaml";
    std::ofstream(path_, std::ios::binary) << content;
  }
  ~TempFile() { std::filesystem::remove_all(directory_); }
  TempFile(const TempFile&) = delete;
  TempFile& operator=(const TempFile&) = delete;

  const std::string& path() const { return path_; }
  const std::string& directory() const { return directory_; }
  std::string Hide(std::string text) const {
    for (size_t at = text.find(path_); at != std::string::npos; at = text.find(path_)) {
      text.replace(at, path_.size(), "FILE");
    }
    return text;
  }

 private:
  std::string directory_;
  std::string path_;
};

template <class T>
std::string ErrorOf(const absl::StatusOr<T>& result) {
  return result.ok() ? "no error" : std::string(ToStd(result.status().message()));
}

inline EffectiveConfig MustLoad(const ConfigSources& sources) {
  absl::StatusOr<EffectiveConfig> loaded = LoadConfig(sources);
  EXPECT_EQ(ErrorOf(loaded), "no error");
  return loaded.ok() ? *std::move(loaded) : EffectiveConfig{};
}

inline EffectiveConfig LoadText(std::string_view content) {
  const TempFile file(content);
  return MustLoad({file.path(), {}, {}});
}

// The error of a configuration file with this content.
inline std::string FileError(std::string_view content) {
  const TempFile file(content);
  return file.Hide(ErrorOf(LoadConfig({file.path(), {}, {}})));
}

inline std::string SetError(std::string set) {
  return ErrorOf(LoadConfig({std::nullopt, {}, {std::move(set)}}));
}

inline std::string EnvironmentError(std::string name, std::string value) {
  return ErrorOf(LoadConfig({std::nullopt, {{std::move(name), std::move(value)}}, {}}));
}

inline std::vector<std::string> Items(const google::protobuf::RepeatedPtrField<std::string>& list) {
  return {list.begin(), list.end()};
}

}  // namespace smcp::config
