#include "gateway/smcp/events.h"

namespace smcp {
namespace {

using enum EventKind;
using enum Generation;

// The most frequent first: the search is linear.
constexpr EventRow kEvents[] = {
    {"client:tool_call", kCall, kG1, Role::kAgent, true, {}},
    {"client:get_tools", kCall, kG1, Role::kAgent, false, {}},
    {"client:get_desktop", kCall, kG1, Role::kAgent, false, {}},
    {"client:get_config", kCall, kG1, Role::kAgent, false, {}},
    {"client:get_resources", kCall, kG2, Role::kAgent, false, {}},
    {"client:get_skills", kCall, kG2, Role::kAgent, false, {}},
    {"client:get_skill", kCall, kG2, Role::kAgent, false, {}},
    {"client:get_blob", kCall, kG2, Role::kAgent, false, {}},
    {"client:put_blob", kCall, kG4, Role::kAgent, false, {}},
    {"server:join_office", kJoin, kG1, Role::kNone, false, "notify:enter_office"},
    {"server:leave_office", kLeave, kG1, Role::kNone, false, "notify:leave_office"},
    {"server:list_room", kListRoom, kG1, Role::kNone, false, {}},
    {"server:update_config", kUpdate, kG1, Role::kComputer, false, "notify:update_config"},
    {"server:update_tool_list", kUpdate, kG1, Role::kComputer, false, "notify:update_tool_list"},
    {"server:update_desktop", kUpdate, kG1, Role::kComputer, false, "notify:update_desktop"},
    {"server:update_skills", kUpdate, kG2, Role::kComputer, false, "notify:update_skills"},
    {"server:tool_call_cancel", kCancel, kG1, Role::kAgent, false, "notify:tool_call_cancel"},
};

constexpr EventRow kPassthrough = {"client:*", kCall, kG1, Role::kAgent, false, {}};

}  // namespace

std::span<const EventRow> AllEvents() { return kEvents; }

const EventRow* FindEvent(std::string_view name, Generation generation) {
  for (const EventRow& row : kEvents) {
    if (row.name == name) return row.since <= generation ? &row : nullptr;
  }
  return nullptr;
}

const EventRow& PassthroughEvent() { return kPassthrough; }

}  // namespace smcp
