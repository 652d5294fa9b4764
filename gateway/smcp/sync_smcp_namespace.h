// SmcpNamespace for code that blocks: the protocol is the same and runs on the shards; handlers
// given to OnBlocking run on a bounded pool, where they may wait for databases, files or a client's
// answer.
//
//   class Mine : public SyncSmcpNamespace {
//    public:
//     Mine(sio::NamespaceContext context, std::shared_ptr<SmcpDomain> domain,
//          std::shared_ptr<SyncPool> pool)
//         : SyncSmcpNamespace(std::move(context), std::move(domain), std::move(pool)) {
//       OnBlocking("x:save", [](BlockingEvent& event) { event.Ack(Save(event.payload())); });
//     }
//   };
//   server.Register("/smcp", MakeFactory<Mine>(domain, std::make_shared<SyncPool>(8, 1000)));
//
// If the pool is full the event is answered with a flat 500 at once. A handler that throws is
// answered with a flat 500 too; one that does not Ack, with an empty ack.
//
// Thread rule: the namespace as SmcpNamespace; handlers run concurrently on the pool's threads.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "gateway/smcp/smcp_namespace.h"
#include "gateway/smcp/sync_pool.h"

namespace smcp {

// A copy of an event and the way back to its sender. Used by the one handler it was made for.
class BlockingEvent {
 public:
  const std::string& name() const { return name_; }
  // The whole JSON array `["name",arg,...]` as it came.
  const std::string& payload() const { return payload_; }
  const Attachments& attachments() const { return attachments_; }
  const std::string& sid() const { return sid_; }
  const Identity& identity() const { return identity_; }
  // The sender's seat when the event came; nothing if it was in no office.
  const std::optional<Session>& session() const { return session_; }

  // `args` is the JSON of the arguments, comma separated, without brackets. Only the first Ack of
  // an event that carries an ack id is sent.
  void Ack(std::string_view args);
  void Emit(std::string_view event, std::string_view args);
  // Waits for the sender's answer: DEADLINE_EXCEEDED, or CANCELLED if it is gone.
  absl::StatusOr<sio::CallAnswer> Call(std::string_view event, std::string_view args,
                                       Millis timeout);

 private:
  friend class SyncSmcpNamespace;
  BlockingEvent() = default;
  void AckRaw(std::string payload);

  std::shared_ptr<SmcpDomain> domain_;
  MemberRef member_;
  Generation generation_ = Generation::kG1;
  std::string name_;
  std::string payload_;
  std::string ack_id_;  // empty: no ack expected, or sent
  Attachments attachments_;
  std::string sid_;
  Identity identity_;
  std::optional<Session> session_;
};

class SyncSmcpNamespace : public SmcpNamespace {
 public:
  using BlockingHandler = std::function<void(BlockingEvent& event)>;

  static NamespaceFactory Factory(std::shared_ptr<SmcpDomain> domain,
                                  std::shared_ptr<SyncPool> pool);
  SyncSmcpNamespace(sio::NamespaceContext context, std::shared_ptr<SmcpDomain> domain,
                    std::shared_ptr<SyncPool> pool);

  void OnBlocking(std::string event, BlockingHandler handler);

 private:
  void Submit(sio::Socket& socket, const sio::EventView& event,
              const std::shared_ptr<const BlockingHandler>& handler);

  std::shared_ptr<SyncPool> pool_;
};

}  // namespace smcp
