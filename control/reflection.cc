#include "control/reflection.h"

#include <vector>

#include "google/protobuf/descriptor.h"
#include "google/protobuf/descriptor.pb.h"

namespace smcp::control {
namespace {

using google::protobuf::DescriptorPool;
using google::protobuf::FieldDescriptor;
using google::protobuf::FileDescriptor;
using grpc::reflection::v1::ServerReflectionRequest;
using grpc::reflection::v1::ServerReflectionResponse;

constexpr int kNotFound = 5;
constexpr int kInvalidArgument = 3;

void AddFile(const FileDescriptor& file, std::set<std::string>& seen,
             ServerReflectionResponse& response) {
  if (!seen.insert(file.name()).second) return;
  google::protobuf::FileDescriptorProto proto;
  file.CopyTo(&proto);
  file.CopyJsonNameTo(&proto);  // clients show fields by it
  response.mutable_file_descriptor_response()->add_file_descriptor_proto(proto.SerializeAsString());
  for (int i = 0; i < file.dependency_count(); ++i) AddFile(*file.dependency(i), seen, response);
}

void Fail(int code, const std::string& what, ServerReflectionResponse& response) {
  response.mutable_error_response()->set_error_code(code);
  response.mutable_error_response()->set_error_message(what);
}

void AnswerWithFile(const FileDescriptor* file, const std::string& what,
                    ServerReflectionResponse& response) {
  std::set<std::string> seen;
  if (file == nullptr) return Fail(kNotFound, "not found: " + what, response);
  AddFile(*file, seen, response);
}

void AnswerExtensionNumbers(const std::string& type, ServerReflectionResponse& response) {
  const auto* pool = DescriptorPool::generated_pool();
  const auto* descriptor = pool->FindMessageTypeByName(type);
  if (descriptor == nullptr) return Fail(kNotFound, "not found: " + type, response);
  std::vector<const FieldDescriptor*> extensions;
  pool->FindAllExtensions(descriptor, &extensions);
  auto* answer = response.mutable_all_extension_numbers_response();
  answer->set_base_type_name(type);
  for (const auto* extension : extensions) answer->add_extension_number(extension->number());
}

}  // namespace

ServerReflectionResponse AnswerReflection(const ServerReflectionRequest& request,
                                          const std::set<std::string>& services) {
  ServerReflectionResponse response;
  response.set_valid_host(request.host());
  *response.mutable_original_request() = request;
  const auto* pool = DescriptorPool::generated_pool();
  switch (request.message_request_case()) {
    case ServerReflectionRequest::kListServices:
      for (const std::string& name : services) {
        response.mutable_list_services_response()->add_service()->set_name(name);
      }
      break;
    case ServerReflectionRequest::kFileByFilename:
      AnswerWithFile(pool->FindFileByName(request.file_by_filename()), request.file_by_filename(),
                     response);
      break;
    case ServerReflectionRequest::kFileContainingSymbol:
      AnswerWithFile(pool->FindFileContainingSymbol(request.file_containing_symbol()),
                     request.file_containing_symbol(), response);
      break;
    case ServerReflectionRequest::kFileContainingExtension: {
      const auto& wanted = request.file_containing_extension();
      const auto* type = pool->FindMessageTypeByName(wanted.containing_type());
      const auto* extension =
          type == nullptr ? nullptr : pool->FindExtensionByNumber(type, wanted.extension_number());
      AnswerWithFile(extension == nullptr ? nullptr : extension->file(), wanted.containing_type(),
                     response);
      break;
    }
    case ServerReflectionRequest::kAllExtensionNumbersOfType:
      AnswerExtensionNumbers(request.all_extension_numbers_of_type(), response);
      break;
    case ServerReflectionRequest::MESSAGE_REQUEST_NOT_SET:
      Fail(kInvalidArgument, "nothing was asked for", response);
      break;
  }
  return response;
}

}  // namespace smcp::control
