#include "control/call.h"

#include "control/errors.h"

namespace smcp::control {

Call::Call(std::shared_ptr<const Method> call_method, Caller who, std::shared_ptr<Sink> sink)
    : method_(std::move(call_method)), caller_(std::move(who)), sink_(std::move(sink)) {}

Call::~Call() { Finish(Refuse(v1::NODE_STOPPING, "the node is stopping")); }

void Call::SetTarget(std::string target) {
  const std::lock_guard lock(mutex_);
  target_ = std::move(target);
}

void Call::SetDetail(std::string detail) {
  const std::lock_guard lock(mutex_);
  detail_ = std::move(detail);
}

std::string Call::target() const {
  const std::lock_guard lock(mutex_);
  return target_;
}

std::string Call::detail() const {
  const std::lock_guard lock(mutex_);
  return detail_;
}

void Call::Send(Bytes message) {
  if (finished()) return;
  if (on_send_) on_send_(message);
  sink_->Send(std::move(message));
}

void Call::Finish(const absl::Status& status) {
  if (finished_.exchange(true, std::memory_order_acq_rel)) return;
  if (on_finish_) on_finish_(*this, status);
  sink_->Finish(status);
}

}  // namespace smcp::control
