#include "gateway/net/listener.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace smcp::net {
namespace {

using ::testing::HasSubstr;

TEST(Listener, PortZeroPicksAFreeOne) {
  Shard shard(0);
  Listener listener("127.0.0.1", 0);
  ASSERT_TRUE(listener.Bind(shard).ok());
  EXPECT_NE(listener.port(), 0);
  EXPECT_EQ(listener.host(), "127.0.0.1");
}

TEST(Listener, APortInUseIsSaidWithTheWayOut) {
  Shard shard(0);
  Listener first("127.0.0.1", 0);
  ASSERT_TRUE(first.Bind(shard).ok());
  Listener second("127.0.0.1", first.port());
  const absl::Status status = second.Bind(shard);
  EXPECT_TRUE(absl::IsUnavailable(status));
  EXPECT_THAT(std::string(status.message()),
              HasSubstr("cannot listen on 127.0.0.1:" + std::to_string(first.port())));
  EXPECT_THAT(std::string(status.message()), HasSubstr("choose another port"));
}

TEST(Listener, AnAddressThatIsNoneOfThisMachinesIsRefused) {
  Shard shard(0);
  Listener listener("192.0.2.1", 0);
  EXPECT_FALSE(listener.Bind(shard).ok());
}

TEST(Listener, AMountIsFoundByItsPathAndBelow) {
  Listener listener("127.0.0.1", 0);
  Site& site = listener.site();
  site.mounts.push_back({"/socket.io", nullptr});
  site.mounts.push_back({"/other", nullptr});
  EXPECT_EQ(site.FindMount("/socket.io/"), &site.mounts[0]);
  EXPECT_EQ(site.FindMount("/other"), &site.mounts[1]);
  EXPECT_EQ(site.FindMount("/"), nullptr);
}

}  // namespace
}  // namespace smcp::net
