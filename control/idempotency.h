// request_id: the same change asked for twice happens once, and both callers get the first answer.
//
// An id belongs to the caller who used it. A second call with it while the first runs waits for its
// answer; with another method or body it is refused. Bounded in entries and in bytes of answers:
// the oldest answer goes first, calls that run are never forgotten. An answer that says "try
// again" (UNAVAILABLE, DEADLINE_EXCEEDED, CANCELLED, INTERNAL) is handed to those who wait, and
// then forgotten, so that trying again does something.
// Thread rule: any thread; nothing of the callers' runs under the lock. Units: milliseconds.
#pragma once

#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "control/call.h"
#include "gateway/base/strings.h"

namespace smcp::control {

bool IsUuid(std::string_view text);

class Idempotency {
 public:
  struct Answer {
    std::vector<Bytes> messages{};
    absl::Status status{};
  };
  using Waiter = std::function<void(const Answer&)>;
  struct Limits {
    size_t entries = 10'000;
    size_t bytes = 32U << 20U;
    int64_t kept_ms = 600'000;
  };
  explicit Idempotency(Limits limits) : limits_(limits) {}

  enum class Verdict { kRun, kWait, kReused, kFull };
  // kRun: the caller is the first and must call Finish. kWait: `waiter` has got the answer or will.
  // kFull: too many calls run under an id.
  Verdict Begin(const std::string& caller, const std::string& request_id, std::string body,
                int64_t now_ms, Waiter waiter);
  void Finish(const std::string& caller, const std::string& request_id, Answer answer,
              int64_t now_ms);
  size_t size() const;

 private:
  struct Entry {
    std::string key{};
    std::string body{};  // method and request
    bool done = false;
    int64_t done_ms = 0;
    size_t bytes = 0;
    Answer answer{};
    std::vector<Waiter> waiters{};
  };
  using Entries = std::list<Entry>;  // those that are done are in the order of being done
  void Forget(Entries::iterator entry);
  void Trim(int64_t now_ms);

  const Limits limits_;
  mutable std::mutex mutex_;
  Entries running_;
  Entries done_;
  StringMap<Entries::iterator> by_key_;
  size_t bytes_ = 0;
};

}  // namespace smcp::control
