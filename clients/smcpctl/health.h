// grpc.health.v1, as far as a client needs it. Its descriptors are made here, in a pool of their
// own, so that nothing else has to be generated or linked.
#pragma once

#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "clients/smcpctl/invocation.h"

namespace smcpctl {

// The file with Health/Check and Health/Watch.
const google::protobuf::FileDescriptor* HealthFile();
std::unique_ptr<google::protobuf::Message> NewHealthMessage(
    const google::protobuf::Descriptor* type);

// "SERVING", "NOT_SERVING", ... of a service; of the process where it is empty.
absl::StatusOr<std::string> CheckHealth(Invocation& run, const std::string& service);

}  // namespace smcpctl
