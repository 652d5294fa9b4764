// The methods by which the control plane itself asks Computers something: InvokeTool and ListTools.
// Thread rule: as Service.
#pragma once

#include <string>
#include <string_view>

#include "control/plane.h"
#include "smcp/control/v1/tool_call_service.pb.h"

namespace smcp::control {

using InvokeToolCall = Stream<v1::InvokeToolRequest, v1::InvokeToolEvent>;
using ListToolsCall = Unary<v1::ListToolsRequest, v1::ListToolsResponse>;

void InvokeTool(const PlanePtr& plane, const InvokeToolCall& call);
void ListTools(const PlanePtr& plane, const ListToolsCall& call);

// The one argument of an acknowledgement, which is an array; another number of them stays an array.
std::string OnlyElement(std::string_view json_array);

}  // namespace smcp::control
