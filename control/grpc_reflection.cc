#include "control/grpc_reflection.h"

#include <grpcpp/impl/codegen/proto_utils.h>

#include <utility>

#include "control/reflection.h"

namespace smcp::control {
namespace {

using grpc::reflection::v1::ServerReflectionRequest;
using grpc::reflection::v1::ServerReflectionResponse;

class ReflectionReactor final : public grpc::ServerGenericBidiReactor {
 public:
  explicit ReflectionReactor(std::shared_ptr<const MethodTable> methods)
      : methods_(std::move(methods)), services_(methods_->services()) {
    for (const char* name : {"grpc.health.v1.Health", "grpc.reflection.v1.ServerReflection",
                             "grpc.reflection.v1alpha.ServerReflection"}) {
      services_.insert(name);
    }
    StartRead(&read_);
  }

  void OnReadDone(bool ok) override {
    if (!ok) return Finish(grpc::Status::OK);
    ServerReflectionRequest request;
    grpc::ProtoBufferReader reader(&read_);
    if (!request.ParseFromZeroCopyStream(&reader)) {
      return Finish({grpc::StatusCode::INVALID_ARGUMENT, "not a reflection request"});
    }
    const std::string answer = AnswerReflection(request, services_).SerializeAsString();
    const grpc::Slice slice(answer);
    write_ = grpc::ByteBuffer(&slice, 1);
    StartWrite(&write_);
  }
  void OnWriteDone(bool ok) override {
    if (!ok) return Finish(grpc::Status::CANCELLED);
    StartRead(&read_);
  }
  void OnDone() override { delete this; }

 private:
  const std::shared_ptr<const MethodTable> methods_;
  std::set<std::string> services_;
  grpc::ByteBuffer read_;
  grpc::ByteBuffer write_;
};

}  // namespace

bool IsReflection(std::string_view path) {
  return path == "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo" ||
         path == "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo";
}

grpc::ServerGenericBidiReactor* NewReflectionReactor(std::shared_ptr<const MethodTable> methods) {
  return new ReflectionReactor(std::move(methods));
}

}  // namespace smcp::control
