#include "clients/smcpctl/contexts.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "clients/smcpctl/failure.h"

namespace smcpctl {
namespace {

class Contexts : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = testing::TempDir() + "/smcpctl-XXXXXX";
    folder_ = mkdtemp(name.data());
    path_ = folder_ + "/deep/config.yaml";
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  void Write(const std::string& text, mode_t mode) {
    std::filesystem::create_directories(folder_ + "/deep");
    std::ofstream(path_) << text;
    chmod(path_.c_str(), mode);
  }

  std::string folder_;
  std::string path_;
};

TEST_F(Contexts, NoFileIsAnEmptyOne) {
  const auto file = LoadContexts(path_);
  ASSERT_TRUE(file.ok());
  EXPECT_TRUE(file->contexts.empty());
}

TEST_F(Contexts, EverySettingSurvives) {
  ContextFile file;
  file.current = "a: \"b\"";
  for (const SettingKey& key : kSettingKeys) {
    file.contexts[file.current].*key.member = key.boolean ? "true" : "exec://x \"y\" # z";
  }
  ASSERT_TRUE(SaveContexts(path_, file).ok());
  const auto back = LoadContexts(path_);
  ASSERT_TRUE(back.ok()) << back.status();
  EXPECT_EQ(back->current, file.current);
  for (const SettingKey& key : kSettingKeys) {
    EXPECT_EQ(back->contexts.at(file.current).*key.member, file.contexts[file.current].*key.member);
  }
}

TEST_F(Contexts, IsItsOwnersAlone) {
  ASSERT_TRUE(SaveContexts(path_, {}).ok());
  struct stat info {};
  ASSERT_EQ(stat(path_.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777U, 0600U);
  for (const mode_t mode : {0640U, 0604U, 0660U}) {
    chmod(path_.c_str(), mode);
    const auto file = LoadContexts(path_);
    ASSERT_FALSE(file.ok());
    EXPECT_NE(std::string(file.status().message()).find("chmod 600"), std::string::npos);
  }
}

TEST_F(Contexts, LeavesNoOtherFileBehind) {
  ASSERT_TRUE(SaveContexts(path_, {}).ok());
  ASSERT_TRUE(SaveContexts(path_, {}).ok());
  size_t files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder_ + "/deep")) {
    files += entry.is_regular_file() ? 1 : 0;
  }
  EXPECT_EQ(files, 1U);
}

TEST_F(Contexts, MistakesAreNamed) {
  for (const char* text : {"contexts: {a: {endpont: x}}", "contexts: {a: 5}", "- a", "a: [",
                           "contexts: {a: {tls: maybe}}"}) {
    Write(text, 0600);
    EXPECT_FALSE(LoadContexts(path_).ok()) << text;
  }
}

TEST_F(Contexts, AnUnknownNameListsThoseThereAre) {
  ContextFile file;
  file.contexts["lab"] = {};
  file.contexts["prod"] = {};
  EXPECT_TRUE(FindContext(file, "lab").ok());
  const auto found = FindContext(file, "pord");
  EXPECT_EQ(ExitOf(found.status()), Exit::kUsage);
  EXPECT_NE(std::string(found.status().message()).find("lab, prod"), std::string::npos);
}

TEST(ContextPath, FollowsTheEnvironment) {
  const auto path = [](const char* set, const char* value) {
    return ContextPath([set, value](const char* name) -> const char* {
      if (std::string(name) == set) return value;
      return std::string(name) == "HOME" ? "/h" : nullptr;
    });
  };
  EXPECT_EQ(path("SMCPCTL_CONFIG", "/c.yaml"), "/c.yaml");
  EXPECT_EQ(path("XDG_CONFIG_HOME", "/x"), "/x/smcpctl/config.yaml");
  EXPECT_EQ(path("OTHER", ""), "/h/.config/smcpctl/config.yaml");
}

}  // namespace
}  // namespace smcpctl
