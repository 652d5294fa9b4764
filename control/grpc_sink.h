// A Sink over one gRPC call: a queue of serialized messages that are written one after the other.
//
// The reactor belongs to gRPC until OnDone, the sink to whoever still wants to answer; Detach cuts
// the two apart. gRPC's operations are started under the lock, because after Finish none may be;
// their completions come later on gRPC's threads and never from inside the start.
// Thread rule: any thread.
#pragma once

#include <grpcpp/generic/async_generic_service.h>

#include <deque>
#include <mutex>

#include "control/call.h"

namespace smcp::control {

grpc::Status GrpcStatus(const absl::Status& status);

class GrpcSink final : public Sink {
 public:
  // A stream may be read as it grows; a unary answer leaves with its status.
  GrpcSink(grpc::ServerGenericBidiReactor* reactor, bool stream)
      : reactor_(reactor), stream_(stream) {}

  void Send(Bytes message) override;
  void Finish(absl::Status status) override;
  Backlog backlog() const override;
  bool gone() const override;
  void OnChange(std::function<void()> changed) override;
  bool stream() const { return stream_; }

  // For the reactor.
  void Written(bool ok);
  void Gone();
  void Detach();

 private:
  void Advance();  // with the lock
  bool small() const { return queue_.size() <= kSmall; }

  static constexpr size_t kSmall = 64;

  mutable std::mutex mutex_;
  grpc::ServerGenericBidiReactor* reactor_;
  const bool stream_;
  std::deque<Bytes> queue_;
  size_t queue_bytes_ = 0;
  grpc::ByteBuffer writing_buffer_;
  bool writing_ = false;
  bool ending_ = false;  // Finish was called; the queue is written first
  bool ended_ = false;   // and gRPC has been told
  bool gone_ = false;
  absl::Status status_;
  std::function<void()> changed_;
};

}  // namespace smcp::control
