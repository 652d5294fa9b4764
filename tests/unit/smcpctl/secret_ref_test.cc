#include "clients/smcpctl/secret_ref.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <cstdio>
#include <fstream>

namespace smcpctl {
namespace {

class File {
 public:
  explicit File(const std::string& text) : path_(testing::TempDir() + "/smcpctl-secret") {
    std::ofstream(path_) << text;
  }
  ~File() { std::remove(path_.c_str()); }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

TEST(SecretRef, LeadsToVariableFileAndCommand) {
  setenv("SMCPCTL_TEST_SECRET", "from-env", 1);
  const File file("from-file\n");
  EXPECT_EQ(*ResolveSecret("env://SMCPCTL_TEST_SECRET"), "from-env");
  EXPECT_EQ(*ResolveSecret("file://" + file.path()), "from-file");
  EXPECT_EQ(*ResolveSecret("exec://printf 'from exec\\n'"), "from exec");
  EXPECT_EQ(*ResolveSecret("plain"), "plain");
  unsetenv("SMCPCTL_TEST_SECRET");
}

TEST(SecretRef, ErrorsNameTheReference) {
  for (const char* ref :
       {"env://SMCPCTL_TEST_UNSET", "file:///nonexistent/x", "exec://exit 3", "exec://true"}) {
    const auto value = ResolveSecret(ref);
    ASSERT_FALSE(value.ok()) << ref;
    EXPECT_FALSE(value.status().message().empty());
  }
}

TEST(SecretRef, PemIsAFileUnlessItIsAReference) {
  const File file("PEM");
  EXPECT_EQ(*ResolvePem(file.path()), "PEM");
  EXPECT_EQ(*ResolvePem("exec://echo PEM"), "PEM");
  EXPECT_FALSE(ResolvePem("/nonexistent/x").ok());
}

}  // namespace
}  // namespace smcpctl
