// What a service of the control plane is, and what it is given.
//
// A further service is one class in a .cc pair of its own: derive from Service, add its methods in
// AddMethods (call.h says how), hand it to Server::Add before Start. It is reachable, listed by
// reflection and health, and guarded by the conventions of pipeline.h from then on.
// Thread rule: handlers run on gRPC threads, several at once; they must not block.
#pragma once

#include "control/methods.h"

namespace smcp::control {

class Service {
 public:
  virtual ~Service() = default;
  virtual void AddMethods(MethodTable& table) = 0;
};

}  // namespace smcp::control
