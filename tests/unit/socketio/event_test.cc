#include "gateway/socketio/event.h"

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <utility>

namespace smcp::sio {
namespace {

TEST(DisconnectReason, TheNamesAreThoseOfTheReference) {
  using R = DisconnectReason;
  const std::pair<R, std::string_view> kNames[] = {
      {R::kClientNamespaceDisconnect, "client namespace disconnect"},
      {R::kServerNamespaceDisconnect, "server namespace disconnect"},
      {R::kTransportClose, "transport close"},
      {R::kTransportError, "transport error"},
      {R::kPingTimeout, "ping timeout"},
      {R::kParseError, "parse error"},
      {R::kForcedClose, "forced close"},
      {R::kSlowConsumer, "slow consumer"},
      {R::kServerShuttingDown, "server shutting down"},
  };
  for (const auto& [reason, name] : kNames) EXPECT_EQ(ReasonText(reason), name);
}

}  // namespace
}  // namespace smcp::sio
