#include "gateway/runtime/admission.h"

namespace smcp {

bool Admission::TryEnter(std::string_view address) {
  const std::lock_guard lock(mutex_);
  if (sessions_max_ != 0 && sessions_ >= sessions_max_) return false;
  uint32_t& here = per_address_.try_emplace(address).first->second;
  if (per_address_max_ != 0 && here >= per_address_max_) return false;
  ++here;
  ++sessions_;
  return true;
}

void Admission::Leave(std::string_view address) {
  const std::lock_guard lock(mutex_);
  const auto it = per_address_.find(address);
  if (it == per_address_.end()) return;
  --sessions_;
  if (--it->second == 0) per_address_.erase(it);
}

uint32_t Admission::sessions() const {
  const std::lock_guard lock(mutex_);
  return sessions_;
}

}  // namespace smcp
