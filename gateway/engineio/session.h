// One Engine.IO v4 session as a state machine: which transport it is on, where an upgrade stands,
// and what each packet means in that state (SOCKETIO-COMPAT.md 3 to 5).
//
// Sans-IO and without a clock: Receive returns a Step, the peer acts on it and owns the timers.
// Thread rule: lives on its session's shard.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "gateway/base/limits.h"
#include "gateway/codec/eio_packet.h"

namespace smcp::eio {

// Where a packet came in.
enum class Via : uint8_t {
  kPolling,
  kWebSocket,  // the session's own websocket
  kProbe,      // a websocket that wants to take the session over
};

struct Step {
  enum class Kind : uint8_t {
    kNothing,
    kMessage,   // a Socket.IO text packet in `data`
    kBase64,    // a binary message, base64 in `data`
    kPong,      // restart the ping interval
    kProbed,    // answer `3probe` on the probe and release parked polls with `6`
    kUpgraded,  // the probe is now the session's websocket: flush the queue to it
    kClose,     // the client says good-bye
    kBadProbe,  // close the probe; the session goes on polling
    kBad,       // parse error: close the session
  };
  Kind kind = Kind::kNothing;
  std::string_view data;
};

// What to do with a websocket that names this session.
enum class UpgradeVerdict : uint8_t { kAccept, kRefuse };

class Session {
 public:
  explicit Session(bool on_websocket) : on_websocket_(on_websocket) {}

  Step Receive(std::string_view text, Via via);

  // A websocket with this session's sid has arrived. Only one probe at a time, and a session that
  // is on a websocket is never taken over: a leaked sid must not be a hijack.
  UpgradeVerdict BeginUpgrade();
  // The probe ended without an upgrade.
  void AbandonUpgrade();

  bool on_websocket() const { return on_websocket_; }
  bool upgrading() const { return upgrade_ != Upgrade::kNone; }
  // `2probe` was seen and `5` was not: polls are answered with noops.
  bool probed() const { return upgrade_ == Upgrade::kProbed; }

 private:
  enum class Upgrade : uint8_t { kNone, kWaiting, kProbed };
  Step ReceiveOnProbe(const Packet& packet);

  bool on_websocket_;
  Upgrade upgrade_ = Upgrade::kNone;
};

// The open packet, `0` included: exactly five keys (SOCKETIO-COMPAT.md 3).
std::string OpenPacket(std::string_view sid, bool offer_upgrade, const SessionLimits& limits);

}  // namespace smcp::eio
