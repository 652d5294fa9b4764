#include "clients/smcpctl/settings.h"

#include <gtest/gtest.h>

#include <map>

#include "clients/smcpctl/failure.h"

namespace smcpctl {
namespace {

GetEnv Env(std::map<std::string, std::string> variables) {
  return [variables](const char* name) -> const char* {
    const auto found = variables.find(name);
    return found == variables.end() ? nullptr : found->second.c_str();
  };
}

TEST(Settings, FlagOverEnvironmentOverContextKeyByKey) {
  for (const SettingKey& key : kSettingKeys) {
    Settings context;
    Settings environment;
    Settings flags;
    EXPECT_EQ(Overlay(Overlay(context, environment), flags).*key.member, std::nullopt) << key.name;
    context.*key.member = "context";
    EXPECT_EQ(Overlay(Overlay(context, environment), flags).*key.member, "context") << key.name;
    environment.*key.member = "environment";
    EXPECT_EQ(Overlay(Overlay(context, environment), flags).*key.member, "environment");
    flags.*key.member = "flag";
    EXPECT_EQ(Overlay(Overlay(context, environment), flags).*key.member, "flag") << key.name;
  }
}

TEST(Settings, EveryKeyIsReadFromItsVariable) {
  for (const SettingKey& key : kSettingKeys) {
    const auto settings = FromEnvironment(Env({{key.variable, "true"}}));
    ASSERT_TRUE(settings.ok());
    EXPECT_EQ((*settings).*key.member, "true") << key.name;
  }
}

TEST(Settings, ATokenFileIsAToken) {
  EXPECT_EQ(FromEnvironment(Env({{"SMCPCTL_TOKEN_FILE", "/t"}}))->token, "file:///t");
  EXPECT_EQ(FromEnvironment(Env({{"SMCPCTL_TOKEN", ""}}))->token, std::nullopt);
}

TEST(Settings, ASwitchIsTrueOrFalse) {
  const auto settings = FromEnvironment(Env({{"SMCPCTL_TLS", "maybe"}}));
  EXPECT_EQ(ExitOf(settings.status()), Exit::kUsage);
}

TEST(Settings, Endpoints) {
  const auto one = ParseEndpoints("gw.example.com");
  ASSERT_TRUE(one.ok());
  EXPECT_EQ(one->at(0).address, "gw.example.com:50051");
  EXPECT_FALSE(one->at(0).loopback);
  EXPECT_EQ(one->at(0).tls, std::nullopt);
  const auto several = ParseEndpoints("https://a:1,http://[::1]:2,unix:/run/smcp.sock,127.0.0.1:3");
  ASSERT_TRUE(several.ok());
  ASSERT_EQ(several->size(), 4U);
  EXPECT_EQ(several->at(0).tls, true);
  EXPECT_EQ(several->at(1).tls, false);
  EXPECT_EQ(several->at(1).address, "[::1]:2");
  EXPECT_TRUE(several->at(1).loopback);
  EXPECT_EQ(several->at(2).address, "unix:/run/smcp.sock");
  EXPECT_TRUE(several->at(3).loopback);
}

TEST(Settings, WhatIsNoEndpointIsRefused) {
  for (const char* text : {"", ":5", "a:b", "a:123456", "user@a:1", "a b:1"}) {
    EXPECT_EQ(ExitOf(ParseEndpoints(text).status()), Exit::kUsage) << text;
  }
}

}  // namespace
}  // namespace smcpctl
