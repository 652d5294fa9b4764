#include "control/methods.h"

#include "gateway/base/check.h"

namespace smcp::control {
namespace {

std::string PathOf(const google::protobuf::MethodDescriptor& method) {
  return "/" + method.service()->full_name() + "/" + method.name();
}

}  // namespace

std::shared_ptr<const Method> MethodTable::Find(std::string_view path) const {
  const auto found = methods_.find(path);
  return found == methods_.end() ? nullptr : found->second;
}

std::vector<std::string> MethodTable::Missing() const {
  std::vector<std::string> missing;
  for (const std::string& name : services_) {
    const auto* service =
        google::protobuf::DescriptorPool::generated_pool()->FindServiceByName(name);
    for (int i = 0; i < service->method_count(); ++i) {
      if (Find(PathOf(*service->method(i))) == nullptr) {
        missing.push_back(service->method(i)->full_name());
      }
    }
  }
  return missing;
}

void MethodTable::Insert(std::string_view name, const google::protobuf::Descriptor* request,
                         const google::protobuf::Descriptor* response, bool streams,
                         Method method) {
  const auto* descriptor =
      google::protobuf::DescriptorPool::generated_pool()->FindMethodByName(std::string(name));
  SMCP_CHECK(descriptor != nullptr);
  SMCP_CHECK(descriptor->input_type() == request && descriptor->output_type() == response);
  SMCP_CHECK(descriptor->server_streaming() == streams && !descriptor->client_streaming());
  method.descriptor = descriptor;
  method.required_role = descriptor->options().GetExtension(v1::required_role);
  SMCP_CHECK(method.required_role != v1::ACCESS_ROLE_UNSPECIFIED);
  method.mutation = request->FindFieldByName("request_id") != nullptr;
  services_.insert(descriptor->service()->full_name());
  const bool inserted =
      methods_.emplace(PathOf(*descriptor), std::make_shared<const Method>(std::move(method)))
          .second;
  SMCP_CHECK(inserted);
}

}  // namespace smcp::control
