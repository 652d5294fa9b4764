#include "clients/bench/session.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "clients/bench/poll_transport.h"
#include "clients/bench/ws_transport.h"

namespace smcp_bench {
namespace {

std::string_view Digits(std::string_view text) {
  size_t n = 0;
  while (n < text.size() && text[n] >= '0' && text[n] <= '9') ++n;
  return text.substr(0, n);
}

// Servers answer a join with [true,null] or []; refusals are [false,"..."] or one error object.
bool SaysNo(std::string_view json) {
  return json.starts_with("[false") || json.starts_with("[[false") ||
         json.starts_with(R"([{"code")") || json.starts_with(R"([{"Err")");
}

}  // namespace

Session::Session(SessionSetup* setup, SessionEvents* events, Member member)
    : setup_(setup), events_(events), member_(std::move(member)) {
  TransportEvents* self = this;  // make_unique may not see a private base
  if (setup->transport == TransportKind::kPolling) {
    transport_ = std::make_unique<PollTransport>(setup->loop, &setup->target, self);
  } else {
    transport_ = std::make_unique<WsTransport>(setup->loop, &setup->target, &setup->keys, self);
  }
}

void Session::Open(uint32_t source) {
  state_ = State::kOpening;
  if (const char* why = transport_->Open(source)) OnTransportDown(false, why);
}

void Session::Emit(uint64_t id, std::initializer_list<std::string_view> json) {
  std::array<char, 20> digits;
  char* end = std::to_chars(digits.data(), digits.data() + digits.size(), id).ptr;
  const std::string_view text(digits.data(), static_cast<size_t>(end - digits.data()));
  std::string whole;
  for (std::string_view part : json) whole.append(part);
  transport_->Send(
      {"42", setup_->target.namespace_name, ",", id == 0 ? std::string_view{} : text, whole});
}

void Session::Join() {
  Emit(kJoinId, {R"(["server:join_office",{"role":")", member_.agent ? "agent" : "computer",
                 R"(","name":")", member_.name, R"(","office_id":")", member_.office, R"("}])"});
}

void Session::Leave(uint64_t id) {
  Emit(id, {R"(["server:leave_office",{"office_id":")", member_.office, R"("}])"});
}

void Session::Disconnect() {
  transport_->Send({"41", setup_->target.namespace_name, ","});
  transport_->Finish();
}

void Session::Close() {
  state_ = State::kClosed;
  transport_->Close();
}

void Session::OnTransportDown(bool refused, std::string_view why) {
  state_ = State::kClosed;
  events_->OnDown(this, refused, why);
}

void Session::Refuse(std::string_view why) {
  Close();
  events_->OnDown(this, true, why);
}

void Session::OnPacket(std::string_view packet) {
  if (packet.empty()) return;
  switch (packet[0]) {
    case '0':
      transport_->Send({"40", setup_->target.namespace_name, ",", setup_->target.connect_auth});
      return;
    case '1':
      Close();
      return OnTransportDown(false, "closed by the server");
    case '2':
      ++pings_;
      return transport_->Send({"3"});
    case '4':
      return OnMessage(packet.substr(1));
    default:
      return;  // noop, and what a client has nothing to say to
  }
}

void Session::OnMessage(std::string_view message) {
  const std::string& space = setup_->target.namespace_name;
  const std::string_view rest =
      message.substr(std::min(message.size(), space.size() + 2));  // type, namespace, comma
  if (message.size() < space.size() + 1 || message.compare(1, space.size(), space) != 0) {
    return Refuse("a packet of another namespace: " + std::string(message.substr(0, 200)));
  }
  switch (message[0]) {
    case '0':
      state_ = State::kJoining;
      return setup_->hold_joins ? events_->OnConnected(this) : Join();
    case '1':
      return Refuse("disconnected from the namespace");
    case '2': {
      const std::string_view id = Digits(rest);
      return events_->OnEvent(this, id, rest.substr(id.size()));
    }
    case '3':
      return OnAckPacket(rest);
    default:
      return Refuse("refused: " + std::string(message.substr(0, 200)));
  }
}

void Session::OnAckPacket(std::string_view rest) {
  const std::string_view digits = Digits(rest);
  uint64_t id = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), id);
  const std::string_view json = rest.substr(digits.size());
  if (id != kJoinId || state_ != State::kJoining) return events_->OnAck(this, id, json);
  if (SaysNo(json)) return Refuse("join refused: " + std::string(json.substr(0, 200)));
  state_ = State::kJoined;
  events_->OnJoined(this);
}

}  // namespace smcp_bench
