#include "gateway/daemon/control_settings.h"

#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>

#include "gateway/daemon/file_system.h"
#include "tests/unit/daemon/config_fixture.h"

namespace smcp {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

config::GatewayConfig Load(std::vector<std::string> sets) {
  return config::MustLoad({std::nullopt, {}, std::move(sets), ""}).config;
}

struct Judged {
  std::string error;
  std::vector<std::string> notices;
};
Judged Judge(std::vector<std::string> sets) {
  Judged judged;
  const absl::Status status = JudgeControl(Load(std::move(sets)), &judged.notices);
  judged.error = ToStd(status.message());
  return judged;
}

const std::string kToken = "control.tokens=ci:viewer:sha256=" + std::string(64, 'a');

TEST(ControlSettings, LoopbackIsWhatTheMachineKeepsToItself) {
  for (const char* host : {"127.0.0.1", "127.8.9.1", "::1", "localhost"}) {
    EXPECT_TRUE(IsLoopback(host)) << host;
  }
  for (const char* host : {"0.0.0.0", "::", "10.0.0.1", "128.0.0.1", "example.org"}) {
    EXPECT_FALSE(IsLoopback(host)) << host;
  }
}

TEST(ControlSettings, LoopbackWithoutCredentialsServesAndSaysSo) {
  const Judged judged = Judge({});
  EXPECT_EQ(judged.error, "");
  EXPECT_THAT(judged.notices, ElementsAre(HasSubstr("is an administrator")));
  EXPECT_THAT(Judge({kToken}).notices, IsEmpty());
}

TEST(ControlSettings, AReloadDoesNotTakeTheLastCredentialAway) {
  const auto judge = [](std::vector<std::string> now, std::vector<std::string> next) {
    return JudgeCredentials(Load(std::move(now)).control(), Load(std::move(next)).control());
  };
  EXPECT_THAT(ToStd(judge({kToken}, {}).message()), HasSubstr("keep one"));
  EXPECT_TRUE(judge({kToken}, {kToken}).ok());
  EXPECT_TRUE(judge({}, {}).ok());
  EXPECT_TRUE(judge({}, {kToken}).ok());
  EXPECT_TRUE(judge({kToken, "control.address="}, {"control.address="}).ok());
}

TEST(ControlSettings, OnlyRegularFilesAreRead) {
  // What a configuration names may be anything; a device never ends, a pipe keeps one waiting.
  EXPECT_EQ(SystemFiles().Read("/dev/zero").status().code(), absl::StatusCode::kInvalidArgument);
  const std::string pipe = ::testing::TempDir() + "pipe-" + std::to_string(getpid());
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  EXPECT_EQ(SystemFiles().Read(pipe).status().code(), absl::StatusCode::kInvalidArgument);
  unlink(pipe.c_str());
}

TEST(ControlSettings, OtherAddressesNeedTlsAndCredentialsOrTheWordInsecure) {
  const std::string address = "control.address=0.0.0.0:50051";
  const std::string cert = "control.tls.cert_file=c";
  const std::string key = "control.tls.key_file=k";
  EXPECT_THAT(Judge({address}).error, HasSubstr("has no TLS"));
  EXPECT_THAT(Judge({address, kToken}).error, HasSubstr("has no TLS"));
  EXPECT_THAT(Judge({address, cert, key}).error, HasSubstr("nobody has a credential"));
  EXPECT_EQ(Judge({address, cert, key, kToken}).error, "");
  const Judged insecure = Judge({address, kToken, "control.insecure=true"});
  EXPECT_EQ(insecure.error, "");
  EXPECT_THAT(insecure.notices, ElementsAre(HasSubstr("clear text")));
}

TEST(ControlSettings, TokensAndCertificatesBecomeGrants) {
  const config::TempFile file("geheim-7731\n");
  const auto access = AccessOptionsFrom(
      Load({"control.tokens=ops:admin:file=" + file.path() + ":offices=lab-*",
            "control.tls.cert_file=c", "control.tls.key_file=k", "control.tls.client_ca_file=a",
            "control.san_roles=*.example.org=operator"}));
  ASSERT_TRUE(access.ok()) << access.status();
  ASSERT_EQ(access->tokens.size(), 1u);
  EXPECT_EQ(access->tokens[0].name, "ops");
  EXPECT_EQ(access->tokens[0].role, control::v1::ADMIN);
  EXPECT_THAT(access->tokens[0].offices, ElementsAre("lab-*"));
  EXPECT_EQ(access->tokens[0].sha256_hex, control::Sha256Hex("geheim-7731"));
  ASSERT_EQ(access->certificates.size(), 1u);
  EXPECT_EQ(access->certificates[0].san, "*.example.org");
  EXPECT_EQ(access->certificates[0].role, control::v1::OPERATOR);
}

TEST(ControlSettings, ATokensFileThatCannotBeMeantIsRefusedWithoutQuotingIt) {
  for (const char* content : {"", "short", "two words here", "line-one-1\nline-two-2\n"}) {
    const config::TempFile file(content);
    const auto access = AccessOptionsFrom(Load({"control.tokens=ops:admin:file=" + file.path()}));
    ASSERT_FALSE(access.ok()) << content;
    const std::string message(ToStd(access.status().message()));
    EXPECT_THAT(message, HasSubstr(file.path()));
    EXPECT_THAT(message, Not(HasSubstr("line-one")));
  }
  EXPECT_FALSE(AccessOptionsFrom(Load({"control.tokens=ops:admin:file=/no/such/file"})).ok());
  EXPECT_FALSE(AccessOptionsFrom(Load({"control.tokens=a:admin:sha256=" + std::string(64, 'a') +
                                       ",a:viewer:sha256=" + std::string(64, 'b')}))
                   .ok())
      << "two of one name";
}

TEST(ControlSettings, ReflectionIsForLoopbackUnlessSaidOtherwise) {
  const auto reflection = [](std::vector<std::string> sets) {
    return ControlOptionsFrom(Load(std::move(sets)))->reflection;
  };
  EXPECT_TRUE(reflection({}));
  EXPECT_FALSE(reflection({"control.address=0.0.0.0:1"}));
  EXPECT_TRUE(reflection({"control.address=0.0.0.0:1", "control.reflection=on"}));
  EXPECT_FALSE(reflection({"control.reflection=off"}));
}

TEST(ControlSettings, CertificatesThatAreNoneAreRefused) {
  const config::TempFile file("no pem\n");
  const auto options = ControlOptionsFrom(
      Load({"control.tls.cert_file=" + file.path(), "control.tls.key_file=" + file.path()}));
  EXPECT_THAT(std::string(ToStd(options.status().message())), HasSubstr("is no PEM file"));
}

TEST(ControlSettings, LinesAreAppended) {
  const config::TempFile file("");
  EXPECT_TRUE(AppendLine(file.path(), "one"));
  EXPECT_TRUE(AppendLine(file.path(), ""));
  EXPECT_TRUE(AppendLine(file.path(), "two"));
  std::ifstream in(file.path());
  const std::string text{std::istreambuf_iterator<char>(in), {}};
  EXPECT_EQ(text, "one\ntwo\n");
  EXPECT_FALSE(AppendLine(file.directory(), "x"));
}

}  // namespace
}  // namespace smcp
