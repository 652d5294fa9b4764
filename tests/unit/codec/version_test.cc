#include "gateway/codec/version.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gateway/codec/json_index.h"

namespace smcp {
namespace {

TEST(ParseVersion, TakesThreeGroupsOfDigits) {
  const struct {
    std::string_view text;
    uint32_t major, minor, patch;
  } rows[] = {
      {"0.1.0", 0, 1, 0},
      {"0.4.999", 0, 4, 999},
      {"10.20.30", 10, 20, 30},
      {"00.01.002", 0, 1, 2},
      {"999999999.999999999.999999999", 999999999, 999999999, 999999999},
  };
  for (const auto& row : rows) {
    const auto version = ParseVersion(row.text);
    ASSERT_TRUE(version) << row.text;
    EXPECT_EQ(version->major, row.major) << row.text;
    EXPECT_EQ(version->minor, row.minor) << row.text;
    EXPECT_EQ(version->patch, row.patch) << row.text;
  }
}

TEST(ParseVersion, RefusesEverythingElse) {
  for (const std::string_view text : {"",
                                      "0",
                                      "0.1",
                                      "0.1.",
                                      ".1.0",
                                      "0..1",
                                      "0.1.0.",
                                      "0.1.0.0",
                                      "abc",
                                      "0.5.0-dev",
                                      "v0.1.0",
                                      "+0.1.0",
                                      "0.+1.0",
                                      "-0.1.0",
                                      " 0.1.0",
                                      "0.1.0 ",
                                      "0. 1.0",
                                      "0,1,0",
                                      "0.1.0\n",
                                      "0.1.x",
                                      "0.1.1234567890",
                                      "0000000000.1.0",
                                      "0x0.1.0",
                                      "1e0.1.0",
                                      "\xd9\xa0.1.0",
                                      "0_0.1.0"}) {
    EXPECT_FALSE(ParseVersion(text)) << text;
  }
}

TEST(Generation, HasANameAndIsFoundByIt) {
  EXPECT_EQ(GenerationName(Generation::kG1), "0.1");
  EXPECT_EQ(GenerationName(Generation::kG5), "0.5");
  for (int i = 1; i <= 5; ++i) {
    const auto generation = static_cast<Generation>(i);
    EXPECT_EQ(ParseGeneration(GenerationName(generation)), generation);
  }
  for (const std::string_view text : {"", "0", "0.0", "0.6", "0.1.0", "1.0", "G1", " 0.1"}) {
    EXPECT_FALSE(ParseGeneration(text)) << text;
  }
}

VersionPolicy Serving(std::vector<Generation> served) {
  return VersionPolicy{.served = std::move(served)};
}

TEST(JudgeVersion, AcceptsEveryServedMinorWithAnyPatch) {
  const struct {
    std::string_view declared;
    Generation generation;
  } rows[] = {
      {"0.1.0", Generation::kG1},  {"0.1.1", Generation::kG1},   {"0.2.1", Generation::kG2},
      {"0.3.0", Generation::kG3},  {"0.4.999", Generation::kG4}, {"0.4.1000", Generation::kG4},
      {"0.02.0", Generation::kG2},
  };
  for (const auto& row : rows) {
    const VersionVerdict verdict = JudgeVersion(std::string(row.declared), VersionPolicy{});
    EXPECT_TRUE(verdict.accepted) << row.declared;
    EXPECT_EQ(verdict.generation, row.generation) << row.declared;
    EXPECT_EQ(verdict.declared, row.declared);
    EXPECT_EQ(verdict.body, "");
    EXPECT_EQ(verdict.error_code, 0);
  }
}

TEST(JudgeVersion, TakesAnUndeclaredVersionForTheFirstGeneration) {
  for (const std::optional<std::string>& declared :
       {std::optional<std::string>(), std::optional<std::string>("")}) {
    const VersionVerdict verdict = JudgeVersion(declared, VersionPolicy{});
    EXPECT_TRUE(verdict.accepted);
    EXPECT_EQ(verdict.generation, Generation::kG1);
    EXPECT_EQ(verdict.declared, "");
  }
}

TEST(JudgeVersion, AnswersAMissingVersionWithTheReferencesBytesWhereOneIsDemanded) {
  VersionPolicy policy;
  policy.allow_unversioned = false;
  for (const std::optional<std::string>& declared :
       {std::optional<std::string>(), std::optional<std::string>("")}) {
    const VersionVerdict verdict = JudgeVersion(declared, policy);
    EXPECT_FALSE(verdict.accepted);
    EXPECT_EQ(verdict.body, R"({"code": 400, "message": "Missing a2c_version query parameter"})");
    EXPECT_EQ(verdict.body.size(), 63u);
    EXPECT_EQ(verdict.error_code, 0);
  }
}

TEST(JudgeVersion, LetsNobodyInUnversionedWhereTheFirstGenerationIsNotServed) {
  const VersionVerdict verdict =
      JudgeVersion(std::nullopt, Serving({Generation::kG3, Generation::kG4}));
  EXPECT_FALSE(verdict.accepted);
  EXPECT_EQ(verdict.body.size(), 63u);
}

TEST(JudgeVersion, AnswersAnInvalidVersionWithTheReferencesBytes) {
  const VersionVerdict verdict = JudgeVersion("abc", VersionPolicy{});
  EXPECT_FALSE(verdict.accepted);
  EXPECT_EQ(verdict.body,
            R"({"code": 400, "message": "Invalid a2c_version: Invalid version: abc"})");
  EXPECT_EQ(verdict.body.size(), 69u);
  EXPECT_EQ(verdict.error_code, 0);
  EXPECT_EQ(verdict.declared, "abc");
}

TEST(JudgeVersion, AnswersAMismatchWithTheReferencesBytes) {
  const VersionVerdict verdict = JudgeVersion("0.9.0", VersionPolicy{});
  EXPECT_FALSE(verdict.accepted);
  EXPECT_EQ(verdict.body,
            R"({"code": 4008, "message": "Protocol version mismatch", "server_version": "0.4.0", )"
            R"("client_version": "0.9.0", "min_supported": "0.1.0", "max_supported": "0.4.999"})");
  EXPECT_EQ(verdict.body.size(), 162u);
  EXPECT_EQ(verdict.error_code, 4008);
  EXPECT_EQ(verdict.declared, "0.9.0");
}

TEST(JudgeVersion, NamesTheEndsOfTheServedRange) {
  const VersionVerdict one = JudgeVersion("0.1.0", Serving({Generation::kG2}));
  EXPECT_EQ(one.body,
            R"({"code": 4008, "message": "Protocol version mismatch", "server_version": "0.2.0", )"
            R"("client_version": "0.1.0", "min_supported": "0.2.0", "max_supported": "0.2.999"})");
  const VersionVerdict gap = JudgeVersion("0.3.0", Serving({Generation::kG2, Generation::kG5}));
  EXPECT_EQ(gap.body,
            R"({"code": 4008, "message": "Protocol version mismatch", "server_version": "0.5.0", )"
            R"("client_version": "0.3.0", "min_supported": "0.2.0", "max_supported": "0.5.999"})");
}

TEST(JudgeVersion, RefusesEveryOtherVersionAsAMismatch) {
  for (const std::string_view declared :
       {"0.0.0", "0.0.1", "0.5.0", "0.6.0", "0.255.0", "0.256.0", "0.257.0", "1.1.0", "1.0.0",
        "0.999999999.0", "999999999.1.0"}) {
    const VersionVerdict verdict = JudgeVersion(std::string(declared), VersionPolicy{});
    EXPECT_FALSE(verdict.accepted) << declared;
    EXPECT_EQ(verdict.error_code, 4008) << declared;
  }
  EXPECT_TRUE(JudgeVersion("0.5.0", Serving({Generation::kG5})).accepted);
}

TEST(JudgeVersion, QuotesAHostileVersionSafely) {
  const auto message = [](std::string declared) {
    const VersionVerdict verdict = JudgeVersion(std::move(declared), VersionPolicy{});
    constexpr std::string_view kBefore =
        R"({"code": 400, "message": "Invalid a2c_version: Invalid version: )";
    EXPECT_TRUE(verdict.body.starts_with(kBefore) && verdict.body.ends_with("\"}"));
    return verdict.body.substr(kBefore.size(), verdict.body.size() - kBefore.size() - 2);
  };
  EXPECT_EQ(message("\"}\\\n\x01"), R"(\"}\\\n\u0001)");
  EXPECT_EQ(message("caf\xc3\xa9"), "caf\xc3\xa9");
  EXPECT_EQ(message("a\xff\xc3(\xe2\x82"), "a\xef\xbf\xbd\xef\xbf\xbd(\xef\xbf\xbd\xef\xbf\xbd");
  EXPECT_EQ(message("\xed\xa0\x80"), "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");
  EXPECT_EQ(message(std::string("\0", 1)), R"(\u0000)");
  EXPECT_EQ(message(std::string(64, 'x')), std::string(64, 'x'));
  EXPECT_EQ(message(std::string(10'000, 'x')), std::string(64, 'x'));
  // Cut between code points: 63 and two do not fit.
  EXPECT_EQ(message(std::string(63, 'x') + "\xc3\xa9y"), std::string(63, 'x'));
  EXPECT_EQ(message(std::string(62, 'x') + "\xff"), std::string(62, 'x'));
}

TEST(JudgeVersion, AnswersWithJsonWhateverOneByteWasDeclared) {
  json::Index index;
  for (int byte = 0; byte < 256; ++byte) {
    const VersionVerdict verdict =
        JudgeVersion(std::string(1, static_cast<char>(byte)), VersionPolicy{});
    EXPECT_EQ(index.Build(verdict.body, 4), json::Error::kNone) << byte;
  }
}

}  // namespace
}  // namespace smcp
