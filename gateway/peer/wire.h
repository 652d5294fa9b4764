// The websocket under a peer, as the peer sees it; implemented by net.
//
// Thread rule: the peer's shard. Writing only appends: bytes leave with the flush at the end of the
// event loop's batch, one system call per connection and batch.
#pragma once

#include <cstddef>
#include <string>

#include "gateway/codec/ws_frame.h"

namespace smcp {

class Wire {
 public:
  // Where to append frames; marks the connection for the next flush. Valid until control returns to
  // the event loop.
  virtual std::string& BeginWrite() = 0;
  // Bytes that wait for the socket.
  virtual size_t pending() const = 0;
  // While off, the kernel's buffer fills and TCP slows the sender down.
  virtual void SetReading(bool on) = 0;
  // Sends what waits and a Close frame, lets the other side finish for a bounded time, then cuts.
  // The peer is forgotten: no more callbacks.
  virtual void Close(ws::CloseCode code) = 0;

 protected:
  ~Wire() = default;
};

}  // namespace smcp
