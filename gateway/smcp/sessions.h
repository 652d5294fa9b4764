// The public names for who takes part in an office (SMCP-PROTOCOL.md 1.1, 4.1): plain values,
// copies of what the gateway knows at one moment. Thread rule: values, any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

#include "gateway/base/ids.h"

namespace smcp {

// What a session is; fixed by its first successful join, kNone before.
enum class Role : uint8_t { kNone, kAgent, kComputer };

// As on the wire: "agent", "computer"; "none" for a session that has never joined.
constexpr std::string_view RoleName(Role role) {
  switch (role) {
    case Role::kAgent:
      return "agent";
    case Role::kComputer:
      return "computer";
    case Role::kNone:
      break;
  }
  return "none";
}

struct BaseSession {
  Sid sid;
  std::string name;
  OfficeId office_id;
  std::string a2c_version;  // as declared at the handshake; empty if the client declared none
};
struct ComputerSession : BaseSession {};
struct AgentSession : BaseSession {};
using Session = std::variant<ComputerSession, AgentSession>;

}  // namespace smcp
