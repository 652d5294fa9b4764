// The gateway's plain structs as the messages of smcp.type.v1, and an office's settings back.
// Thread rule: pure, any thread; never on a shard.
#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "gateway/smcp/inspect.h"
#include "google/protobuf/field_mask.pb.h"
#include "smcp/type/v1/types.pb.h"

namespace smcp::control {

type::v1::Session SessionOf(const SessionInfo& info, const std::string& node_id);
// `full`: with members, as far as the office itself knows them (sid, role, name).
type::v1::Office OfficeOf(const OfficeInfo& info, bool full, const std::string& node_id);
type::v1::ToolCall ToolCallOf(const CallInfoRecord& call, const std::string& node_id);
type::v1::Coverage CoverageOf(const std::string& node_id, int64_t unix_ms);

type::v1::Role RoleOf(Role role);
Role RoleOf(type::v1::Role role);

// What UpdateOffice edits. The tag changes with every change of the settings.
std::string EtagOf(const OfficeSettings& settings);
absl::StatusOr<uint64_t> RevisionOf(std::string_view etag);

// `settings` with the fields of `office` that the mask names: labels, admission, policy,
// policy.<field>. INVALID_ARGUMENT MASK_INVALID or FIELD_INVALID; bounds of an office's settings
// are judged here.
absl::StatusOr<OfficeSettings> Updated(OfficeSettings settings, const type::v1::Office& office,
                                       const google::protobuf::FieldMask& mask);

}  // namespace smcp::control
