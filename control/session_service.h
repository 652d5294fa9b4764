// smcp.control.v1.SessionService. Thread rule: as Service.
#pragma once

#include "control/plane.h"
#include "control/service.h"

namespace smcp::control {

class SessionService final : public Service {
 public:
  explicit SessionService(PlanePtr plane) : plane_(std::move(plane)) {}
  void AddMethods(MethodTable& table) override;

 private:
  const PlanePtr plane_;
};

}  // namespace smcp::control
