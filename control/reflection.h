// What a client without a schema is told: the services that are served and the files that describe
// them, from the descriptors in this binary. Thread rule: pure functions, any thread.
#pragma once

#include <set>
#include <string>

#include "grpc/reflection/v1/reflection.pb.h"

namespace smcp::control {

grpc::reflection::v1::ServerReflectionResponse AnswerReflection(
    const grpc::reflection::v1::ServerReflectionRequest& request,
    const std::set<std::string>& services);

}  // namespace smcp::control
