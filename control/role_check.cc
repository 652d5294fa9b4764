#include "control/role_check.h"

#include "smcp/control/v1/common.pb.h"

namespace smcp::control {

std::vector<std::string> MethodsWithoutRole(const google::protobuf::FileDescriptorSet& files) {
  std::vector<std::string> without;
  for (const auto& file : files.file()) {
    for (const auto& service : file.service()) {
      for (const auto& method : service.method()) {
        const auto role = method.options().GetExtension(v1::required_role);
        if (role != v1::ACCESS_ROLE_UNSPECIFIED) continue;
        without.push_back(file.name() + ": " + service.name() + "." + method.name() +
                          " has no (smcp.control.v1.required_role)");
      }
    }
  }
  return without;
}

}  // namespace smcp::control
