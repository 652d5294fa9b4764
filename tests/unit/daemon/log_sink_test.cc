#include "gateway/daemon/log_sink.h"

#include <gmock/gmock.h>
#include <spdlog/logger.h>

#include <string>

namespace smcp {
namespace {

class LogSink : public testing::Test {
 protected:
  LogSink() : logger_("test", std::make_shared<BufferedStderr>()) {
    logger_.set_pattern("%v");
    logger_.flush_on(spdlog::level::warn);
    testing::internal::CaptureStderr();
  }
  // What has been written so far.
  static std::string Written() {
    std::string text = testing::internal::GetCapturedStderr();
    testing::internal::CaptureStderr();
    return text;
  }
  ~LogSink() override { testing::internal::GetCapturedStderr(); }

  spdlog::logger logger_;
};

TEST_F(LogSink, KeepsLinesUntilTheFlushAndTheirOrder) {
  logger_.info("one");
  logger_.info("two");
  EXPECT_EQ(Written(), "");
  logger_.flush();
  EXPECT_EQ(Written(), "one\ntwo\n");
  logger_.flush();
  EXPECT_EQ(Written(), "");
}

TEST_F(LogSink, AWarningTakesWhatCameBeforeItAlong) {
  logger_.info("before");
  logger_.warn("now");
  EXPECT_EQ(Written(), "before\nnow\n");
}

TEST_F(LogSink, AFullBufferIsWritten) {
  const std::string line(1'000, 'x');
  for (int i = 0; i < 20; ++i) logger_.info(line);
  EXPECT_GE(Written().size(), 16u * 1024);
  logger_.flush();
  EXPECT_EQ(Written().size(), 20u * 1'001 - 17u * 1'001);
}

}  // namespace
}  // namespace smcp
