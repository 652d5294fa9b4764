// A websocket that only remembers what was done to it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "gateway/peer/wire.h"
#include "tests/unit/support/server_frames.h"

namespace smcp::test {

class FakeWire final : public Wire {
 public:
  std::string& BeginWrite() override { return out; }
  // What is not read is pending, as on a socket whose other side does not read.
  size_t pending() const override { return out.size(); }
  void SetReading(bool on) override { reading = on; }
  void Close(ws::CloseCode code) override {
    ++closes;
    closed = code;
  }

  // The client reads: see TakeFrames for how a frame is written down.
  std::vector<std::string> Take() { return TakeFrames(&out); }

  std::string out;
  bool reading = true;
  int closes = 0;
  std::optional<ws::CloseCode> closed;
};

}  // namespace smcp::test
