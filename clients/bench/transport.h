// How a session's Engine.IO packets travel: one WebSocket, or long-polling. One thread.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>

#include "clients/bench/loop.h"

namespace smcp_bench {

// Where and as whom everybody connects.
struct Target {
  Endpoint endpoint;
  std::string host;            // for the Host header
  std::string path;            // "/socket.io/?EIO=4[&a2c_version=..]"
  std::string header_lines;    // "name: value\r\n" each
  std::string namespace_name;  // "/smcp"
  std::string connect_auth;    // JSON object
};

class TransportEvents {
 public:
  // One Engine.IO packet as text; valid during the call.
  virtual void OnPacket(std::string_view packet) = 0;
  // At most once per Open. `refused`: the server answered, and the answer was no.
  virtual void OnTransportDown(bool refused, std::string_view why) = 0;

 protected:
  ~TransportEvents() = default;
};

class Transport {
 public:
  virtual ~Transport() = default;
  // May be called again once closed. nullptr, or why it cannot even begin.
  virtual const char* Open(uint32_t source) = 0;
  // One Engine.IO packet, given in parts. Sent at the end of the loop's turn.
  virtual void Send(std::initializer_list<std::string_view> parts) = 0;
  // Says goodbye; OnTransportDown follows when the server has closed too.
  virtual void Finish() = 0;
  // At once, without a word and without OnTransportDown.
  virtual void Close() = 0;
};

}  // namespace smcp_bench
