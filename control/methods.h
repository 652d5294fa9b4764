// The table of methods: what the protos say of each, and who handles it.
//
// Thread rule: filled before the server starts, read-only afterwards.
#pragma once

#include <functional>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "control/call.h"
#include "gateway/base/strings.h"
#include "google/protobuf/descriptor.h"

namespace smcp::control {

struct Method {
  const google::protobuf::MethodDescriptor* descriptor = nullptr;
  v1::AccessRole required_role = v1::ACCESS_ROLE_UNSPECIFIED;
  bool mutation = false;  // its request has a request_id: audited, idempotent
  std::function<std::unique_ptr<google::protobuf::Message>()> make_request{};
  std::function<void(std::shared_ptr<Call>)> run{};

  const std::string& name() const { return descriptor->full_name(); }
  bool streams() const { return descriptor->server_streaming(); }
};

class MethodTable {
 public:
  // `name` as in the proto: "smcp.control.v1.OfficeService.GetOffice". A name that the protos do
  // not know, or with other types, or without a role, ends the process: it is a slip of ours.
  template <class Request, class Response>
  void AddUnary(std::string_view name,
                std::type_identity_t<std::function<void(Unary<Request, Response>)>> handler) {
    Add<Request, Response>(name, false, [handler = std::move(handler)](std::shared_ptr<Call> call) {
      handler(Unary<Request, Response>(std::move(call)));
    });
  }
  template <class Request, class Response>
  void AddStream(std::string_view name,
                 std::type_identity_t<std::function<void(Stream<Request, Response>)>> handler) {
    Add<Request, Response>(name, true, [handler = std::move(handler)](std::shared_ptr<Call> call) {
      handler(Stream<Request, Response>(std::move(call)));
    });
  }

  // By gRPC path, "/smcp.control.v1.OfficeService/GetOffice"; null if nobody handles it.
  std::shared_ptr<const Method> Find(std::string_view path) const;
  // Full names, sorted.
  const std::set<std::string>& services() const { return services_; }
  // Methods of those services that the protos have and the table lacks.
  std::vector<std::string> Missing() const;

 private:
  template <class Request, class Response>
  void Add(std::string_view name, bool streams, std::function<void(std::shared_ptr<Call>)> run) {
    Method method;
    method.make_request = [] { return std::make_unique<Request>(); };
    method.run = std::move(run);
    Insert(name, Request::descriptor(), Response::descriptor(), streams, std::move(method));
  }
  void Insert(std::string_view name, const google::protobuf::Descriptor* request,
              const google::protobuf::Descriptor* response, bool streams, Method method);

  StringMap<std::shared_ptr<const Method>> methods_;  // by path
  std::set<std::string> services_;
};

}  // namespace smcp::control
