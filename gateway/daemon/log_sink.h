// Standard error with a buffer: a line costs a copy, and a crowd of clients that connects costs a
// few writes instead of one for each line of each connection.
//
// Warnings are written at once with all that came before them, other lines when the buffer is full
// or somebody calls flush; the daemon does five times a second. Thread rule: any thread (spdlog
// locks around every call).
#pragma once

#include <spdlog/sinks/base_sink.h>

#include <mutex>

namespace smcp {

class BufferedStderr final : public spdlog::sinks::base_sink<std::mutex> {
 public:
  ~BufferedStderr() override;

 protected:
  void sink_it_(const spdlog::details::log_msg& message) override;
  void flush_() override;

 private:
  static constexpr size_t kBytesMax = 16 * 1024;
  spdlog::memory_buf_t lines_;
};

}  // namespace smcp
