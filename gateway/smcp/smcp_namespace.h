// The SMCP namespace: all events of the protocol, ready to be registered with a Socket.IO server.
//
//   server.Register("/smcp", SmcpNamespace::Factory(domain));
//
// Derive to extend:
//
//   class Mine : public SmcpNamespace {
//    public:
//     Mine(sio::NamespaceContext context, std::shared_ptr<SmcpDomain> domain)
//         : SmcpNamespace(std::move(context), std::move(domain)) {
//       On("x:ping", [](sio::Socket& socket, const sio::EventView& event) {
//         if (!event.ack_id.empty()) socket.SendAck(event.ack_id, R"(["pong"])", {});
//       });
//     }
//     void OnJoined(sio::Socket& socket, const Session& session) override { ... }
//   };
//   server.Register("/smcp", MakeFactory<Mine>(domain));
//
// Middleware (Use) sees every event first, those of the protocol included. Events of the protocol
// go to the protocol; On() is for names it does not have. Events that arrive while their sender's
// join or leave is being decided wait, in order; they pass middleware once, before they wait.
//
// Thread rule: one instance per shard; everything here is called on that shard only.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <utility>

#include "gateway/smcp/base_namespace.h"
#include "gateway/smcp/router.h"
#include "gateway/smcp/sessions.h"

namespace smcp {

using NamespaceFactory =
    std::function<std::unique_ptr<sio::Namespace>(sio::NamespaceContext context)>;

// Makes one Derived(context, domain, args...) per shard.
template <class Derived, class... Args>
NamespaceFactory MakeFactory(std::shared_ptr<SmcpDomain> domain, Args... args) {
  return [domain = std::move(domain), ... args = std::move(args)](sio::NamespaceContext context) {
    return std::make_unique<Derived>(std::move(context), domain, args...);
  };
}

class SmcpNamespace : public BaseNamespace, private RouterHost {
 public:
  static NamespaceFactory Factory(std::shared_ptr<SmcpDomain> domain);
  static NamespaceFactory Factory(SmcpOptions options, std::shared_ptr<AuthenticationProvider> auth,
                                  std::shared_ptr<Backplane> backplane);

  SmcpNamespace(sio::NamespaceContext context, std::shared_ptr<SmcpDomain> domain);
  ~SmcpNamespace() override;

  // Hooks, called in the middle of the event that caused them. They may emit; to end a session use
  // socket.Disconnect(), which takes effect afterwards.
  virtual void OnJoined(sio::Socket& socket, const Session& session);
  // `session` as it was in the office; after a disconnect this is the last sight of the socket.
  virtual void OnLeft(sio::Socket& socket, const Session& session);
  virtual void OnCallStarted(sio::Socket& agent, const CallInfo& call);
  // kNone: the Computer has answered; whatever else: that is why it has not.
  virtual void OnCallFinished(sio::Socket& agent, const CallInfo& call, Refusal refusal);

  // Nothing while the socket is in no office.
  std::optional<Session> SessionOf(sio::Socket& socket);

  const SmcpOptions& options() const override { return router_.options(); }

  // sio::Namespace. A derived class that overrides one of these calls it too.
  void OnConnected(sio::Socket& socket) override;
  void OnEvent(sio::Socket& socket, const sio::EventView& event) override;
  void OnUnknownEvent(sio::Socket& socket, const sio::EventView& event) override;
  void OnAck(sio::Socket& socket, const sio::AckView& ack) override;
  void OnDisconnect(sio::Socket& socket, sio::DisconnectReason reason) override;

 private:
  void Handle(sio::Socket& socket, const sio::EventView& event);

  void OnReplay(const Member& member, const sio::EventView& event) override;
  void OnMemberJoined(const Member& member) override;
  void OnMemberLeft(const Member& member, const OfficeId& office) override;
  void OnCallBegan(const Member& agent, const CallInfo& call) override;
  void OnCallEnded(const Member& agent, const CallInfo& call, Refusal refusal) override;
  MemberRef MemberOf(std::string_view sid) override;
  const std::map<std::string, std::string>* LabelsOf(const Member& member) override;

  Router router_;
};

}  // namespace smcp
