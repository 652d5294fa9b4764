#include "gateway/smcp/wire_error.h"

#include "gateway/base/check.h"
#include "gateway/codec/json_text.h"

namespace smcp {
namespace {

struct Row {
  Refusal refusal;
  int code;
  std::string_view text;  // fixed text; empty: made from the facts
};

constexpr Row kRows[] = {
    {Refusal::kNone, 0, ""},
    {Refusal::kBadRequest, 400, "Invalid request"},
    {Refusal::kUnknownEvent, 400, "Unknown event"},
    {Refusal::kRoleMismatch, 403, ""},
    {Refusal::kNameMismatch, 403, "Name mismatch"},
    {Refusal::kNotAgent, 403, "Permission denied"},
    {Refusal::kComputerNotFound, 404, ""},
    {Refusal::kTimedOut, 408, "Request timed out"},
    {Refusal::kInternal, 500, "Internal server error"},
    {Refusal::kTooManyPending, 500, "Too many pending requests"},
    {Refusal::kComputerNotReading, 500, "Computer is not reading"},
    {Refusal::kShuttingDown, 500, "Server is shutting down"},
    {Refusal::kBusy, 500, "Server is busy"},
    {Refusal::kOfficeFull, 500, "Room is full"},
    {Refusal::kOtherGeneration, 4008, "Protocol version mismatch"},
    {Refusal::kRoleTaken, 4101, ""},
    {Refusal::kNameTaken, 4101, ""},
    {Refusal::kNotInOffice, 4103, "Not in any room"},
    {Refusal::kOtherOffice, 4104, "Cross-room access denied"},
    {Refusal::kAgentElsewhere, 4106, "Agent already in another room"},
    {Refusal::kOfficeLocked, 403, "Room is locked"},
    {Refusal::kAgentsOnly, 403, "Room is open to agents only"},
    {Refusal::kComputersOnly, 403, "Room is open to computers only"},
    {Refusal::kDenied, 403, "Denied by the rules of the room"},
};

const Row& RowOf(Refusal refusal) {
  const Row& row = kRows[static_cast<size_t>(refusal)];
  SMCP_CHECK(row.refusal == refusal);
  return row;
}

std::string Text(Refusal refusal, const RefusalFacts& facts) {
  std::string text(RowOf(refusal).text);
  switch (refusal) {
    case Refusal::kRoleMismatch:
      text.append("Role mismatch, expected ").append(RoleName(facts.role));
      text.append(", but ").append(RoleName(facts.session_role)).append(" use this sid exists");
      break;
    case Refusal::kComputerNotFound:
      text.append("Computer with name '").append(facts.computer).append("' not found");
      break;
    case Refusal::kRoleTaken:
      text.append(facts.role == Role::kAgent ? "Room already has an agent"
                                             : "Room already has a computer");
      break;
    case Refusal::kDenied:
      if (!facts.rule.empty()) text.append(": ").append(facts.rule);
      break;
    case Refusal::kNameTaken:
      text.append(facts.role == Role::kAgent ? "Agent" : "Computer").append(" with name '");
      text.append(facts.name).append("' already exists in room '");
      text.append(facts.office_id).append("'");
      break;
    default:
      break;
  }
  return text;
}

void AppendField(std::string* out, std::string_view key, std::string_view value) {
  if (out->back() != '{') out->push_back(',');
  out->append("\"").append(key).append("\":");
  json::AppendQuoted(out, value);
}

// The version fields of 4008 say what the server serves, as at the door; what the office is pinned
// to is not the caller's business.
void AppendVersions(std::string* out, const RefusalFacts& facts) {
  const std::vector<Generation>& served = facts.versions->served;
  AppendField(out, "server_version", std::string(GenerationName(served.back())) + ".0");
  AppendField(out, "client_version", facts.client_version);
  AppendField(out, "min_supported", std::string(GenerationName(served.front())) + ".0");
  AppendField(out, "max_supported", std::string(GenerationName(served.back())) + ".999");
}

void AppendDetails(std::string* out, Refusal refusal, const RefusalFacts& facts) {
  switch (refusal) {
    case Refusal::kComputerNotFound:
      out->append(",\"details\":{");
      AppendField(out, "computer_name", facts.computer);
      break;
    case Refusal::kOtherOffice:
    case Refusal::kAgentElsewhere:
      out->append(",\"details\":{");
      AppendField(out, "office_id", facts.office_id);
      break;
    case Refusal::kRoleTaken:
      out->append(",\"details\":{");
      AppendField(out, "office_id", facts.office_id);
      AppendField(out, "role", RoleName(facts.role));
      break;
    case Refusal::kOtherGeneration:
      if (facts.versions != nullptr) AppendVersions(out, facts);
      return;
    default:
      return;
  }
  out->push_back('}');
}

std::string Flat(Refusal refusal, const RefusalFacts& facts) {
  std::string out = "[{\"code\":" + std::to_string(RefusalCode(refusal));
  AppendField(&out, "message", Text(refusal, facts));
  AppendDetails(&out, refusal, facts);
  out.append("}]");
  return out;
}

}  // namespace

int RefusalCode(Refusal refusal) { return RowOf(refusal).code; }

std::string CallRefusal(Refusal refusal, Generation generation, bool tool_call,
                        const RefusalFacts& facts) {
  if (!tool_call || generation != Generation::kG1) return Flat(refusal, facts);
  std::string out = R"([{"content":[{"type":"text")";
  AppendField(&out, "text", Text(refusal, facts));
  out.append(R"(}],"isError":true}])");
  return out;
}

std::string MembershipRefusal(Refusal refusal, Generation generation, const RefusalFacts& facts) {
  if (generation == Generation::kG5) return Flat(refusal, facts);
  std::string out = "[false,";
  json::AppendQuoted(&out, Text(refusal, facts));
  out.push_back(']');
  return out;
}

std::string_view MembershipSuccess(Generation generation) {
  return generation == Generation::kG5 ? kEmptyAck : std::string_view("[true,null]");
}

}  // namespace smcp
