#include "gateway/smcp/sync_smcp_namespace.h"

#include <future>
#include <utility>

#include "absl/status/status.h"
#include "gateway/base/check.h"
#include "gateway/smcp/wire_error.h"

namespace smcp {
namespace {

sio::Socket* FindSocket(Router& router, MemberRef ref) {
  const Member* member = router.Find(ref);
  return member == nullptr ? nullptr : static_cast<sio::Socket*>(member->egress);
}

}  // namespace

void BlockingEvent::AckRaw(std::string payload) {
  const std::string ack_id = std::exchange(ack_id_, {});
  if (ack_id.empty()) return;
  domain_->Post(member_.shard,
                [ref = member_, ack_id, payload = std::move(payload)](Router& router) {
                  if (sio::Socket* socket = FindSocket(router, ref)) {
                    socket->SendAck(ack_id, payload, {});
                  }
                });
}

void BlockingEvent::Ack(std::string_view args) {
  std::string payload = "[";
  payload.append(args).push_back(']');
  AckRaw(std::move(payload));
}

void BlockingEvent::Emit(std::string_view event, std::string_view args) {
  domain_->Post(member_.shard, [ref = member_, event = std::string(event),
                                args = std::string(args)](Router& router) {
    if (sio::Socket* socket = FindSocket(router, ref)) socket->Emit(event, args);
  });
}

absl::StatusOr<sio::CallAnswer> BlockingEvent::Call(std::string_view event, std::string_view args,
                                                    Millis timeout) {
  SMCP_CHECK(!OnShardThread());
  std::promise<absl::StatusOr<sio::CallAnswer>> promise;
  std::future<absl::StatusOr<sio::CallAnswer>> answer = promise.get_future();
  domain_->Post(member_.shard, [ref = member_, event = std::string(event), args = std::string(args),
                                timeout, promise = std::move(promise)](Router& router) mutable {
    sio::Socket* socket = FindSocket(router, ref);
    if (socket == nullptr) return promise.set_value(absl::CancelledError("the sender is gone"));
    socket->Call(event, args, timeout,
                 [promise = std::move(promise)](absl::StatusOr<sio::CallAnswer> result) mutable {
                   promise.set_value(std::move(result));
                 });
  });
  try {
    return answer.get();
  } catch (const std::future_error&) {
    return absl::CancelledError("the server stops");
  }
}

NamespaceFactory SyncSmcpNamespace::Factory(std::shared_ptr<SmcpDomain> domain,
                                            std::shared_ptr<SyncPool> pool) {
  return MakeFactory<SyncSmcpNamespace>(std::move(domain), std::move(pool));
}

SyncSmcpNamespace::SyncSmcpNamespace(sio::NamespaceContext context,
                                     std::shared_ptr<SmcpDomain> domain,
                                     std::shared_ptr<SyncPool> pool)
    : SmcpNamespace(std::move(context), std::move(domain)), pool_(std::move(pool)) {
  SMCP_CHECK(pool_ != nullptr);
}

void SyncSmcpNamespace::OnBlocking(std::string event, BlockingHandler handler) {
  On(std::move(event),
     [this, shared = std::make_shared<const BlockingHandler>(std::move(handler))](
         sio::Socket& socket, const sio::EventView& view) { Submit(socket, view, shared); });
}

void SyncSmcpNamespace::Submit(sio::Socket& socket, const sio::EventView& view,
                               const std::shared_ptr<const BlockingHandler>& handler) {
  const ConnectionState& state = StateOf(socket);
  BlockingEvent event;
  event.domain_ = shared_domain();
  event.member_ = state.member;
  event.generation_ = state.generation;
  event.name_ = view.name;
  event.payload_ = view.payload;
  event.ack_id_ = view.ack_id;
  event.attachments_ = view.attachments;
  event.sid_ = socket.sid();
  event.identity_ = state.identity;
  event.session_ = SessionOf(socket);
  Task task = [event = std::move(event), handler]() mutable {
    try {
      (*handler)(event);
      event.Ack({});
    } catch (...) {
      event.AckRaw(CallRefusal(Refusal::kInternal, event.generation_, false, {}));
    }
  };
  if (pool_->Run(task) || view.ack_id.empty()) return;
  socket.SendAck(view.ack_id, CallRefusal(Refusal::kBusy, state.generation, false, {}), {});
}

}  // namespace smcp
