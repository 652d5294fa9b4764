#include "control/idempotency.h"

#include <algorithm>
#include <utility>

namespace smcp::control {
namespace {

std::string KeyOf(const std::string& caller, const std::string& request_id) {
  return request_id + caller;  // an id has a fixed length
}

bool WorthKeeping(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kDeadlineExceeded:
    case absl::StatusCode::kCancelled:
    case absl::StatusCode::kInternal:
      return false;
    default:
      return true;
  }
}

}  // namespace

bool IsUuid(std::string_view text) {
  constexpr std::string_view kShape = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
  if (text.size() != kShape.size()) return false;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const bool hex = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
    if (kShape[i] == '-' ? c != '-' : !hex) return false;
  }
  return true;
}

Idempotency::Verdict Idempotency::Begin(const std::string& caller, const std::string& request_id,
                                        std::string body, int64_t now_ms, Waiter waiter) {
  Answer answer;
  {
    const std::lock_guard lock(mutex_);
    Trim(now_ms);
    const std::string key = KeyOf(caller, request_id);
    const auto found = by_key_.find(key);
    if (found == by_key_.end()) {
      if (by_key_.size() >= limits_.entries && !done_.empty()) Forget(done_.begin());
      if (by_key_.size() >= limits_.entries) return Verdict::kFull;
      bytes_ += body.size();
      const size_t bytes = body.size();
      running_.push_back({key, std::move(body), false, 0, bytes, {}, {}});
      by_key_.emplace(key, std::prev(running_.end()));
      return Verdict::kRun;
    }
    Entry& entry = *found->second;
    if (entry.body != body) return Verdict::kReused;
    if (!entry.done) {
      entry.waiters.push_back(std::move(waiter));
      return Verdict::kWait;
    }
    answer = entry.answer;
  }
  waiter(answer);
  return Verdict::kWait;
}

void Idempotency::Finish(const std::string& caller, const std::string& request_id, Answer answer,
                         int64_t now_ms) {
  std::vector<Waiter> waiters;
  {
    const std::lock_guard lock(mutex_);
    const auto found = by_key_.find(KeyOf(caller, request_id));
    if (found == by_key_.end() || found->second->done) return;
    Entry& entry = *found->second;
    waiters.swap(entry.waiters);
    if (WorthKeeping(answer.status)) {
      entry.done = true;
      entry.done_ms = now_ms;
      for (const Bytes& message : answer.messages) entry.bytes += message->size();
      bytes_ += entry.bytes - entry.body.size();
      entry.answer = answer;
      done_.splice(done_.end(), running_, found->second);
      Trim(now_ms);
    } else {
      bytes_ -= entry.bytes;
      const Entries::iterator at = found->second;
      by_key_.erase(found);
      running_.erase(at);
    }
  }
  for (const Waiter& waiter : waiters) waiter(answer);
}

size_t Idempotency::size() const {
  const std::lock_guard lock(mutex_);
  return by_key_.size();
}

void Idempotency::Forget(Entries::iterator entry) {
  bytes_ -= entry->bytes;
  by_key_.erase(entry->key);
  done_.erase(entry);
}

void Idempotency::Trim(int64_t now_ms) {
  while (!done_.empty() &&
         (bytes_ > limits_.bytes || now_ms - done_.front().done_ms >= limits_.kept_ms)) {
    Forget(done_.begin());
  }
}

}  // namespace smcp::control
