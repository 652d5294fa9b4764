// The packets that an office hears: built once at its home, shared by all receivers
// (SMCP-PROTOCOL.md 2.7). Thread rule: pure, any thread.
#pragma once

#include <string>
#include <string_view>

#include "gateway/base/payload.h"
#include "gateway/smcp/sessions.h"

namespace smcp {

Payload EnterNews(std::string_view office_id, Role role, std::string_view name);
Payload LeaveNews(std::string_view office_id, Role role, std::string_view name);
// `event` is notify:update_*; `computer` is the session's name.
Payload UpdateNews(std::string_view event, std::string_view computer);
// `req_id` is raw JSON, quotes included.
Payload CancelNews(std::string_view event, std::string_view agent, std::string_view req_id);

// One element of list_room's `sessions`.
void AppendSessionInfo(std::string* out, const BaseSession& session, Role role);

}  // namespace smcp
