#include "control/access.h"

#include <gtest/gtest.h>

#include "control/errors.h"
#include "control/glob.h"

namespace smcp::control {
namespace {

TokenGrant Token(const std::string& name, const std::string& secret, v1::AccessRole role,
                 std::vector<std::string> offices = {}) {
  return {name, role, std::move(offices), Sha256Hex(secret)};
}

AccessPolicy Policy(const AccessOptions& options) {
  auto policy = AccessPolicy::Create(options);
  EXPECT_TRUE(policy.ok()) << policy.status();
  return policy.ok() ? *std::move(policy) : *AccessPolicy::Create({});
}

TEST(Access, WithoutCredentialsEverybodyIsAdmin) {
  const AccessPolicy policy = Policy({});
  EXPECT_TRUE(policy.open());
  EXPECT_EQ(policy.Authenticate("", {})->role, v1::ADMIN);
  EXPECT_EQ(policy.Authenticate("Bearer whatever", {})->role, v1::ADMIN);
}

TEST(Access, TokenIsFoundByItsHash) {
  AccessOptions options;
  options.tokens = {Token("ops", "s3cret", v1::OPERATOR),
                    Token("see", "other", v1::VIEWER, {"a*"})};
  const AccessPolicy policy = Policy(options);
  EXPECT_EQ(policy.Authenticate("Bearer s3cret", {})->name, "ops");
  EXPECT_EQ(policy.Authenticate("bearer  s3cret", {})->role, v1::OPERATOR);
  EXPECT_EQ(policy.Authenticate("Bearer other", {})->offices, std::vector<std::string>{"a*"});
  for (const char* wrong : {"Bearer s3cre", "Bearer s3crets", "Bearer ", "Bearer", "Basic s3cret",
                            "s3cret", "Bearer s3cret "}) {
    const auto caller = policy.Authenticate(wrong, {});
    ASSERT_FALSE(caller.ok()) << wrong;
    EXPECT_EQ(ReasonOf(caller.status()), v1::CREDENTIAL_INVALID);
    EXPECT_EQ(caller.status().code(), absl::StatusCode::kUnauthenticated);
    EXPECT_EQ(caller.status().ToString().find("s3cre"), std::string::npos) << "a token leaks";
  }
  EXPECT_EQ(ReasonOf(policy.Authenticate("", {}).status()), v1::CREDENTIAL_REQUIRED);
}

TEST(Access, CertificateNamesHaveRoles) {
  AccessOptions options;
  options.certificates = {{"", "spiffe://x/ops/*", v1::OPERATOR, {}},
                          {"ci", "ci.example", v1::VIEWER, {}}};
  const AccessPolicy policy = Policy(options);
  EXPECT_EQ(policy.Authenticate("", {"other", "spiffe://x/ops/ann"})->name, "spiffe://x/ops/ann");
  EXPECT_EQ(policy.Authenticate("", {"ci.example"})->name, "ci");
  EXPECT_EQ(ReasonOf(policy.Authenticate("", {"ci.example.org"}).status()), v1::CREDENTIAL_INVALID);
}

TEST(Access, WhatCannotBeMeantIsRefused) {
  const auto refused = [](const AccessOptions& options) {
    return !AccessPolicy::Create(options).ok();
  };
  AccessOptions options;
  options.tokens = {Token("a", "x", v1::VIEWER), Token("a", "y", v1::VIEWER)};
  EXPECT_TRUE(refused(options));
  options.tokens = {Token("", "x", v1::VIEWER)};
  EXPECT_TRUE(refused(options));
  options.tokens = {Token("a", "x", v1::ACCESS_ROLE_UNSPECIFIED)};
  EXPECT_TRUE(refused(options));
  options.tokens = {{"a", v1::VIEWER, {}, "abc"}};
  EXPECT_TRUE(refused(options));
  options.tokens = {{"a", v1::VIEWER, {}, std::string(64, 'g')}};
  EXPECT_TRUE(refused(options));
}

TEST(Access, HashIsTheStandardOne) {
  EXPECT_EQ(Sha256Hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(Access, RolesAreAScale) {
  const Caller operator_role{"o", "", v1::OPERATOR, {}};
  EXPECT_TRUE(RequireRole(operator_role, v1::VIEWER).ok());
  EXPECT_TRUE(RequireRole(operator_role, v1::OPERATOR).ok());
  EXPECT_EQ(ReasonOf(RequireRole(operator_role, v1::ADMIN)), v1::ROLE_REQUIRED);
}

TEST(Access, OfficesLimit) {
  const Caller limited{"o", "", v1::ADMIN, {"team-*", "x"}};
  EXPECT_TRUE(limited.MaySee("team-7"));
  EXPECT_TRUE(limited.MaySee("x"));
  EXPECT_FALSE(limited.MaySee("xy"));
  EXPECT_FALSE(limited.MaySee("")) << "no office";
  EXPECT_EQ(ReasonOf(RequireOffice(limited, "other")), v1::OFFICE_SCOPE);
  EXPECT_TRUE((Caller{"o", "", v1::VIEWER, {}}).MaySee(""));
}

TEST(Glob, Matches) {
  for (const auto& [pattern, text, matches] :
       std::vector<std::tuple<std::string, std::string, bool>>{{"*", "", true},
                                                               {"", "", true},
                                                               {"", "a", false},
                                                               {"a*c", "abbc", true},
                                                               {"a*c", "abcb", false},
                                                               {"?", "a", true},
                                                               {"?", "", false},
                                                               {"*a*b*", "xxaxxbxx", true},
                                                               {"**", "x", true},
                                                               {"a?c*", "abc", true},
                                                               {"*ab", "aab", true}}) {
    EXPECT_EQ(GlobMatches(pattern, text), matches) << pattern << " " << text;
  }
  EXPECT_FALSE(GlobMatches("a*a*a*a*a*a*a*a*b", std::string(2'000, 'a')));
}

}  // namespace
}  // namespace smcp::control
