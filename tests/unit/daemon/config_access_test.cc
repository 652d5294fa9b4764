#include "gateway/daemon/config_access.h"

#include <gmock/gmock.h>

#include "gateway/base/strings.h"

namespace smcp::config {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

const std::string kHash(64, 'a');

TEST(ControlToken, IsNameRoleAndHash) {
  const auto token = ParseControlToken("ci:viewer:sha256=" + kHash);
  ASSERT_TRUE(token.ok()) << token.status();
  EXPECT_EQ(token->name, "ci");
  EXPECT_EQ(token->role, "viewer");
  EXPECT_EQ(token->sha256, kHash);
  EXPECT_EQ(token->file, "");
  EXPECT_THAT(token->offices, IsEmpty());
}

TEST(ControlToken, MayNameAFileAndOffices) {
  const auto token = ParseControlToken("ops:operator:file=/run/t:offices=lab-*|a:b");
  ASSERT_TRUE(token.ok()) << token.status();
  EXPECT_EQ(token->file, "/run/t");
  EXPECT_EQ(token->sha256, "");
  EXPECT_THAT(token->offices, ElementsAre("lab-*", "a:b"));
}

TEST(ControlToken, RefusesEverythingElseWithoutQuotingIt) {
  for (const std::string& text :
       {std::string("ci"), std::string("ci:viewer"), ":viewer:sha256=" + kHash,
        "ci:root:sha256=" + kHash, std::string("ci:viewer:geheim-7731"),
        std::string("ci:viewer:sha256=geheim-7731"), "ci:viewer:sha256=" + kHash + "a",
        std::string("ci:viewer:file="),
        "ci:viewer:sha256=" + kHash + ":offices=", "ci:viewer:sha256=" + kHash + ":offices=a||b"}) {
    const auto token = ParseControlToken(text);
    ASSERT_FALSE(token.ok()) << text;
    EXPECT_THAT(std::string(ToStd(token.status().message())), Not(HasSubstr("geheim"))) << text;
  }
}

TEST(SanRole, IsANameAndARole) {
  const auto role = ParseSanRole("spiffe://x/ops?a=b=admin:offices=lab");
  ASSERT_TRUE(role.ok()) << role.status();
  EXPECT_EQ(role->san, "spiffe://x/ops?a=b");
  EXPECT_EQ(role->role, "admin");
  EXPECT_THAT(role->offices, ElementsAre("lab"));
  for (const char* text : {"", "x", "=admin", "x=", "x=root", "x=admin:offices="}) {
    EXPECT_FALSE(ParseSanRole(text).ok()) << text;
  }
}

}  // namespace
}  // namespace smcp::config
