#include "control/server.h"

#include <arpa/inet.h>
#include <grpc/grpc.h>
#include <grpc/support/log.h>
#include <grpcpp/ext/health_check_service_server_builder_option.h>
#include <grpcpp/health_check_service_interface.h>
#include <grpcpp/resource_quota.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>

#include <chrono>
#include <mutex>
#include <utility>

#include "control/event_service.h"
#include "control/executor.h"
#include "control/grpc_transport.h"
#include "control/hub.h"
#include "control/office_service.h"
#include "control/pipeline.h"
#include "control/plane.h"
#include "control/session_service.h"
#include "control/tool_call_service.h"
#include "gateway/base/check.h"
#include "gateway/base/strings.h"

namespace smcp::control {
namespace {

// gRPC says what is wrong with an address or a key in its log only, so the last complaint is kept
// for Start; its chatter would not fit into the gateway's own log.
std::mutex complaint_mutex;
std::string complaint;

void KeepComplaint(gpr_log_func_args* args) {
  if (args->severity != GPR_LOG_SEVERITY_ERROR) return;
  const std::lock_guard lock(complaint_mutex);
  complaint = args->message;
}

std::string TakeComplaint() {
  const std::lock_guard lock(complaint_mutex);
  return std::exchange(complaint, {});
}

// The part of gRPC's complaint that a person wants: the innermost description.
std::string Shortened(const std::string& text) {
  for (const std::string_view known :
       {"Address already in use", "Permission denied", "Cannot assign requested address",
        "Invalid private key", "Invalid cert chain file"}) {
    if (text.find(known) != std::string::npos) return std::string(known);
  }
  return text.substr(0, 200);
}

std::shared_ptr<grpc::ServerCredentials> CredentialsOf(const TlsOptions& tls) {
  if (tls.certificate_chain.empty()) return grpc::InsecureServerCredentials();
  auto client = GRPC_SSL_DONT_REQUEST_CLIENT_CERTIFICATE;
  if (!tls.client_ca.empty()) {
    client = tls.require_client_cert ? GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY
                                     : GRPC_SSL_REQUEST_CLIENT_CERTIFICATE_AND_VERIFY;
  }
  grpc::SslServerCredentialsOptions options(client);
  options.pem_key_cert_pairs.push_back({tls.private_key, tls.certificate_chain});
  options.pem_root_certs = tls.client_ca;
  return grpc::SslServerCredentials(options);
}

constexpr int kStreamsMax = 1'000;  // of one connection at a time
constexpr size_t kMemoryMax = 256U << 20U;

void SetArguments(const ServerOptions& options, grpc::ServerBuilder& builder) {
  // Two processes on one port would each get some of the calls.
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  const auto clip = [](int64_t ms) { return static_cast<int>(std::min<int64_t>(ms, INT32_MAX)); };
  if (options.max_connection_age_ms > 0) {
    builder.AddChannelArgument(GRPC_ARG_MAX_CONNECTION_AGE_MS, clip(options.max_connection_age_ms));
    builder.AddChannelArgument(GRPC_ARG_MAX_CONNECTION_AGE_GRACE_MS, 60'000);
  }
  if (options.keepalive_ms > 0) {
    builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, clip(options.keepalive_ms));
    builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 20'000);
  }
  // Clients that watch may ping as well.
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, 5'000);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  // What strangers may take up before they are known.
  builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS, kStreamsMax);
  grpc::ResourceQuota quota("control");
  builder.SetResourceQuota(quota.Resize(kMemoryMax));
  builder.SetMaxReceiveMessageSize(options.receive_bytes_max);
  builder.SetMaxSendMessageSize(options.send_bytes_max);
}

}  // namespace

struct Server::Parts {
  ServerOptions options;
  std::shared_ptr<ThreadExecutor> executor = std::make_shared<ThreadExecutor>();
  PlanePtr plane{};
  std::vector<std::unique_ptr<Service>> services{};
  std::shared_ptr<MethodTable> methods = std::make_shared<MethodTable>();
  std::shared_ptr<Pipeline> pipeline{};
  std::unique_ptr<GrpcTransport> transport{};
  std::unique_ptr<grpc::Server> grpc{};
  int port = 0;
};

Server::Server(ServerOptions options, GatewayInspect& inspect, GatewayAdmin& admin)
    : parts_(std::make_unique<Parts>()) {
  Parts& p = *parts_;
  p.options = std::move(options);
  p.plane = PlanePtr(
      new Plane{.inspect = inspect,
                .admin = admin,
                .executor = p.executor,
                .audit = std::make_shared<AuditLog>(p.options.audit_entries, p.options.audit_sink),
                .hub = std::make_shared<Hub>(inspect, p.executor, p.options.hub, p.options.node_id),
                .node_id = p.options.node_id,
                .allow_invoke = p.options.allow_invoke});
  Add(std::make_unique<OfficeService>(p.plane));
  Add(std::make_unique<SessionService>(p.plane));
  Add(std::make_unique<ToolCallService>(p.plane));
  Add(std::make_unique<EventService>(p.plane));
  Add(std::make_unique<AuditService>(p.plane));
}

Server::~Server() {
  Shutdown(0);
  parts_->executor->Stop();
}

void Server::Add(std::unique_ptr<Service> service) {
  SMCP_CHECK(parts_->grpc == nullptr);
  service->AddMethods(*parts_->methods);
  parts_->services.push_back(std::move(service));
}

absl::Status Server::Start() {
  Parts& p = *parts_;
  absl::StatusOr<AccessPolicy> access = AccessPolicy::Create(p.options.access);
  if (!access.ok()) return access.status();
  const std::vector<std::string> missing = p.methods->Missing();
  if (!missing.empty()) return absl::InternalError("nobody handles " + missing.front());
  p.pipeline = std::make_shared<Pipeline>(std::move(*access), p.plane->audit, p.executor);
  p.transport = std::make_unique<GrpcTransport>(p.methods, p.pipeline, p.options.reflection);

  gpr_set_log_function(KeepComplaint);
  TakeComplaint();
  grpc::EnableDefaultHealthCheckService(true);
  grpc::ServerBuilder builder;
  builder.AddListeningPort(p.options.address, CredentialsOf(p.options.tls), &p.port);
  SetArguments(p.options, builder);
  builder.RegisterCallbackGenericService(p.transport.get());
  p.grpc = builder.BuildAndStart();
  if (p.grpc == nullptr || p.port == 0) {
    p.grpc.reset();
    return absl::UnavailableError("the control plane cannot listen on " + p.options.address + ": " +
                                  Shortened(TakeComplaint()));
  }
  SetServing(true);
  return absl::OkStatus();
}

int Server::port() const { return parts_->port; }

void Server::SetServing(bool serving) {
  if (parts_->grpc == nullptr) return;
  auto* health = parts_->grpc->GetHealthCheckService();
  for (const std::string& name : parts_->methods->services()) {
    health->SetServingStatus(name, serving);
  }
  health->SetServingStatus("", serving);
}

absl::Status Server::SetAccess(const AccessOptions& access) {
  absl::StatusOr<AccessPolicy> policy = AccessPolicy::Create(access);
  if (!policy.ok()) return policy.status();
  if (parts_->pipeline != nullptr) parts_->pipeline->SetAccess(std::move(*policy));
  return absl::OkStatus();
}

void Server::Shutdown(int64_t within_ms) {
  Parts& p = *parts_;
  if (p.grpc == nullptr) return;
  SetServing(false);
  p.transport->EndStreams();
  // A call whose answer never comes would keep gRPC waiting, whatever deadline it was given.
  p.executor->After(within_ms, [&p] { p.transport->EndAll(); });
  p.grpc->Shutdown(std::chrono::system_clock::now() + std::chrono::milliseconds(within_ms));
  p.executor->Stop();
  p.plane->hub->Abandon();
  p.grpc.reset();
}

void Server::SetAllowInvoke(bool allowed) {
  parts_->plane->allow_invoke.store(allowed, std::memory_order_relaxed);
}
void Server::Publish(v1::Event event) { parts_->plane->hub->Publish(std::move(event)); }
size_t Server::watchers() const { return parts_->plane->hub->watchers(); }
AuditLog& Server::audit() { return *parts_->plane->audit; }
std::shared_ptr<Executor> Server::executor() { return parts_->executor; }

}  // namespace smcp::control
