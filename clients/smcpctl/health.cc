#include "clients/smcpctl/health.h"

#include <google/protobuf/descriptor.pb.h>
#include <google/protobuf/dynamic_message.h>
#include <google/protobuf/text_format.h>

namespace smcpctl {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FileDescriptor;
using google::protobuf::Message;

constexpr const char* kSchema = R"(
  name: "grpc/health/v1/health.proto" package: "grpc.health.v1" syntax: "proto3"
  message_type { name: "HealthCheckRequest"
    field { name: "service" number: 1 type: TYPE_STRING label: LABEL_OPTIONAL } }
  message_type { name: "HealthCheckResponse"
    field { name: "status" number: 1 type: TYPE_ENUM label: LABEL_OPTIONAL
            type_name: ".grpc.health.v1.HealthCheckResponse.ServingStatus" }
    enum_type { name: "ServingStatus"
      value { name: "UNKNOWN" number: 0 } value { name: "SERVING" number: 1 }
      value { name: "NOT_SERVING" number: 2 } value { name: "SERVICE_UNKNOWN" number: 3 } } }
  service { name: "Health"
    method { name: "Check" input_type: ".grpc.health.v1.HealthCheckRequest"
             output_type: ".grpc.health.v1.HealthCheckResponse" }
    method { name: "Watch" input_type: ".grpc.health.v1.HealthCheckRequest"
             output_type: ".grpc.health.v1.HealthCheckResponse" server_streaming: true } }
)";

struct Schema {
  google::protobuf::DescriptorPool pool;
  google::protobuf::DynamicMessageFactory factory{&pool};
  const FileDescriptor* file = nullptr;

  Schema() {
    google::protobuf::FileDescriptorProto proto;
    google::protobuf::TextFormat::ParseFromString(kSchema, &proto);
    file = pool.BuildFile(proto);
  }
};

Schema& TheSchema() {
  static Schema schema;
  return schema;
}

}  // namespace

const FileDescriptor* HealthFile() { return TheSchema().file; }

std::unique_ptr<Message> NewHealthMessage(const Descriptor* type) {
  return std::unique_ptr<Message>(TheSchema().factory.GetPrototype(type)->New());
}

absl::StatusOr<std::string> CheckHealth(Invocation& run, const std::string& service) {
  const auto request = NewHealthMessage(HealthFile()->FindMessageTypeByName("HealthCheckRequest"));
  const auto response =
      NewHealthMessage(HealthFile()->FindMessageTypeByName("HealthCheckResponse"));
  request->GetReflection()->SetString(
      request.get(), request->GetDescriptor()->FindFieldByName("service"), service);
  if (auto s = run.Call("grpc.health.v1.Health/Check", *request, response.get()); !s.ok()) return s;
  const auto* status = response->GetDescriptor()->FindFieldByName("status");
  return response->GetReflection()->GetEnum(*response, status)->name();
}

}  // namespace smcpctl
