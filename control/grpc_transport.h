// gRPC below the pipeline: one generic callback service that takes every method of the table.
//
// Methods are found by path and messages parsed by type, so no generated service class is involved,
// a call is authenticated before anything of it is parsed, and a stream writes bytes that were
// serialized once for all its readers.
// Thread rule: as gRPC's callback API; EndStreams and EndAll from any thread.
#pragma once

#include <grpcpp/generic/async_generic_service.h>

#include <memory>
#include <mutex>
#include <set>

#include "control/methods.h"
#include "control/pipeline.h"

namespace smcp::control {

class GrpcSink;

class GrpcTransport final : public grpc::CallbackGenericService {
 public:
  GrpcTransport(std::shared_ptr<const MethodTable> methods, std::shared_ptr<Pipeline> pipeline,
                bool reflection);
  ~GrpcTransport() override;

  grpc::ServerGenericBidiReactor* CreateReactor(
      grpc::GenericCallbackServerContext* context) override;

  // From now on new streams, or all calls, are refused, and those that are open are ended.
  void EndStreams();
  void EndAll();

 private:
  friend class CallReactor;
  void Enter(const std::shared_ptr<GrpcSink>& sink);
  void Leave(const std::shared_ptr<GrpcSink>& sink);

  const std::shared_ptr<const MethodTable> methods_;
  const std::shared_ptr<Pipeline> pipeline_;
  const bool reflection_;
  std::mutex mutex_;
  std::set<std::shared_ptr<GrpcSink>> open_;
  bool streams_ended_ = false;
  bool all_ended_ = false;
};

}  // namespace smcp::control
