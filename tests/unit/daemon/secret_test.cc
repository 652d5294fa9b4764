#include "gateway/daemon/secret.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "tests/unit/daemon/config_fixture.h"

namespace smcp::config {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

namespace fs = std::filesystem;

GatewayConfig WithSecret(const std::string& secret) {
  GatewayConfig config;
  config.mutable_auth()->mutable_api_key()->set_admin_secret(secret);
  return config;
}

GatewayConfig WithFile(const TempFile& file) {
  fs::permissions(file.path(), fs::perms::owner_read | fs::perms::owner_write);
  GatewayConfig config;
  config.mutable_auth()->mutable_api_key()->set_admin_secret_file(file.path());
  return config;
}

std::string FileSecretError(std::string_view content) {
  const TempFile file(content);
  return file.Hide(ErrorOf(LoadSecret(WithFile(file))));
}

TEST(LoadSecret, FindsNoneIfNoneIsConfigured) {
  const auto secret = LoadSecret(MustLoad({}).config);
  ASSERT_TRUE(secret.ok());
  EXPECT_EQ(secret->value, "");
}

TEST(LoadSecret, TakesTheOneInTheConfiguration) {
  const auto secret = LoadSecret(WithSecret("s e c r e t"));
  ASSERT_TRUE(secret.ok());
  EXPECT_EQ(secret->value, "s e c r e t");
  EXPECT_THAT(secret->warnings, IsEmpty());
}

TEST(LoadSecret, ReadsTheFileWithoutItsLastNewline) {
  for (const char* content : {"hunter2", "hunter2\n", "hunter2\r\n"}) {
    const TempFile file(content);
    const auto secret = LoadSecret(WithFile(file));
    ASSERT_EQ(ErrorOf(secret), "no error");
    EXPECT_EQ(secret->value, "hunter2");
    EXPECT_THAT(secret->warnings, IsEmpty());
  }
  const TempFile longest(std::string(4096, 'x') + "\r\n");
  EXPECT_EQ(ErrorOf(LoadSecret(WithFile(longest))), "no error");
}

TEST(LoadSecret, RefusesAFileThatHoldsNoUsableSecret) {
  const std::string place = "auth.api_key.admin_secret_file: FILE: ";
  for (const char* content : {"", "\n", "\r\n"}) {
    EXPECT_EQ(FileSecretError(content), place + "the secret is empty; write one line");
  }
  for (const char* content : {"hunter2\n\n", "hunter2\nhunter3\n", "hunter2\x01"}) {
    EXPECT_EQ(FileSecretError(content),
              place + "the secret has more than one line or holds control characters");
  }
  EXPECT_EQ(FileSecretError("hunter2 \n"),
            place + "the secret starts or ends with a space, which HTTP headers drop");
  EXPECT_EQ(FileSecretError(std::string(4097, 'x')),
            place + "the secret is longer than 4096 bytes");
}

TEST(LoadSecret, RefusesAFileThatCannotBeRead) {
  const TempFile file("x");
  GatewayConfig config = WithFile(file);
  config.mutable_auth()->mutable_api_key()->set_admin_secret_file(file.path() + "2");
  EXPECT_THAT(ErrorOf(LoadSecret(config)), HasSubstr("cannot be read: No such file or directory"));
  config.mutable_auth()->mutable_api_key()->set_admin_secret_file(file.directory());
  EXPECT_THAT(ErrorOf(LoadSecret(config)), HasSubstr("is no regular file"));
  config.mutable_auth()->mutable_api_key()->set_admin_secret_file("/dev/zero");
  EXPECT_THAT(ErrorOf(LoadSecret(config)), HasSubstr("is no regular file"));
}

TEST(LoadSecret, WarnsIfEverybodyCanReadTheFile) {
  const TempFile file("hunter2\n");
  const GatewayConfig config = WithFile(file);
  fs::permissions(file.path(), fs::perms::others_read, fs::perm_options::add);
  const auto secret = LoadSecret(config);
  ASSERT_TRUE(secret.ok());
  EXPECT_EQ(secret->value, "hunter2");
  ASSERT_EQ(secret->warnings.size(), 1U);
  EXPECT_EQ(file.Hide(secret->warnings.front()),
            "auth.api_key.admin_secret_file: FILE: every user of this machine can read it; run "
            "chmod o-r on it");
}

TEST(LoadSecret, RefusesBothForms) {
  const TempFile file("hunter2\n");
  GatewayConfig config = WithFile(file);
  config.mutable_auth()->mutable_api_key()->set_admin_secret("hunter3");
  EXPECT_EQ(ErrorOf(LoadSecret(config)),
            "auth.api_key.admin_secret and auth.api_key.admin_secret_file are both set; give only "
            "one of them");
}

TEST(LoadSecret, RefusesASecretThatNoHeaderCouldCarryWithoutQuotingIt) {
  for (const char* secret : {" hunter2", "hunter2 ", "hun\nter2"}) {
    const std::string error = ErrorOf(LoadSecret(WithSecret(secret)));
    EXPECT_THAT(error, ::testing::StartsWith("auth.api_key.admin_secret: the secret "));
    EXPECT_THAT(error, Not(HasSubstr("ter2")));
  }
}

TEST(RandomSecret, Is64HexDigitsOfTheGivenRandom) {
  SeededRandom random(1);
  SeededRandom same(1);
  const std::string secret = RandomSecret(random);
  EXPECT_EQ(secret.size(), 64U);
  EXPECT_EQ(secret.find_first_not_of("0123456789abcdef"), std::string::npos);
  EXPECT_EQ(secret, RandomSecret(same));
  EXPECT_NE(secret, RandomSecret(random));
}

}  // namespace
}  // namespace smcp::config
