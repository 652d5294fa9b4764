#include "gateway/smcp/smcp_namespace.h"

#include <string>

#include "gateway/codec/query_string.h"

namespace smcp {
namespace {

// Every egress the router is given is a socket of this namespace.
sio::Socket& SocketOf(const Member& member) { return static_cast<sio::Socket&>(*member.egress); }

Session ToSession(const Member& member, const OfficeId& office) {
  const BaseSession base{Sid{member.sid}, std::string(member.name.view()), office,
                         member.a2c_version};
  if (member.role == Role::kAgent) return AgentSession{base};
  return ComputerSession{base};
}

RouterContext ContextFor(const sio::NamespaceContext& context, SmcpDomain& domain,
                         RouterHost& host) {
  domain.Serve(*context.scheduler);
  return {.shard = context.shard,
          .scheduler = context.scheduler,
          .timers = context.timers,
          .clock = context.clock,
          .routers = &domain.routers(),
          .options = &domain.options(),
          .backplane = &domain.backplane(),
          .host = &host};
}

}  // namespace

NamespaceFactory SmcpNamespace::Factory(std::shared_ptr<SmcpDomain> domain) {
  return MakeFactory<SmcpNamespace>(std::move(domain));
}

NamespaceFactory SmcpNamespace::Factory(SmcpOptions options,
                                        std::shared_ptr<AuthenticationProvider> auth,
                                        std::shared_ptr<Backplane> backplane) {
  return Factory(SmcpDomain::Create(std::move(options), std::move(auth), std::move(backplane)));
}

SmcpNamespace::SmcpNamespace(sio::NamespaceContext context, std::shared_ptr<SmcpDomain> domain)
    : BaseNamespace(std::move(context), std::move(domain)),
      router_(ContextFor(this->context(), this->domain(), *this)) {}

SmcpNamespace::~SmcpNamespace() = default;

void SmcpNamespace::OnJoined(sio::Socket& /*socket*/, const Session& /*session*/) {}
void SmcpNamespace::OnLeft(sio::Socket& /*socket*/, const Session& /*session*/) {}
void SmcpNamespace::OnCallStarted(sio::Socket& /*agent*/, const CallInfo& /*call*/) {}
void SmcpNamespace::OnCallFinished(sio::Socket& /*agent*/, const CallInfo& /*call*/,
                                   Refusal /*refusal*/) {}

std::optional<Session> SmcpNamespace::SessionOf(sio::Socket& socket) {
  const Member* member = router_.Find(StateOf(socket).member);
  if (member == nullptr || !member->in_office()) return std::nullopt;
  return ToSession(*member, member->office);
}

void SmcpNamespace::OnConnected(sio::Socket& socket) {
  if (socket.data() == nullptr) {
    // A derived class let it in without asking BaseNamespace; the version still decides its
    // dialect.
    VersionVerdict version =
        JudgeVersion(QueryValue(socket.handshake().query, "a2c_version"), options().versions);
    auto made = std::make_unique<ConnectionState>();
    made->generation = version.generation;
    made->a2c_version = std::move(version.declared);
    socket.set_data(std::move(made));
  }
  ConnectionState& state = StateOf(socket);
  state.member = router_.Add(socket, {socket.sid(), state.a2c_version, state.generation});
}

void SmcpNamespace::OnEvent(sio::Socket& socket, const sio::EventView& event) {
  if (!router_.Park(StateOf(socket).member, event)) Handle(socket, event);
}

void SmcpNamespace::Handle(sio::Socket& socket, const sio::EventView& event) {
  if (!router_.OnEvent(StateOf(socket).member, event)) sio::Namespace::OnEvent(socket, event);
}

void SmcpNamespace::OnUnknownEvent(sio::Socket& socket, const sio::EventView& event) {
  router_.OnUnknownEvent(StateOf(socket).member, event);
}

void SmcpNamespace::OnAck(sio::Socket& socket, const sio::AckView& ack) {
  router_.OnAck(StateOf(socket).member, ack);
}

void SmcpNamespace::OnDisconnect(sio::Socket& socket, sio::DisconnectReason reason) {
  router_.Remove(StateOf(socket).member, sio::ReasonText(reason));
}

void SmcpNamespace::OnReplay(const Member& member, const sio::EventView& event) {
  Handle(SocketOf(member), event);
}

void SmcpNamespace::OnMemberJoined(const Member& member) {
  OnJoined(SocketOf(member), ToSession(member, member.office));
}

void SmcpNamespace::OnMemberLeft(const Member& member, const OfficeId& office) {
  OnLeft(SocketOf(member), ToSession(member, office));
}

MemberRef SmcpNamespace::MemberOf(std::string_view sid) {
  sio::Socket* socket = FindSocket(sid);
  return socket == nullptr ? MemberRef() : StateOf(*socket).member;
}

const std::map<std::string, std::string>* SmcpNamespace::LabelsOf(const Member& member) {
  return &IdentityOf(SocketOf(member)).labels;
}

void SmcpNamespace::OnCallBegan(const Member& agent, const CallInfo& call) {
  OnCallStarted(SocketOf(agent), call);
}

void SmcpNamespace::OnCallEnded(const Member& agent, const CallInfo& call, Refusal refusal) {
  OnCallFinished(SocketOf(agent), call, refusal);
}

}  // namespace smcp
