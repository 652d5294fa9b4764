// Counts live sessions, in all and per remote address, and refuses what is over the limit.
//
// Any thread. The one mutex is taken when a session begins and ends, never per message.
#pragma once

#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>

#include "gateway/base/strings.h"

namespace smcp {

class SessionAdmission {
 public:
  // 0 turns a limit off.
  SessionAdmission(uint32_t sessions_max, uint32_t sessions_per_address_max)
      : sessions_max_(sessions_max), per_address_max_(sessions_per_address_max) {}

  // True: counted, to be given back with Leave.
  bool TryEnter(std::string_view address);
  void Leave(std::string_view address);
  uint32_t sessions() const;
  // Sessions beyond a new limit stay; it counts for those that want to enter.
  void SetLimits(uint32_t sessions_max, uint32_t sessions_per_address_max);

 private:
  mutable std::mutex mutex_;
  uint32_t sessions_max_;
  uint32_t per_address_max_;
  uint32_t sessions_ = 0;
  StringMap<uint32_t> per_address_;
};

}  // namespace smcp
