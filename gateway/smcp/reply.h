// A callback that runs exactly once, whatever becomes of the tasks that carry it: dropped with them
// because the gateway stops, it says so (an empty value, or UNAVAILABLE where there is a status).
// And the sum of what every shard has to say, by the same rule.
//
// Thread rule: a value that moves between shards.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace smcp {

template <class T>
struct WhenStopped {
  static T Value() { return T(); }
};
template <class T>
struct WhenStopped<absl::StatusOr<T>> {
  static absl::StatusOr<T> Value() { return absl::UnavailableError("the gateway is stopping"); }
};

template <class T>
class Reply {
 public:
  using Done = absl::AnyInvocable<void(T) &&>;
  Reply() = default;  // nobody asked
  Reply(Done done) : done_(std::move(done)) {}
  Reply(Reply&& other) noexcept : done_(std::exchange(other.done_, nullptr)) {}
  Reply& operator=(Reply&& other) noexcept {
    if (this != &other) {
      Drop();
      done_ = std::exchange(other.done_, nullptr);
    }
    return *this;
  }
  ~Reply() { Drop(); }
  void operator()(T value) {
    if (done_) std::exchange(done_, nullptr)(std::move(value));
  }

 private:
  void Drop() {
    if (done_) std::exchange(done_, nullptr)(WhenStopped<T>::Value());
  }
  Done done_ = nullptr;
};

// The parts of an answer as they come in from the shards. The last shard to let go of it hands them
// on; shards add under no lock because each part is its own.
template <class Part>
class Gathering {
 public:
  Gathering(uint16_t shards, absl::AnyInvocable<void(std::vector<Part>) &&> done)
      : parts_(shards), missing_(shards), done_(std::move(done)) {}
  void Add(uint16_t shard, Part part) {
    parts_[shard] = std::move(part);
    if (missing_.fetch_sub(1, std::memory_order_acq_rel) == 1) {
      std::move(done_)(std::move(parts_));
    }
  }

 private:
  std::vector<Part> parts_;
  std::atomic<size_t> missing_;
  absl::AnyInvocable<void(std::vector<Part>) &&> done_;
};

}  // namespace smcp
