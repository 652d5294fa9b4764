#include "gateway/daemon/log_sink.h"

#include <unistd.h>

#include <cerrno>

namespace smcp {

BufferedStderr::~BufferedStderr() { flush_(); }

void BufferedStderr::sink_it_(const spdlog::details::log_msg& message) {
  formatter_->format(message, lines_);
  if (lines_.size() >= kBytesMax) flush_();
}

void BufferedStderr::flush_() {
  const char* at = lines_.data();
  size_t left = lines_.size();
  while (left != 0) {
    const ssize_t written = ::write(STDERR_FILENO, at, left);
    if (written < 0 && errno == EINTR) continue;
    // Nobody reads: lines are lost, but a log must never stop what it is about.
    if (written <= 0) break;
    at += written;
    left -= static_cast<size_t>(written);
  }
  lines_.clear();
}

}  // namespace smcp
