// The services over a fake gateway, called as the transport would: by path, with bytes.
// Thread rule: the test's.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "control/event_service.h"
#include "control/office_service.h"
#include "control/pipeline.h"
#include "control/session_service.h"
#include "control/tool_call_service.h"
#include "tests/unit/control/support/fake_call.h"
#include "tests/unit/control/support/fake_gateway.h"

namespace smcp::control {

class ServiceTest : public testing::Test {
 protected:
  // As a server does when its executor has stopped.
  ~ServiceTest() override { plane_->hub->Abandon(); }
  ServiceTest() {
    AccessOptions access;
    access.tokens = {{"root", v1::ADMIN, {}, Sha256Hex("root")},
                     {"ops", v1::OPERATOR, {}, Sha256Hex("ops")},
                     {"see", v1::VIEWER, {}, Sha256Hex("see")},
                     {"north", v1::ADMIN, {"north*"}, Sha256Hex("north")}};
    plane_ =
        PlanePtr(new Plane{.inspect = gateway_,
                           .admin = gateway_,
                           .executor = executor_,
                           .audit = audit_,
                           .hub = std::make_shared<Hub>(gateway_, executor_, HubLimits{}, "node"),
                           .node_id = "node"});
    pipeline_ = std::make_shared<Pipeline>(*AccessPolicy::Create(access), audit_, executor_);
    Add(std::make_unique<OfficeService>(plane_));
    Add(std::make_unique<SessionService>(plane_));
    Add(std::make_unique<ToolCallService>(plane_));
    Add(std::make_unique<EventService>(plane_));
    Add(std::make_unique<AuditService>(plane_));
  }
  void Add(std::unique_ptr<Service> service) {
    service->AddMethods(table_);
    services_.push_back(std::move(service));
  }

  // Begins a call; answers that are ready are there.
  std::shared_ptr<FakeSink> Start(const std::string& path, const google::protobuf::Message& request,
                                  const std::string& token = "root") {
    auto sink = std::make_shared<FakeSink>();
    Arrival arrival;
    if (!token.empty()) arrival.authorization = "Bearer " + token;
    arrival.address = "test";
    arrival.has_deadline = true;
    const auto method = table_.Find("/smcp.control.v1." + path);
    SMCP_CHECK(method != nullptr);
    pipeline_->Dispatch(method, arrival, request.SerializeAsString(), sink);
    executor_->Run();
    return sink;
  }
  // A whole unary call; the status in `status_`.
  template <class Response>
  Response Ask(const std::string& path, const google::protobuf::Message& request,
               const std::string& token = "root") {
    const auto sink = Start(path, request, token);
    status_ = sink->finished.value_or(absl::UnknownError("not finished"));
    auto answers = sink->Take<Response>();
    EXPECT_EQ(answers.size(), status_.ok() ? 1U : 0U) << path << " " << status_;
    return answers.empty() ? Response() : answers.front();
  }
  v1::ErrorReason reason() const { return ReasonOf(status_); }
  std::vector<v1::AuditEntry> Audited() const { return audit_->Read(0, 100, {}); }

  FakeGateway gateway_;
  std::shared_ptr<FakeExecutor> executor_ = std::make_shared<FakeExecutor>();
  std::shared_ptr<AuditLog> audit_ = std::make_shared<AuditLog>(100);
  PlanePtr plane_;
  std::shared_ptr<Pipeline> pipeline_;
  MethodTable table_;
  std::vector<std::unique_ptr<Service>> services_;
  absl::Status status_;
};

}  // namespace smcp::control
