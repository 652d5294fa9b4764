#include "gateway/socketio/event.h"

namespace smcp::sio {

std::string_view ReasonText(DisconnectReason reason) {
  switch (reason) {
    case DisconnectReason::kClientNamespaceDisconnect:
      return "client namespace disconnect";
    case DisconnectReason::kServerNamespaceDisconnect:
      return "server namespace disconnect";
    case DisconnectReason::kTransportClose:
      return "transport close";
    case DisconnectReason::kTransportError:
      return "transport error";
    case DisconnectReason::kPingTimeout:
      return "ping timeout";
    case DisconnectReason::kParseError:
      return "parse error";
    case DisconnectReason::kForcedClose:
      return "forced close";
    case DisconnectReason::kSlowConsumer:
      return "slow consumer";
    case DisconnectReason::kServerShuttingDown:
      return "server shutting down";
  }
  return "";
}

}  // namespace smcp::sio
