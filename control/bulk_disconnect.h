// DisconnectSessions: all sessions that a filter matches, counted first, then closed at a pace.
//
// Closing stops when the caller goes away; what has been closed by then stays closed. A call
// without a deadline has 60 s like any other, so a slow pace wants one. Thread rule: the executor.
#pragma once

#include "control/plane.h"
#include "smcp/control/v1/session_service.pb.h"

namespace smcp::control {

using BulkDisconnectCall = Unary<v1::DisconnectSessionsRequest, v1::DisconnectSessionsResponse>;

void DisconnectByFilter(const PlanePtr& plane, const BulkDisconnectCall& call);

}  // namespace smcp::control
