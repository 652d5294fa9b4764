#include "clients/smcpctl/client.h"

#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>
#include <grpcpp/completion_queue.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/security/tls_credentials_options.h>

#include <chrono>
#include <cstdio>
#include <utility>

#include "clients/smcpctl/human.h"
#include "clients/smcpctl/rpc_error.h"

namespace smcpctl {
namespace {

using std::chrono::nanoseconds;
using std::chrono::system_clock;
using Stream = grpc::GenericClientAsyncReaderWriter;

constexpr auto kIdle = std::chrono::milliseconds(250);
constexpr int kMessageMax = 64 << 20;

system_clock::time_point After(int64_t timeout) {
  return system_clock::now() +
         std::chrono::duration_cast<system_clock::duration>(nanoseconds(timeout));
}

grpc::ByteBuffer Pack(const google::protobuf::Message& message) {
  grpc::Slice slice(message.SerializeAsString());
  return {&slice, 1};
}

bool Unpack(const grpc::ByteBuffer& buffer, google::protobuf::Message* message) {
  std::vector<grpc::Slice> slices;
  if (!buffer.Dump(&slices).ok()) return false;
  std::string bytes;
  for (const grpc::Slice& slice : slices) {
    bytes.append(reinterpret_cast<const char*>(slice.begin()), slice.size());
  }
  return message->ParseFromString(bytes);
}

std::shared_ptr<grpc::ChannelCredentials> CredentialsFor(const Target& target) {
  if (!target.tls) return grpc::InsecureChannelCredentials();
  if (!target.skip_verify) {
    return grpc::SslCredentials({target.ca_pem, target.key_pem, target.cert_pem});
  }
  grpc::experimental::TlsChannelCredentialsOptions options;
  options.set_verify_server_certs(false);
  options.set_check_call_host(false);
  options.set_certificate_verifier(std::make_shared<grpc::experimental::NoOpCertificateVerifier>());
  if (!target.cert_pem.empty()) {
    options.set_certificate_provider(
        std::make_shared<grpc::experimental::StaticDataCertificateProvider>(
            std::vector<grpc::experimental::IdentityKeyCertPair>{
                {target.key_pem, target.cert_pem}}));
    options.watch_identity_key_cert_pairs();
  }
  return grpc::experimental::TlsCredentials(options);
}

std::shared_ptr<grpc::Channel> Open(const Target& target, const std::string& address) {
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(kMessageMax);
  // A dead network is noticed by watches, too. Not more often than servers let pass by default.
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, 300'000);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 10'000);
  // A proxy cannot lead to this machine's own loopback.
  if (target.loopback) arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  if (!target.server_name.empty()) arguments.SetSslTargetNameOverride(target.server_name);
  return grpc::CreateCustomChannel(address, CredentialsFor(target), arguments);
}

// One call at a time, on a completion queue of its own.
class Exchange {
 public:
  Exchange(grpc::Channel* channel, const Target& target, int64_t timeout) : channel_(channel) {
    if (timeout > 0) context_.set_deadline(After(timeout));
    if (!target.token.empty()) context_.AddMetadata("authorization", "Bearer " + target.token);
  }
  ~Exchange() {
    queue_.Shutdown();
    void* tag = nullptr;
    bool ok = false;
    while (queue_.Next(&tag, &ok)) {
    }
  }
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;

  bool Start(const std::string& method, const google::protobuf::Message& request) {
    grpc::GenericStub stub(std::shared_ptr<grpc::ChannelInterface>(channel_, [](auto*) {}));
    stream_ = stub.PrepareCall(&context_, method, &queue_);
    stream_->StartCall(this);
    if (!Wait({})) return false;
    stream_->WriteLast(Pack(request), grpc::WriteOptions(), this);
    return Wait({});
  }

  // False: the stream has ended.
  bool Read(google::protobuf::Message* message, const std::function<void()>& idle) {
    grpc::ByteBuffer buffer;
    stream_->Read(&buffer, this);
    if (!Wait(idle)) return false;
    damaged_ = !Unpack(buffer, message);
    return !damaged_;
  }

  grpc::Status Finish(bool cancel) {
    if (cancel || damaged_) context_.TryCancel();
    grpc::Status status;
    stream_->Finish(&status, this);
    Wait({});
    if (damaged_) return {grpc::StatusCode::INTERNAL, "the answer is no message of its type"};
    return status;
  }

 private:
  bool Wait(const std::function<void()>& idle) {
    void* tag = nullptr;
    bool ok = false;
    while (idle) {
      const auto next = queue_.AsyncNext(&tag, &ok, system_clock::now() + kIdle);
      if (next == grpc::CompletionQueue::GOT_EVENT) return ok;
      if (next == grpc::CompletionQueue::SHUTDOWN) return false;
      idle();
    }
    return queue_.Next(&tag, &ok) && ok;
  }

  grpc::Channel* channel_;
  grpc::ClientContext context_;
  grpc::CompletionQueue queue_;
  std::unique_ptr<Stream> stream_;
  bool damaged_ = false;
};

}  // namespace

struct Client::Impl {
  Target target;
  std::string address{};
  std::shared_ptr<grpc::Channel> channel{};

  // With several addresses the first that connects is kept; with one, the call itself finds out.
  void Connect() {
    if (channel != nullptr) return;
    const int64_t share = target.timeout / static_cast<int64_t>(target.addresses.size());
    for (const std::string& candidate : target.addresses) {
      address = candidate;
      channel = Open(target, candidate);
      if (target.addresses.size() == 1) return;
      const auto deadline = After(share);
      auto state = channel->GetState(true);
      while (state != GRPC_CHANNEL_READY && state != GRPC_CHANNEL_TRANSIENT_FAILURE &&
             channel->WaitForStateChange(state, deadline)) {
        state = channel->GetState(true);
      }
      if (state == GRPC_CHANNEL_READY) return;
      if (target.verbose) std::fprintf(stderr, "smcpctl: %s does not answer\n", address.c_str());
    }
  }

  void Log(const std::string& method, size_t request_bytes) const {
    if (!target.verbose) return;
    std::fprintf(stderr, "smcpctl: > %s %s, %zu bytes%s\n", address.c_str(), method.c_str(),
                 request_bytes, target.token.empty() ? "" : ", authorization: Bearer ********");
  }

  absl::Status Outcome(const std::string& method, const grpc::Status& status,
                       system_clock::time_point start, bool answered) const {
    if (target.verbose) {
      const int64_t took = nanoseconds(system_clock::now() - start).count();
      std::fprintf(stderr, "smcpctl: < %s status %d after %s\n", method.c_str(),
                   static_cast<int>(status.error_code()), Span(took).c_str());
    }
    if (status.ok()) return absl::OkStatus();
    const bool connected = answered || channel->GetState(false) == GRPC_CHANNEL_READY;
    return FromRpc({static_cast<int>(status.error_code()), status.error_message(),
                    status.error_details(), address, connected});
  }
};

Client::Client(Target target) : impl_(new Impl{std::move(target)}) {}
Client::~Client() = default;

const std::string& Client::address() const { return impl_->address; }

absl::Status Client::Call(const std::string& method, const google::protobuf::Message& request,
                          google::protobuf::Message* response) {
  impl_->Connect();
  impl_->Log(method, request.ByteSizeLong());
  const auto start = system_clock::now();
  Exchange exchange(impl_->channel.get(), impl_->target, impl_->target.timeout);
  const bool answered = exchange.Start("/" + method, request) && exchange.Read(response, {});
  return impl_->Outcome(method, exchange.Finish(false), start, answered);
}

absl::Status Client::Stream(const std::string& method, const google::protobuf::Message& request,
                            google::protobuf::Message* message, int64_t timeout, const Each& each,
                            const std::function<void()>& idle) {
  impl_->Connect();
  impl_->Log(method, request.ByteSizeLong());
  const auto start = system_clock::now();
  Exchange exchange(impl_->channel.get(), impl_->target, timeout);
  bool answered = false;
  bool enough = false;
  if (exchange.Start("/" + method, request)) {
    while (!enough && exchange.Read(message, idle)) {
      answered = true;
      enough = !each();
    }
  }
  const grpc::Status status = exchange.Finish(enough);
  return enough ? absl::OkStatus() : impl_->Outcome(method, status, start, answered);
}

}  // namespace smcpctl
