// smcp.control.v1.ToolCallService. Thread rule: as Service.
#pragma once

#include "control/plane.h"
#include "control/service.h"

namespace smcp::control {

class ToolCallService final : public Service {
 public:
  explicit ToolCallService(PlanePtr plane) : plane_(std::move(plane)) {}
  void AddMethods(MethodTable& table) override;

 private:
  const PlanePtr plane_;
};

}  // namespace smcp::control
