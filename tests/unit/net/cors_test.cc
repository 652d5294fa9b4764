#include "gateway/net/cors.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace smcp::net {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;

HttpRequest From(std::string_view origin) {
  HttpRequest request;
  request.method = "GET";
  if (!origin.empty()) request.headers.emplace_back("Origin", origin);
  return request;
}

Headers HeadersFor(const CorsPolicy& policy, std::string_view origin) {
  Headers headers;
  AddCorsHeaders(policy, From(origin), &headers);
  return headers;
}

CorsPolicy Policy(std::vector<std::string> origins, bool credentials = false) {
  CorsPolicy policy;
  policy.origins = std::move(origins);
  policy.credentials = credentials;
  return policy;
}

TEST(Cors, IsOffByDefault) {
  EXPECT_THAT(HeadersFor(CorsPolicy{}, "http://a"), IsEmpty());
  HttpRequest request = From("http://a");
  request.method = "OPTIONS";
  EXPECT_FALSE(Preflight(CorsPolicy{}, request).has_value());
}

TEST(Cors, AWildcardIsWrittenAsOne) {
  for (const std::string_view origin : {"http://a", "null", ""}) {
    EXPECT_THAT(HeadersFor(Policy({"*"}), origin),
                ElementsAre(Pair("Access-Control-Allow-Origin", "*")));
  }
}

TEST(Cors, AListedOriginIsEchoed) {
  const CorsPolicy policy = Policy({"http://a", "http://b"});
  EXPECT_THAT(HeadersFor(policy, "http://b"),
              ElementsAre(Pair("Access-Control-Allow-Origin", "http://b"), Pair("Vary", "Origin")));
}

TEST(Cors, AnyOtherOriginIsNotNamedButTheAnswerStillVaries) {
  const CorsPolicy policy = Policy({"http://a"});
  for (const std::string_view origin : {"http://b", "http://a.evil", "HTTP://A", "null", ""}) {
    EXPECT_THAT(HeadersFor(policy, origin), ElementsAre(Pair("Vary", "Origin"))) << origin;
  }
}

TEST(Cors, AWildcardWithCredentialsEchoesInstead) {
  const CorsPolicy policy = Policy({"*"}, true);
  EXPECT_THAT(HeadersFor(policy, "http://a"),
              ElementsAre(Pair("Access-Control-Allow-Origin", "http://a"), Pair("Vary", "Origin"),
                          Pair("Access-Control-Allow-Credentials", "true")));
  EXPECT_THAT(
      HeadersFor(policy, ""),
      ElementsAre(Pair("Vary", "Origin"), Pair("Access-Control-Allow-Credentials", "true")));
}

TEST(Cors, APreflightEchoesTheHeadersThatAreAskedFor) {
  HttpRequest request = From("http://a");
  request.method = "OPTIONS";
  request.headers.emplace_back("Access-Control-Request-Headers", "x-api-key, content-type");
  const auto reply = Preflight(Policy({"*"}), request);
  ASSERT_TRUE(reply.has_value());
  EXPECT_EQ(reply->status, 204u);
  EXPECT_EQ(reply->body, "");
  EXPECT_EQ(reply->content_type, "");
  EXPECT_THAT(reply->headers,
              ElementsAre(Pair("Access-Control-Allow-Origin", "*"),
                          Pair("Access-Control-Allow-Methods", "GET,HEAD,PUT,PATCH,POST,DELETE"),
                          Pair("Access-Control-Allow-Headers", "x-api-key, content-type"),
                          Pair("Vary", "Access-Control-Request-Headers")));
}

TEST(Cors, APreflightThatAsksForNoHeadersAllowsNone) {
  HttpRequest request = From("http://a");
  request.method = "OPTIONS";
  const auto reply = Preflight(Policy({"http://a"}), request);
  ASSERT_TRUE(reply.has_value());
  EXPECT_THAT(reply->headers,
              ElementsAre(Pair("Access-Control-Allow-Origin", "http://a"), Pair("Vary", "Origin"),
                          Pair("Access-Control-Allow-Methods", "GET,HEAD,PUT,PATCH,POST,DELETE")));
}

TEST(Cors, AnOriginIsPlainVisibleText) {
  EXPECT_TRUE(OriginIsSane(From("")));
  EXPECT_TRUE(OriginIsSane(From("null")));
  EXPECT_TRUE(OriginIsSane(From("https://a.example:8443")));
  for (const std::string_view origin : {"http://a b", "http://a\x01", "http://\xc3\xa9", "\x7f"}) {
    EXPECT_FALSE(OriginIsSane(From(origin))) << origin;
  }
}

}  // namespace
}  // namespace smcp::net
