// What an administrator can do to a running gateway. Nothing here trusts its caller less than an
// office trusts its home: permission is judged in front of it, by control/.
//
// Thread rule: as in inspect.h. `done` runs exactly once; a status other than OK is
// INVALID_ARGUMENT, NOT_FOUND, FAILED_PRECONDITION, ABORTED, RESOURCE_EXHAUSTED or UNAVAILABLE (the
// gateway is stopping, or draining).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "gateway/base/ids.h"
#include "gateway/smcp/inspect.h"

namespace smcp {

enum class NoticeKind : uint8_t { kConfig, kToolList, kDesktop, kSkills };

struct NoticeResult {
  size_t members_told = 0;
  std::vector<std::string> computers{};
};

// A tool call in an administrator's name.
struct InvokeRequest {
  OfficeId office{};
  std::string computer{};
  std::string tool{};
  std::string arguments_json{};  // an object
  int64_t timeout_ms = 30'000;
  std::string caller{};  // what the Computer reads as `agent`
  std::string req_id{};
  // What is sent. client:get_tools (ListTools) carries agent, computer and req_id only.
  std::string event{"client:tool_call"};
};
struct InvokeAnswer {
  CallInfoRecord call{};
  std::string result_json{};  // the ack's arguments, as they came: a JSON array
};

class GatewayAdmin {
 public:
  template <class T>
  using Done = absl::AnyInvocable<void(T) &&>;
  virtual ~GatewayAdmin() = default;

  // The session as it was. Terminal: the client gets a Socket.IO DISCONNECT and SDK clients stay
  // away; otherwise its transport is closed.
  virtual void Disconnect(std::string sid, bool terminal,
                          Done<absl::StatusOr<SessionInfo>> done) = 0;
  // An implicit leave; the connection stays. FAILED_PRECONDITION: in no office.
  virtual void RemoveFromOffice(std::string sid, Done<absl::StatusOr<SessionInfo>> done) = 0;

  // Replaces the settings if `revision` is the present one, or `any_revision`. Settings equal to
  // the default are forgotten. RESOURCE_EXHAUSTED: too many offices have settings
  // (SmcpOptions::office_settings_max).
  virtual void SetOfficeSettings(OfficeId office, OfficeSettings settings, bool any_revision,
                                 Done<absl::StatusOr<OfficeInfo>> done) = 0;
  // Everybody in it leaves, each hears of the others; the number of members.
  virtual void CloseOffice(OfficeId office, bool disconnect, Done<absl::StatusOr<size_t>> done) = 0;

  // As if the Agent had cancelled; the record says by whom.
  virtual void CancelCall(CallKey key, std::string by,
                          Done<absl::StatusOr<CallInfoRecord>> done) = 0;
  // `progress` runs when the Computer has the call, if it ever has; then `done`, once. What becomes
  // of the call (denied, timed out, Computer lost) is in the answer's state; a status other than OK
  // means that there was no call.
  virtual void Invoke(InvokeRequest request, Done<CallInfoRecord> progress,
                      Done<absl::StatusOr<InvokeAnswer>> done) = 0;

  // As if that Computer (empty: each Computer of the office) had said so itself.
  virtual void Notify(OfficeId office, std::string computer, NoticeKind kind,
                      Done<absl::StatusOr<NoticeResult>> done) = 0;
};

}  // namespace smcp
