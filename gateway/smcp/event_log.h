// What operators hear of: security events and the life of memberships (SMCP-PROTOCOL.md 5.4). Never
// a credential, never a payload.
//
// Thread rule: called on shards and on the threads of authentication providers, concurrently; must
// not block.
#pragma once

#include <cstdint>
#include <string_view>

#include "gateway/smcp/sessions.h"

namespace smcp {

struct LogEvent {
  enum class Kind : uint8_t {
    kAuthenticationFailed,  // warning; `detail` is a status code's name
    kCrossOffice,           // warning; `detail` is the office asked for
    kRefused,               // warning; the role does not allow it; `detail` is the event
    kMismatch,              // a payload claims an identity that the session does not have
    kDropped,               // an event without effect: bad payload or no office
    kJoined,
    kLeft,
  };
  Kind kind;
  std::string_view sid{};  // empty before there is one
  Role role = Role::kNone;
  std::string_view name{};
  std::string_view office{};
  std::string_view remote_address{};  // of kAuthenticationFailed
  std::string_view detail{};          // bounded; may hold any UTF-8 a client chose
};

class EventLog {
 public:
  virtual ~EventLog() = default;
  virtual void Record(const LogEvent& event) = 0;
};

}  // namespace smcp
