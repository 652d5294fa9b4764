#include "clients/smcpctl/config_document.h"

#include <gtest/gtest.h>

#include <fstream>

#include "clients/smcpctl/failure.h"

namespace smcpctl {
namespace {

using smcp::control::v1::ApplyConfigRequest;

TEST(Document, SingleKeysBecomeATreeAndAMask) {
  ApplyConfigRequest request;
  DocumentFlags flags;
  flags.set = {"calls.default_timeout=30s", "calls.max_timeout=1m", "listen.paths=[/a, /b]"};
  flags.unset = {"limits.connections"};
  ASSERT_TRUE(FillDocument(flags, &request).ok());
  EXPECT_EQ(request.document().yaml(),
            "calls:\n  default_timeout: 30s\n  max_timeout: 1m\nlisten:\n  paths: [/a, /b]\n");
  ASSERT_EQ(request.update_mask().paths_size(), 4);
  EXPECT_EQ(request.update_mask().paths(3), "limits.connections");
}

TEST(Document, AFileIsTheWholeUnlessMasked) {
  const std::string path = testing::TempDir() + "/smcpctl-document.yaml";
  std::ofstream(path) << "calls: {default_timeout: 5s}\n";
  ApplyConfigRequest request;
  DocumentFlags flags;
  flags.file = path;
  ASSERT_TRUE(FillDocument(flags, &request).ok());
  EXPECT_FALSE(request.has_update_mask());
  EXPECT_EQ(request.document().yaml(), "calls: {default_timeout: 5s}\n");
  flags.mask = {"calls.default_timeout"};
  ASSERT_TRUE(FillDocument(flags, &request).ok());
  EXPECT_EQ(request.update_mask().paths(0), "calls.default_timeout");
}

TEST(Document, ContradictionsAreRefused) {
  ApplyConfigRequest request;
  EXPECT_EQ(ExitOf(FillDocument({}, &request)), Exit::kUsage);
  DocumentFlags both;
  both.file = "x";
  both.set = {"a.b=1"};
  EXPECT_EQ(ExitOf(FillDocument(both, &request)), Exit::kUsage);
  DocumentFlags masked;
  masked.set = {"a.b=1"};
  masked.mask = {"a.b"};
  EXPECT_EQ(ExitOf(FillDocument(masked, &request)), Exit::kUsage);
  for (const char* item : {"nokey", "=v", "a..b=1", "a.b=[1"}) {
    DocumentFlags wrong;
    wrong.set = {item};
    EXPECT_EQ(ExitOf(FillDocument(wrong, &request)), Exit::kUsage) << item;
  }
}

TEST(Document, Leaves) {
  using Pairs = std::vector<std::pair<std::string, std::string>>;
  EXPECT_EQ(Leaves("a: {b: 1, c: [x, y]}\nd: text"),
            (Pairs{{"a.b", "1"}, {"a.c", "x,y"}, {"d", "text"}}));
  EXPECT_TRUE(Leaves("a: [").empty());
}

}  // namespace
}  // namespace smcpctl
