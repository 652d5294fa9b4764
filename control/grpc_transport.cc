#include "control/grpc_transport.h"

#include <atomic>
#include <utility>
#include <vector>

#include "control/errors.h"
#include "control/grpc_reflection.h"
#include "control/grpc_sink.h"

namespace smcp::control {
namespace {

std::string TextOf(const grpc::string_ref& text) { return {text.data(), text.size()}; }

Arrival ArrivalOf(const grpc::GenericCallbackServerContext& context) {
  Arrival arrival;
  const auto& metadata = context.client_metadata();
  if (const auto found = metadata.find("authorization"); found != metadata.end()) {
    arrival.authorization = TextOf(found->second);
  }
  arrival.address = context.peer();
  arrival.has_deadline = context.deadline() != std::chrono::system_clock::time_point::max();
  const auto auth = context.auth_context();
  if (auth != nullptr && auth->IsPeerAuthenticated()) {
    for (const auto& name : auth->FindPropertyValues("x509_subject_alternative_name")) {
      arrival.certificate_names.push_back(TextOf(name));
    }
  }
  return arrival;
}

bool Flatten(const grpc::ByteBuffer& buffer, std::string& out) {
  std::vector<grpc::Slice> slices;
  if (!buffer.Dump(&slices).ok()) return false;
  out.clear();
  for (const grpc::Slice& slice : slices) {
    out.append(reinterpret_cast<const char*>(slice.begin()), slice.size());
  }
  return true;
}

class RefusingReactor final : public grpc::ServerGenericBidiReactor {
 public:
  explicit RefusingReactor(const grpc::Status& status) { Finish(status); }
  void OnDone() override { delete this; }
};

// gRPC runs the callbacks of a call on any thread, one after the other. It says so by locks that
// ThreadSanitizer cannot see into; this says it once more, in one that it can.
class Turn {
 public:
  explicit Turn(std::atomic<uint32_t>& turns) : turns_(turns) {
    turns_.load(std::memory_order_acquire);
  }
  ~Turn() { turns_.fetch_add(1, std::memory_order_release); }
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;

 private:
  std::atomic<uint32_t>& turns_;
};

}  // namespace

// Reads the one request, then leaves everything to the sink.
class CallReactor final : public grpc::ServerGenericBidiReactor {
 public:
  CallReactor(GrpcTransport& transport, std::shared_ptr<const Method> method, Arrival arrival)
      : transport_(transport),
        method_(std::move(method)),
        arrival_(std::move(arrival)),
        sink_(std::make_shared<GrpcSink>(this, method_->streams())) {
    transport_.Enter(sink_);
    { const Turn turn(turns_); }  // what is made here is theirs to read
    StartRead(&buffer_);
  }

  void OnReadDone(bool ok) override {
    const Turn turn(turns_);
    std::string body;
    if (!ok || !Flatten(buffer_, body)) {
      return sink_->Finish(absl::InvalidArgumentError("no request came"));
    }
    buffer_.Clear();
    transport_.pipeline_->Dispatch(method_, arrival_, body, sink_);
  }
  void OnWriteDone(bool ok) override {
    const Turn turn(turns_);
    sink_->Written(ok);
  }
  void OnCancel() override {
    const Turn turn(turns_);
    sink_->Gone();
  }
  void OnDone() override {
    { const Turn turn(turns_); }
    sink_->Detach();
    transport_.Leave(sink_);
    delete this;
  }

 private:
  GrpcTransport& transport_;
  const std::shared_ptr<const Method> method_;
  const Arrival arrival_;
  const std::shared_ptr<GrpcSink> sink_;
  grpc::ByteBuffer buffer_;
  std::atomic<uint32_t> turns_{0};
};

GrpcTransport::GrpcTransport(std::shared_ptr<const MethodTable> methods,
                             std::shared_ptr<Pipeline> pipeline, bool reflection)
    : methods_(std::move(methods)), pipeline_(std::move(pipeline)), reflection_(reflection) {}

GrpcTransport::~GrpcTransport() = default;

grpc::ServerGenericBidiReactor* GrpcTransport::CreateReactor(
    grpc::GenericCallbackServerContext* context) {
  if (auto method = methods_->Find(context->method())) {
    Arrival arrival = ArrivalOf(*context);
    const absl::Status admitted = pipeline_->Admit(method, arrival);
    if (!admitted.ok()) return new RefusingReactor(GrpcStatus(admitted));
    return new CallReactor(*this, std::move(method), std::move(arrival));
  }
  if (reflection_ && IsReflection(context->method())) {
    const absl::Status known = pipeline_->Identify(ArrivalOf(*context)).status();
    if (!known.ok()) return new RefusingReactor(GrpcStatus(known));
    return NewReflectionReactor(methods_);
  }
  return new RefusingReactor({grpc::StatusCode::UNIMPLEMENTED, "no such method"});
}

void GrpcTransport::Enter(const std::shared_ptr<GrpcSink>& sink) {
  bool refused = false;
  {
    const std::lock_guard lock(mutex_);
    open_.insert(sink);
    refused = all_ended_ || (streams_ended_ && sink->stream());
  }
  if (refused) sink->Finish(Refuse(v1::NODE_STOPPING, "the node is stopping"));
}

void GrpcTransport::Leave(const std::shared_ptr<GrpcSink>& sink) {
  const std::lock_guard lock(mutex_);
  open_.erase(sink);
}

void GrpcTransport::EndStreams() {
  std::vector<std::shared_ptr<GrpcSink>> streams;
  {
    const std::lock_guard lock(mutex_);
    streams_ended_ = true;
    for (const auto& sink : open_) {
      if (sink->stream()) streams.push_back(sink);
    }
  }
  for (const auto& sink : streams) sink->Finish(Refuse(v1::NODE_STOPPING, "the node is stopping"));
}

void GrpcTransport::EndAll() {
  std::set<std::shared_ptr<GrpcSink>> all;
  {
    const std::lock_guard lock(mutex_);
    all_ended_ = streams_ended_ = true;
    all = open_;
  }
  for (const auto& sink : all) sink->Finish(Refuse(v1::NODE_STOPPING, "the node is stopping"));
}

}  // namespace smcp::control
