// A direct WebSocket: the upgrade request, then frames parsed where they were received.
#pragma once

#include <string>
#include <string_view>

#include "clients/bench/loop.h"
#include "clients/bench/transport.h"
#include "clients/bench/ws_frame.h"

namespace smcp_bench {

class WsTransport final : public Transport, private Stream {
 public:
  // All are borrowed.
  WsTransport(Loop* loop, const Target* target, MaskKeys* keys, TransportEvents* events);

  const char* Open(uint32_t source) override;
  void Send(std::initializer_list<std::string_view> parts) override;
  void Finish() override;
  void Close() override;

 private:
  void OnConnected() override;
  size_t OnBytes(char* data, size_t size) override;
  void OnClosed(std::string_view why) override;

  bool TakeUpgrade(std::string_view bytes, size_t* size);
  void TakeFrame(const Frame& frame);
  void Fail(bool refused, std::string_view why);

  const Target* target_;
  MaskKeys* keys_;
  TransportEvents* events_;
  bool upgraded_ = false;
  std::string pieces_;  // of a fragmented message
};

}  // namespace smcp_bench
