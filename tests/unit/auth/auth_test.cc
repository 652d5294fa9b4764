// The default providers and the bounded pool for blocking ones (SMCP-PROTOCOL.md 1.4, 4.2).
#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <optional>
#include <vector>

#include "gateway/auth/api_key_auth.h"
#include "gateway/auth/blocking_auth.h"
#include "gateway/auth/no_auth.h"

namespace smcp::test {
namespace {

ApiKeyOptions Options() {
  ApiKeyOptions options;
  options.secret = "s3cret";
  return options;
}

bool Accepts(AuthenticationProvider& provider, AuthRequest request) {
  std::optional<bool> accepted;
  provider.Authenticate(std::move(request),
                        [&](absl::StatusOr<Identity> got) { accepted = got.ok(); });
  EXPECT_TRUE(accepted) << "decides at once";
  return accepted.value_or(false);
}

AuthRequest WithHeader(std::string name, std::string value) {
  AuthRequest request;
  request.headers = {{"host", "h"}, {std::move(name), std::move(value)}};
  request.auth = "{}";
  return request;
}

AuthRequest WithAuth(std::string auth) {
  AuthRequest request;
  request.auth = std::move(auth);
  return request;
}

TEST(ApiKey, IsFoundInEitherHeaderOrTheTokenField) {
  DefaultAuthenticationProvider provider(Options());
  EXPECT_TRUE(Accepts(provider, WithHeader("x-api-key", "s3cret")));
  EXPECT_TRUE(Accepts(provider, WithHeader("X-API-Key", "s3cret")));
  EXPECT_TRUE(Accepts(provider, WithHeader("access_token", "s3cret")));
  EXPECT_TRUE(Accepts(provider, WithAuth(R"({"a":[{}],"token":"s3cret"})")));
  EXPECT_TRUE(Accepts(provider, WithAuth(R"({"\u0074oken":"s3cre\u0074"})")));
}

TEST(ApiKey, IsNotFoundAnywhereElse) {
  DefaultAuthenticationProvider provider(Options());
  EXPECT_FALSE(Accepts(provider, {}));
  EXPECT_FALSE(Accepts(provider, WithAuth("{}")));
  EXPECT_FALSE(Accepts(provider, WithHeader("x-api-key", "s3cre")));
  EXPECT_FALSE(Accepts(provider, WithHeader("x-api-key", "s3cret ")));
  EXPECT_FALSE(Accepts(provider, WithHeader("authorization", "s3cret")));
  EXPECT_FALSE(Accepts(provider, WithAuth(R"({"token":["s3cret"]})")));
  EXPECT_FALSE(Accepts(provider, WithAuth(R"({"inner":{"token":"s3cret"}})")));
  EXPECT_FALSE(Accepts(provider, WithAuth(R"(["token","s3cret"])")));
  EXPECT_FALSE(Accepts(provider, WithAuth("not json")));
  EXPECT_FALSE(Accepts(provider, WithAuth("\"s3cret\"")));
  AuthRequest query;
  query.query = "token=s3cret&x-api-key=s3cret";
  EXPECT_FALSE(Accepts(provider, query));
}

TEST(ApiKey, NamesAreConfigurable) {
  ApiKeyOptions options = Options();
  options.header_names = {"X-Custom"};
  options.auth_fields = {};
  DefaultAuthenticationProvider provider(options);
  EXPECT_TRUE(Accepts(provider, WithHeader("x-custom", "s3cret")));
  EXPECT_FALSE(Accepts(provider, WithHeader("x-api-key", "s3cret")));
  EXPECT_FALSE(Accepts(provider, WithAuth(R"({"token":"s3cret"})")));
}

TEST(ApiKey, EmptySecretRefusesEverybody) {
  DefaultAuthenticationProvider provider(ApiKeyOptions{});
  EXPECT_FALSE(Accepts(provider, WithHeader("x-api-key", "")));
  EXPECT_FALSE(Accepts(provider, {}));
}

TEST(NoAuth, AcceptsEverybody) {
  NoAuthenticationProvider provider;
  EXPECT_TRUE(Accepts(provider, {}));
}

TEST(BlockingAuthTest, RunsTheProviderOnItsPool) {
  BlockingAuth auth(std::make_shared<DefaultSyncAuthenticationProvider>(Options()), 2, 10);
  for (const bool right : {true, false}) {
    std::promise<bool> accepted;
    std::promise<std::thread::id> thread;
    auth.Authenticate(WithHeader("x-api-key", right ? "s3cret" : "wrong"),
                      [&](absl::StatusOr<Identity> got) {
                        thread.set_value(std::this_thread::get_id());
                        accepted.set_value(got.ok());
                      });
    EXPECT_EQ(accepted.get_future().get(), right);
    EXPECT_NE(thread.get_future().get(), std::this_thread::get_id());
  }
}

TEST(BlockingAuthTest, ExceptionIsARefusal) {
  class Throwing final : public SyncAuthenticationProvider {
    absl::StatusOr<Identity> Authenticate(const AuthRequest&) override {
      throw std::string("secret");
    }
  };
  BlockingAuth auth(std::make_shared<Throwing>(), 1, 1);
  std::promise<std::string> text;
  auth.Authenticate({},
                    [&](absl::StatusOr<Identity> got) { text.set_value(got.status().ToString()); });
  EXPECT_EQ(text.get_future().get(), "INTERNAL: exception");
}

TEST(BlockingAuthTest, FullPoolRefusesAtOnce) {
  struct Gate final : SyncAuthenticationProvider {
    absl::StatusOr<Identity> Authenticate(const AuthRequest&) override {
      open.wait();
      return Identity();
    }
    std::promise<void> opener;
    std::shared_future<void> open = opener.get_future().share();
  };
  auto gate = std::make_shared<Gate>();
  std::vector<std::future<absl::StatusCode>> answers;
  BlockingAuth auth(gate, 1, 1);
  for (int i = 0; i < 3; ++i) {
    auto promise = std::make_shared<std::promise<absl::StatusCode>>();
    answers.push_back(promise->get_future());
    auth.Authenticate(
        {}, [promise](absl::StatusOr<Identity> got) { promise->set_value(got.status().code()); });
  }
  EXPECT_EQ(answers[2].get(), absl::StatusCode::kResourceExhausted);
  gate->opener.set_value();
  EXPECT_EQ(answers[0].get(), absl::StatusCode::kOk);
  EXPECT_EQ(answers[1].get(), absl::StatusCode::kOk);
}

}  // namespace
}  // namespace smcp::test
