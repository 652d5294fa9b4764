// The conductor of one Engine.IO session: feeds what arrives to the Engine.IO and Socket.IO state
// machines, acts on the steps they return, and queues what goes out on the current transport.
//
// Owns the protocol state and the timers of the session; sits between net (bytes) and the
// namespaces (meaning). Thread rule: lives on one shard for life. Ends with Close, exactly once;
// after that only its PeerHost knows it, until the current task is over.
#pragma once

#include <array>
#include <memory>
#include <string>
#include <string_view>

#include "gateway/codec/ws_frame.h"
#include "gateway/engineio/poll_buffer.h"
#include "gateway/engineio/session.h"
#include "gateway/peer/peer_host.h"
#include "gateway/peer/poll_reply.h"
#include "gateway/peer/raw_handler.h"
#include "gateway/peer/wire.h"
#include "gateway/socketio/connection.h"

namespace smcp {

class Peer final : public sio::SessionPort, public RawSession, public TimerClient {
 public:
  Peer(PeerHost& host, PeerRef ref, const PeerSecret& secret,
       std::shared_ptr<const sio::Handshake> handshake, bool on_websocket, RawHandler* raw);
  ~Peer();

  PeerRef ref() const { return ref_; }
  const PeerSecret& secret() const { return secret_; }
  std::string SidText() const;
  std::string OpenPacket() const;

  // Websocket side; in peer_websocket.cc.
  // The session's websocket, for a session born on one: sends the open packet.
  void AttachWire(Wire& wire);
  // A websocket that wants to take over this polling session; false: refuse it.
  bool AttachProbe(Wire& probe);
  void OnWireMessage(Wire& wire, ws::Opcode opcode, std::string_view data);
  // The socket is gone or broke a rule; `code` is what the Close frame has to say.
  void OnWireClosed(Wire& wire, sio::DisconnectReason reason, ws::CloseCode code);
  bool upgrading() const { return eio_.upgrading(); }
  // Closed, and known only until the client's next poll has told it so.
  bool closed() const { return closed_; }
  bool reading_paused() const { return pauses_ != 0; }

  // Polling side; in peer_polling.cc. At most one GET and one POST at a time.
  bool on_polling() const { return !eio_.on_websocket(); }
  void PollGet(PollResponder respond);
  // The connection of the parked GET is gone.
  void PollGone();
  // A POST's header has arrived; `cut` ends its connection. False: refused and the session closed.
  bool BeginPost(Task cut);
  void FinishPost(std::string_view body, PollResponder respond);
  // The body was cut off, or was too large (the session survives that).
  void PostFailed(bool too_large);

  // Ends the session: tells every namespace, then the transport.
  void Close(sio::DisconnectReason reason, ws::CloseCode code);

  // sio::SessionPort
  sio::SendResult SendPacket(std::string_view head, std::string_view payload,
                             const Attachments& attachments, bool refuse_if_slow) override;
  size_t Backlog() const override;
  void PauseReading() override;
  void ResumeReading() override;
  void LeaveNamespace(std::string_view nsp) override;
  void CloseSession() override;
  void CutSession() override;
  sio::SocketFacts Facts() const override;
  const sio::Handshake& handshake() const override { return *handshake_; }
  sio::Transport transport() const override {
    return eio_.on_websocket() ? sio::Transport::kWebSocket : sio::Transport::kPolling;
  }
  // RawSession
  void SendRaw(std::string_view message, bool binary) override;

 private:
  friend class ConnectReply;
  enum class Timer : uint8_t {
    kHeartbeat,   // the next ping, or the pong that is due
    kConnect,     // a namespace has to be joined
    kReassembly,  // attachments have to arrive
    kSlow,        // the outbox has to shrink
    kUpgrade,     // `5` has to arrive; for a closing session: the last GET
    kPollHold,    // a GET during an upgrade gets its noop
    kTokens,      // the rate limit lets events in again
    kCount,
  };
  static constexpr size_t kTimers = static_cast<size_t>(Timer::kCount);

  void OnTimer(uint64_t token) override;
  void Arm(Timer timer, Millis delay);
  void Disarm(Timer timer);
  void OnHeartbeat();
  void OnPong();

  // What the client said.
  void OnPacket(std::string_view text, eio::Via via);
  void OnText(std::string_view text);
  void OnBinary(std::string_view data);
  void Act(const sio::Step& step);
  void AskNamespace(const sio::Step& step);
  void FinishConnect(sio::Namespace& nsp, sio::ConnectVerdict verdict);
  void EndSocket(std::unique_ptr<sio::Socket> socket, sio::DisconnectReason reason);
  void OnUpgraded();
  void DropProbe(ws::CloseCode code);
  // False: over the rate now, and reading has to be paused until OnTokens.
  bool TakeToken();
  void RefillTokens(int64_t now_ms);
  void AwaitTokens();
  void OnTokens();

  // What goes to the client.
  void Queue(std::string_view head, std::string_view payload, const Attachments& attachments);
  // On the websocket, as the client wants its binary messages.
  void WriteBinary(std::string_view data);
  void QueueText(std::string_view packet) { Queue(packet, {}, {}); }
  size_t queued_bytes() const;
  void CloseSoon(sio::DisconnectReason reason);
  void FlushPoll();
  void AnswerParked(PollReply reply);
  bool EndOnPolling(sio::DisconnectReason reason);

  PeerHost& host_;
  const PeerRef ref_;
  const PeerSecret secret_;
  std::shared_ptr<const sio::Handshake> handshake_;
  RawHandler* const raw_;
  eio::Session eio_;
  sio::Connection sio_;
  Wire* wire_ = nullptr;   // the websocket, once the session is on it
  Wire* probe_ = nullptr;  // the websocket of an upgrade under way

  // Only while the session is polling.
  struct Polling {
    eio::PollBuffer buffer;
    PollResponder parked;  // the GET that waits
    Task cut_post;         // the POST whose body is arriving
    PollResponder posted;  // a POST whose answer waits for the rate limit
    bool flush_scheduled = false;
  };
  std::unique_ptr<Polling> polling_;

  std::array<TimerWheel::Id, kTimers> timers_{};
  int64_t opened_ms_;
  int64_t heartbeat_due_ms_ = 0;
  int64_t tokens_ms_ = 0;     // the token bucket: when it was last filled
  int64_t tokens_milli_ = 0;  // thousandths of an event
  uint64_t packets_in_ = 0;
  uint64_t packets_out_ = 0;
  uint64_t events_in_ = 0;
  uint64_t events_out_ = 0;
  uint64_t bytes_in_ = 0;
  uint64_t bytes_out_ = 0;
  int64_t last_in_us_;  // when the last packet came
  int64_t ping_sent_us_ = 0;
  int64_t ping_us_ = -1;
  uint32_t ignored_in_ = 0;
  uint32_t told_interval_ms_;  // the ping interval of the open packet: the client counts on it
  uint16_t pauses_ = 0;
  bool awaiting_pong_ = false;
  bool paused_since_ping_ = false;  // reading was off at some time since the last look
  bool closed_ = false;
  bool closing_soon_ = false;
  bool joined_once_ = false;
  bool base64_only_ = false;  // the client cannot take binary frames (`b64=1`)
};

}  // namespace smcp
