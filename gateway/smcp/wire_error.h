// Everything the gateway itself ever says no with: one row per reason, one place where its bytes
// are made (SMCP-PROTOCOL.md 2.0, 2.1, 3.5). Texts from inside (statuses, exceptions) never come
// here.
//
// All functions return the JSON array of an ack's arguments. Thread rule: pure, any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "gateway/codec/version.h"
#include "gateway/smcp/sessions.h"

namespace smcp {

enum class Refusal : uint8_t {
  kNone,
  kBadRequest,          // 400: payload
  kUnknownEvent,        // 400: a client:* event that does not exist for this generation
  kRoleMismatch,        // 403: join under another role than the session's
  kNameMismatch,        // 403: G5, join under another name than the session's
  kNotAgent,            // 403: client:* from a Computer
  kComputerNotFound,    // 404: never says why
  kTimedOut,            // 408: the relay's deadline
  kInternal,            // 500
  kTooManyPending,      // 500: limits.calls_in_flight
  kComputerNotReading,  // 500: its outbox is full
  kShuttingDown,        // 500: draining
  kBusy,                // 500: the pool for blocking handlers is full
  kOfficeFull,          // 500: limits.office_members
  kOtherGeneration,     // 4008: the office is pinned
  kRoleTaken,           // 4101
  kNameTaken,           // legacy text; cannot happen in G5, where seats are exclusive
  kNotInOffice,         // 4103
  kOtherOffice,         // 4104
  kAgentElsewhere,      // 4106
  kOfficeLocked,        // 403: an administrator has locked it
  kAgentsOnly,          // 403: likewise, for Computers
  kComputersOnly,       // 403: likewise, for Agents
  kDenied,              // 403: by a tool rule of the office
};

int RefusalCode(Refusal refusal);

// What a refusal may mention: only what the caller said or is.
struct RefusalFacts {
  std::string_view computer{};   // kComputerNotFound
  std::string_view office_id{};  // the one asked for; kAgentElsewhere: the caller's own
  std::string_view name{};       // declared in join
  Role role = Role::kNone;       // declared in join
  Role session_role = Role::kNone;
  std::string_view rule{};                  // kDenied: its id
  std::string_view client_version{};        // kOtherGeneration
  const VersionPolicy* versions = nullptr;  // kOtherGeneration
};

// For client:* and list_room. `tool_call` picks the shape that 0.1 agents understand.
std::string CallRefusal(Refusal refusal, Generation generation, bool tool_call,
                        const RefusalFacts& facts);
// For join and leave.
std::string MembershipRefusal(Refusal refusal, Generation generation, const RefusalFacts& facts);
// Success of join and leave: `[true,null]`, G5 `[]`.
std::string_view MembershipSuccess(Generation generation);

inline constexpr std::string_view kEmptyAck = "[]";
// CONNECT_ERROR: the exact text of the references (SMCP-PROTOCOL.md 4.2).
inline constexpr std::string_view kConnectionRefused = "Connection refused by server";
inline constexpr std::string_view kConnectionRefusedData =
    R"({"code":401,"message":"Not authenticated"})";

}  // namespace smcp
