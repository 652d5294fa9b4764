// smcp.control.v1.OfficeService. Thread rule: as Service.
#pragma once

#include "control/plane.h"
#include "control/service.h"

namespace smcp::control {

class OfficeService final : public Service {
 public:
  explicit OfficeService(PlanePtr plane) : plane_(std::move(plane)) {}
  void AddMethods(MethodTable& table) override;

 private:
  const PlanePtr plane_;
};

}  // namespace smcp::control
