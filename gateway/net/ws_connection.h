// One websocket: a descriptor, an incomplete tail, bytes that wait to be sent. No coroutine, no
// buffer while idle.
//
// Thread rule: lives on its reactor's shard, owned by the reactor.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "gateway/base/timer_wheel.h"
#include "gateway/codec/ws_frame.h"
#include "gateway/peer/wire.h"

namespace smcp {
class Peer;
}

namespace smcp::net {

class WsReactor;

class WsConnection final : public Wire, public TimerClient {
 public:
  WsConnection(WsReactor& reactor, int fd);
  ~WsConnection();

  void Bind(Peer& peer) { peer_ = &peer; }

  // Wire
  std::string& BeginWrite() override;
  size_t pending() const override { return out_.size() - sent_; }
  void SetReading(bool on) override;
  void Close(ws::CloseCode code) override;

 private:
  friend class WsReactor;
  void OnTimer(uint64_t token) override;
  // `dead`: the connection was reset or is closed in both directions.
  void OnReadable(bool dead);
  void OnWritable() { Flush(); }
  // Handles the bytes kept while reading was off.
  void Resume();
  // Feeds whole frames to the peer; returns how many bytes are done with.
  size_t Consume(std::span<char> data);
  void OnFrame(const ws::Decoder::Result& frame);
  void Keep(std::span<const char> rest);
  void Flush();
  void OnDrained();
  void UpdateInterest();
  void Broken();
  void EndAfterFlush();

  WsReactor& reactor_;
  Peer* peer_ = nullptr;
  int fd_;
  uint32_t index_ = 0;     // in the reactor's list
  uint32_t interest_ = 0;  // what epoll watches
  ws::Decoder decoder_;
  std::string tail_;  // received, not yet a whole frame
  std::string out_;   // to be sent from sent_ on
  size_t sent_ = 0;
  size_t missing_ = 0;  // the decoder's hint for the frame in tail_
  TimerWheel::Id close_timer_ = 0;
  bool dirty_ = false;
  bool closing_ = false;  // we have said good-bye; input is discarded
  bool shut_ = false;     // our direction is shut down
  bool paused_ = false;
  bool blocked_ = false;  // the kernel's send buffer is full
  bool removed_ = false;
  bool resume_posted_ = false;
};

}  // namespace smcp::net
