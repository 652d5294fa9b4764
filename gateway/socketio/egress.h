// What can be done to a connected socket from above. The domain sees sockets only through this, so
// it runs unchanged on fakes.
//
// Thread rule: only on the socket's shard. Nothing here blocks, writes to a socket or calls back:
// bytes are queued and leave with the flush at the end of the event loop's batch.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "gateway/base/payload.h"
#include "gateway/socketio/event.h"

namespace smcp::sio {

enum class SendResult : uint8_t {
  kQueued,
  kSlow,    // not queued: the peer does not read and its outbox is full
  kClosed,  // not queued: the session is closing
};

// What is known of the session below a socket, at one moment. Texts are views that live as long as
// the current task. Times are by the shard's clock.
struct SocketFacts {
  bool websocket = false;
  std::string_view path{};
  std::string_view origin{};
  std::string_view address{};
  uint16_t port = 0;
  std::string_view forwarded_for{};
  std::string_view user_agent{};
  int64_t connected_ms = 0;
  int64_t last_packet_ms = 0;  // from the client
  int64_t ping_us = -1;        // round trip of the last ping that was answered; -1: none yet
  uint64_t events_in = 0;      // events and their answers
  uint64_t events_out = 0;
  uint64_t bytes_in = 0;  // of packets, without framing
  uint64_t bytes_out = 0;
  size_t queued_bytes = 0;  // wait for the client
};

class Egress {
 public:
  // An event whose JSON array is `payload`. `ack_id` is empty or one of NextAckId()'s.
  // `refuse_if_slow` chooses what a full outbox means: kSlow and nothing queued (a call can be
  // answered with an error), or the end of the session (a notification must not be lost silently).
  virtual SendResult SendEvent(std::string_view ack_id, std::string_view payload,
                               const Attachments& attachments, bool refuse_if_slow) = 0;
  // The answer to an event that carried `ack_id`. A full outbox ends the session.
  virtual SendResult SendAck(std::string_view ack_id, std::string_view payload,
                             const Attachments& attachments) = 0;
  // Bytes that wait for the client beyond what should before whoever makes them is held back; 0
  // while it keeps up. Far below what makes an outbox full.
  virtual size_t Backlog() const = 0;
  // 0 to 2^31-1, not used by any other outstanding call of this socket.
  virtual uint32_t NextAckId() = 0;
  // While paused, no further event of this *session* is read. Calls nest.
  virtual void PauseReading() = 0;
  virtual void ResumeReading() = 0;
  // Leaves the namespace with a DISCONNECT packet. Takes effect after the current callback: the
  // socket's OnDisconnect runs as for any other end.
  virtual void Disconnect() = 0;
  // Ends the whole session after the current callback. Terminal: with a DISCONNECT packet, after
  // which clients stay away; otherwise its transport is closed, and they come back.
  virtual void End(bool terminal) = 0;
  virtual SocketFacts Facts() const = 0;

 protected:
  ~Egress() = default;
};

}  // namespace smcp::sio
