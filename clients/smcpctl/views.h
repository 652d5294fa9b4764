// The tables and the descriptions of every kind of row.
#pragma once

#include <google/protobuf/message.h>

#include "clients/smcpctl/view.h"

namespace smcpctl {

View SessionView();     // smcp.type.v1.Session
View OfficeView();      // smcp.type.v1.Office
View CallView();        // smcp.type.v1.ToolCall
View SlowCallView();    // the same calls, by where their time went
View AuditView();       // smcp.control.v1.AuditEntry
View ConfigView();      // smcp.control.v1.ConfigValue
View GenerationView();  // smcp.control.v1.ConfigGeneration
View FindingView();     // smcp.control.v1.ConfigFinding
View LogLevelView();    // smcp.control.v1.LogLevel

Fields SessionFields(const google::protobuf::Message& session, const Clock& clock);
Fields OfficeFields(const google::protobuf::Message& office, const Clock& clock);
Fields CallFields(const google::protobuf::Message& call, const Clock& clock);
Fields NodeFields(const google::protobuf::Message& node, const Clock& clock);
Fields GenerationFields(const google::protobuf::Message& generation, const Clock& clock);

}  // namespace smcpctl
