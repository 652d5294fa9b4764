// Every method of the control plane says who may call it: the build fails on one that does not.
// Thread rule: pure.
#pragma once

#include <string>
#include <vector>

#include "google/protobuf/descriptor.pb.h"

namespace smcp::control {

// One line per method that has no (smcp.control.v1.required_role), or an unknown one.
std::vector<std::string> MethodsWithoutRole(const google::protobuf::FileDescriptorSet& files);

}  // namespace smcp::control
