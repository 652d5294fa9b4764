// grpc.reflection over the generic service: v1 and v1alpha, whose messages are the same.
// Thread rule: as gRPC's callback API.
#pragma once

#include <grpcpp/generic/async_generic_service.h>

#include <memory>
#include <string_view>

#include "control/methods.h"

namespace smcp::control {

bool IsReflection(std::string_view path);
// Deletes itself. Ends when the client does, or with its connection.
grpc::ServerGenericBidiReactor* NewReflectionReactor(std::shared_ptr<const MethodTable> methods);

}  // namespace smcp::control
