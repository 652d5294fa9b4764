// The messages of the watches that share a shape (SessionChange, OfficeChange, ToolCallChange), put
// together from parts that are serialized already: added = 1, modified = 2, removed = 3,
// bookmark = 4, reset = 5, seq = 6 in each of them. Thread rule: pure, any thread.
#pragma once

#include <cstdint>
#include <string>

#include "control/call.h"

namespace smcp::control {

enum class ChangeField : int { kAdded = 1, kModified = 2, kRemoved = 3, kBookmark = 4, kReset = 5 };

Bytes ChangeMessage(ChangeField field, const std::string& body, uint64_t seq);
Bytes BookmarkMessage(const std::string& token, int64_t unix_ms, bool initial_set_complete,
                      uint64_t seq);
Bytes ResetMessage(const std::string& cause, uint64_t seq);

}  // namespace smcp::control
