// smcp.control.v1.EventService and AuditService: what happened, and who changed what.
// Thread rule: as Service.
#pragma once

#include "control/plane.h"
#include "control/service.h"

namespace smcp::control {

class EventService final : public Service {
 public:
  explicit EventService(PlanePtr plane) : plane_(std::move(plane)) {}
  void AddMethods(MethodTable& table) override;

 private:
  const PlanePtr plane_;
};

class AuditService final : public Service {
 public:
  explicit AuditService(PlanePtr plane) : plane_(std::move(plane)) {}
  void AddMethods(MethodTable& table) override;

 private:
  const PlanePtr plane_;
};

}  // namespace smcp::control
