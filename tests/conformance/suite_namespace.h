// What the official protocol suites expect of a namespace, and, if asked for, events of our own
// that make the server do what the suites never ask of it.
//
// Always: `auth` with the CONNECT payload, `message` answered by `message-back`,
// `message-with-ack`. With Extras::events also
//   kick              the server leaves the namespace
//   close             the server ends the session
//   burst N SIZE      N events `item` at once, each with its number and SIZE bytes
//   ticker N          N events `item`, some every 10 ms
//   call MS           an event `question` that wants an ack within MS; `answer` tells how it went
// and a CONNECT payload `{"refuse":true}` is refused. Thread rule: as smcp::sio::Namespace.
#pragma once

#include <memory>

#include "gateway/base/clock.h"
#include "gateway/socketio/namespace.h"

namespace smcp::conformance {

struct Extras {
  bool events = false;
  bool report = false;      // a line on stdout for every socket that ends
  Millis connect_delay{0};  // how long a CONNECT waits for its verdict
};

std::unique_ptr<sio::Namespace> MakeSuite(sio::NamespaceContext context, const Extras& extras);

}  // namespace smcp::conformance
