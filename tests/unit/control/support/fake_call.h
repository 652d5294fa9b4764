// A reader of answers and an executor that runs when the test says so. Thread rule: the test's.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "control/executor.h"
#include "control/pipeline.h"
#include "gateway/base/check.h"

namespace smcp::control {

class FakeExecutor final : public Executor {
 public:
  void Post(Task task) override { After(0, std::move(task)); }
  void After(int64_t delay_ms, Task task) override {
    tasks_.emplace(now + delay_ms, std::move(task));
  }
  int64_t NowMs() const override { return now; }
  int64_t UnixMs() const override { return 1'000'000 + now; }
  // Everything that is due within so many milliseconds, in order.
  void Run(int64_t ms = 0) {
    const int64_t end = now + ms;
    while (!tasks_.empty() && tasks_.begin()->first <= end) {
      now = std::max(now, tasks_.begin()->first);
      Task task = std::move(tasks_.extract(tasks_.begin()).mapped());
      std::move(task)();
    }
    now = end;
  }
  size_t waiting() const { return tasks_.size(); }
  int64_t now = 10'000;

 private:
  std::multimap<int64_t, Task> tasks_;
};

// Keeps what it is sent; where `stuck`, nothing of it is taken by the connection.
class FakeSink final : public Sink {
 public:
  void Send(Bytes message) override {
    sent.push_back(*message);
    if (stuck) unread += 1;
  }
  void Finish(absl::Status status) override {
    if (!finished) finished = std::move(status);
  }
  Backlog backlog() const override { return {unread, unread * 100}; }
  bool gone() const override { return gone_; }
  void OnChange(std::function<void()> changed) override { changed_ = std::move(changed); }

  void Read() {
    unread = 0;
    stuck = false;
    if (changed_) changed_();
  }
  void Leave() {
    gone_ = true;
    if (changed_) changed_();
  }
  template <class Message>
  std::vector<Message> Take() {
    std::vector<Message> out;
    for (const std::string& bytes : std::exchange(sent, {})) {
      SMCP_CHECK(out.emplace_back().ParseFromString(bytes));
    }
    return out;
  }

  std::vector<std::string> sent;
  std::optional<absl::Status> finished;
  bool stuck = false;
  size_t unread = 0;

 private:
  bool gone_ = false;
  std::function<void()> changed_;
};

}  // namespace smcp::control
