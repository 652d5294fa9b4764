#include "gateway/runtime/admission.h"

namespace smcp {

bool SessionAdmission::TryEnter(std::string_view address) {
  const std::lock_guard lock(mutex_);
  if (sessions_max_ != 0 && sessions_ >= sessions_max_) return false;
  uint32_t& here = per_address_.try_emplace(address).first->second;
  if (per_address_max_ != 0 && here >= per_address_max_) return false;
  ++here;
  ++sessions_;
  return true;
}

void SessionAdmission::Leave(std::string_view address) {
  const std::lock_guard lock(mutex_);
  const auto it = per_address_.find(address);
  if (it == per_address_.end()) return;
  --sessions_;
  if (--it->second == 0) per_address_.erase(it);
}

void SessionAdmission::SetLimits(uint32_t sessions_max, uint32_t sessions_per_address_max) {
  const std::lock_guard lock(mutex_);
  sessions_max_ = sessions_max;
  per_address_max_ = sessions_per_address_max;
}

uint32_t SessionAdmission::sessions() const {
  const std::lock_guard lock(mutex_);
  return sessions_;
}

}  // namespace smcp
