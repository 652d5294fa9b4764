#include "control/grpc_sink.h"

#include <utility>

#include "control/errors.h"
#include "gateway/base/strings.h"

namespace smcp::control {
namespace {

// The buffer refers to the message and keeps it, so what many readers get exists once.
grpc::ByteBuffer BufferOf(const Bytes& message) {
  auto* kept = new Bytes(message);
  grpc::Slice slice(
      const_cast<char*>(message->data()), message->size(),
      [](void* data) { delete static_cast<Bytes*>(data); }, kept);
  return grpc::ByteBuffer(&slice, 1);
}

}  // namespace

grpc::Status GrpcStatus(const absl::Status& status) {
  if (status.ok()) return grpc::Status::OK;
  return {static_cast<grpc::StatusCode>(status.code()), std::string(ToStd(status.message())),
          SerializeStatus(status)};
}

void GrpcSink::Send(Bytes message) {
  const std::lock_guard lock(mutex_);
  if (ending_ || gone_ || reactor_ == nullptr) return;
  queue_bytes_ += message->size();
  queue_.push_back(std::move(message));
  Advance();
}

void GrpcSink::Finish(absl::Status status) {
  const std::lock_guard lock(mutex_);
  if (ending_) return;
  ending_ = true;
  status_ = std::move(status);
  // An error is not kept waiting behind a backlog that nobody reads.
  if (!status_.ok() && stream_) {
    queue_.clear();
    queue_bytes_ = 0;
  }
  Advance();
}

Sink::Backlog GrpcSink::backlog() const {
  const std::lock_guard lock(mutex_);
  return {queue_.size(), queue_bytes_};
}

bool GrpcSink::gone() const {
  const std::lock_guard lock(mutex_);
  return gone_;
}

void GrpcSink::OnChange(std::function<void()> changed) {
  {
    const std::lock_guard lock(mutex_);
    if (reactor_ != nullptr) {
      changed_ = std::move(changed);
      return;
    }
  }
  // The caller had gone before anybody listened, and nothing will change any more. To keep it would
  // be to keep the call, which keeps this sink.
  changed();
}

void GrpcSink::Advance() {
  if (writing_ || ended_ || reactor_ == nullptr) return;
  // A unary answer waits for its status and leaves with it. A buffer hint would not do: gRPC holds
  // the headers of a hinted first message back, and its completion with them, until something else
  // is written on the connection.
  if (!stream_ && !ending_) return;
  if (!queue_.empty() && !gone_) {
    writing_buffer_ = BufferOf(queue_.front());
    queue_bytes_ -= queue_.front()->size();
    queue_.pop_front();
    if (!stream_) {
      ended_ = true;
      reactor_->StartWriteAndFinish(&writing_buffer_, {}, GrpcStatus(status_));
      return;
    }
    writing_ = true;
    reactor_->StartWrite(&writing_buffer_);
  } else if (ending_) {
    ended_ = true;
    reactor_->Finish(GrpcStatus(status_));
  }
}

void GrpcSink::Written(bool ok) {
  std::function<void()> changed;
  {
    const std::lock_guard lock(mutex_);
    writing_ = false;
    if (!ok) gone_ = true;
    Advance();
    if (queue_.size() == kSmall || queue_.empty() || gone_) changed = changed_;
  }
  if (changed) changed();
}

void GrpcSink::Gone() {
  std::function<void()> changed;
  {
    const std::lock_guard lock(mutex_);
    gone_ = true;
    queue_.clear();
    queue_bytes_ = 0;
    // gRPC keeps a call, read or not, until it is finished.
    if (!ending_) status_ = absl::CancelledError("the caller has gone");
    ending_ = true;
    Advance();
    changed = changed_;
  }
  if (changed) changed();
}

void GrpcSink::Detach() {
  std::function<void()> changed;
  const std::lock_guard lock(mutex_);
  reactor_ = nullptr;
  gone_ = true;
  changed.swap(changed_);  // dies after the lock is released: it may hold this sink
}

}  // namespace smcp::control
