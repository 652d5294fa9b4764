// One client in one namespace: the Socket.IO socket (SOCKETIO-COMPAT.md 1).
//
// Lives on its session's shard from the CONNECT answer until OnDisconnect has returned; everything
// here is for that shard only. To reach a socket from elsewhere use Namespace::EmitToRoom: a sid is
// the room of that one socket.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "gateway/base/clock.h"
#include "gateway/base/header_list.h"
#include "gateway/base/strings.h"
#include "gateway/base/timer_wheel.h"
#include "gateway/socketio/egress.h"

namespace smcp::sio {

class Namespace;

// `["event",args]`: the payload of an event packet.
std::string EventPayload(std::string_view event, std::string_view args);

enum class Transport : uint8_t { kPolling, kWebSocket };

// The HTTP request that created the Engine.IO session, nothing preprocessed.
struct Handshake {
  std::string path;
  std::string query;  // raw, without '?'
  HeaderList headers;
  std::string remote_address;  // numeric, without port
  uint16_t remote_port = 0;
  bool secure = false;
  Transport transport = Transport::kPolling;  // at the handshake
  // The first header of that name, compared without case.
  std::optional<std::string_view> Header(std::string_view name) const;
};

// State that a namespace keeps with a socket.
class SocketData {
 public:
  virtual ~SocketData() = default;
};

// The answer to one of our calls, copied: it may outlive the packet.
struct CallAnswer {
  std::string payload;  // the JSON array of arguments
  Attachments attachments;
};

// What the session below a socket offers it; implemented by the peer layer.
class SessionPort {
 public:
  // `head` and `payload` make one text packet, followed by the attachments, as one unit.
  virtual SendResult SendPacket(std::string_view head, std::string_view payload,
                                const Attachments& attachments, bool refuse_if_slow) = 0;
  virtual size_t Backlog() const = 0;
  virtual void PauseReading() = 0;
  virtual void ResumeReading() = 0;
  virtual void LeaveNamespace(std::string_view nsp) = 0;
  // With a DISCONNECT packet for each namespace.
  virtual void CloseSession() = 0;
  // Without: as if the network had.
  virtual void CutSession() = 0;
  virtual SocketFacts Facts() const = 0;
  virtual const Handshake& handshake() const = 0;
  virtual Transport transport() const = 0;

 protected:
  ~SessionPort() = default;
};

class Socket final : public Egress, public TimerClient {
 public:
  Socket(SessionPort& session, Namespace& nsp, std::string sid);
  ~Socket();
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;

  const std::string& sid() const { return sid_; }
  Namespace& nsp() { return namespace_; }
  const Handshake& handshake() const { return session_.handshake(); }
  Transport transport() const { return session_.transport(); }
  SocketData* data() { return data_.get(); }
  void set_data(std::unique_ptr<SocketData> data) { data_ = std::move(data); }

  // `args` is the JSON of the arguments, comma separated, without brackets: `{"a":1},"b"`.
  SendResult Emit(std::string_view event, std::string_view args,
                  const Attachments& attachments = {});
  // `done` runs exactly once on this shard: the answer, DEADLINE_EXCEEDED, or CANCELLED when the
  // socket ends first.
  using CallDone = absl::AnyInvocable<void(absl::StatusOr<CallAnswer>) &&>;
  void Call(std::string_view event, std::string_view args, Millis timeout, CallDone done);
  void Join(std::string_view room);
  void Leave(std::string_view room);
  const StringSet& rooms() const;
  // Ends the whole session, not only this namespace.
  void CloseSession() { session_.CloseSession(); }

  // Egress
  SendResult SendEvent(std::string_view ack_id, std::string_view payload,
                       const Attachments& attachments, bool refuse_if_slow) override;
  SendResult SendAck(std::string_view ack_id, std::string_view payload,
                     const Attachments& attachments) override;
  size_t Backlog() const override { return session_.Backlog(); }
  uint32_t NextAckId() override;
  void PauseReading() override { session_.PauseReading(); }
  void ResumeReading() override { session_.ResumeReading(); }
  void Disconnect() override;
  void End(bool terminal) override {
    return terminal ? session_.CloseSession() : session_.CutSession();
  }
  SocketFacts Facts() const override { return session_.Facts(); }

  // For the connection: true if the ack belonged to a Call of this socket.
  bool TakeAck(const AckView& ack);
  // For the connection, right before destruction: fails the outstanding calls.
  void CancelCalls();

 private:
  struct OpenCall {
    CallDone done;
    TimerWheel::Id timer = 0;
  };
  void OnTimer(uint64_t token) override;
  SendResult SendPacket(bool ack, std::string_view ack_id, std::string_view payload,
                        const Attachments& attachments, bool refuse_if_slow);

  SessionPort& session_;
  Namespace& namespace_;
  std::string sid_;
  std::unique_ptr<SocketData> data_;
  std::unique_ptr<StringSet> rooms_;                                // made with the first Join
  std::unique_ptr<absl::flat_hash_map<uint32_t, OpenCall>> calls_;  // made with the first Call
  uint32_t next_ack_id_ = 0;
  bool ended_ = false;  // its calls were cancelled; further ones end at once
};

}  // namespace smcp::sio
