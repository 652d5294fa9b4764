// The fields by which sessions, offices, calls and audit entries may be filtered and ordered, as
// the comments of the services' protos list them. Thread rule: constants; the getters are pure and
// allocate nothing.
#pragma once

#include "control/filter.h"
#include "gateway/smcp/inspect.h"
#include "smcp/control/v1/event_service.pb.h"

namespace smcp::control {

const Schema<SessionView>& SessionSchema();
const Schema<OfficeInfo>& OfficeSchema();
const Schema<CallInfoRecord>& CallSchema();
const Schema<v1::AuditEntry>& AuditSchema();

// Views of the copy; valid as long as it.
SessionView ViewOf(const SessionInfo& info);

// The names of the protos' enums.
std::string_view RoleText(Role role);
std::string_view AdmissionText(Admission admission);
std::string_view CallStateText(CallState state);

}  // namespace smcp::control
