#include "gateway/daemon/process_status.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <vector>

namespace smcp {
namespace {

TEST(ProcessStatus, CountsWhatTheProcessUses) {
  const ProcessStatus before = ReadProcessStatus();
  EXPECT_GT(before.fds_open, 2u);
  EXPECT_GE(before.fds_max, before.fds_open);
  std::vector<char> memory(64u << 20, 'x');
  const int one = ::open("/dev/null", O_RDONLY);
  const int two = ::open("/dev/null", O_RDONLY);
  const ProcessStatus after = ReadProcessStatus();
  EXPECT_EQ(after.fds_open, before.fds_open + 2);
  EXPECT_GE(after.rss_bytes, before.rss_bytes + memory.size() / 2);
  EXPECT_GT(after.cpu_us, before.cpu_us);
  ::close(one);
  ::close(two);
}

TEST(ProcessStatus, TheNodeHasAName) { EXPECT_FALSE(NodeName().empty()); }

}  // namespace
}  // namespace smcp
