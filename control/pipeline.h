// What happens to every call before and after its handler, in one place: who is it and may they,
// is the request well-formed, is it a repetition, how long may it take, what is written down.
//
//   authenticate -> role -> parse -> offices named by the request -> request_id -> handler
//   -> answer kept for repetitions -> audit entry (changes, also refused ones; not validate_only)
//
// The rules are read from the request type: request_id makes a method a change; validate_only,
// reason, office_id (also in key, member and office) mean the same everywhere. A caller who is
// limited to offices is refused changes that name neither an office nor a session: they concern
// the node.
// Thread rule: Dispatch from any thread; options may be replaced at any time.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "control/access.h"
#include "control/audit.h"
#include "control/call.h"
#include "control/executor.h"
#include "control/idempotency.h"
#include "control/methods.h"

namespace smcp::control {

// What the transport knows of a call.
struct Arrival {
  std::string authorization{};  // the header's value; empty if absent
  std::string address{};
  std::vector<std::string> certificate_names{};  // subject alternative names, verified
  bool has_deadline = false;
};

class Pipeline : public std::enable_shared_from_this<Pipeline> {
 public:
  static constexpr int64_t kUnaryMaxMs = 60'000;

  Pipeline(AccessPolicy access, std::shared_ptr<AuditLog> audit,
           std::shared_ptr<Executor> executor);

  void SetAccess(AccessPolicy access);
  void Dispatch(std::shared_ptr<const Method> method, const Arrival& arrival, std::string_view body,
                std::shared_ptr<Sink> sink);
  // Refuses a stranger before his request has been read; what he wanted to change is audited.
  absl::Status Admit(const std::shared_ptr<const Method>& method, const Arrival& arrival);
  // Who that is; for what is not a method of ours (reflection).
  absl::StatusOr<Caller> Identify(const Arrival& arrival) const;

 private:
  absl::Status Prepare(Call& call, std::string_view body);
  void Audit(const Call& call, const absl::Status& status);
  void Repeatable(const std::shared_ptr<Call>& call);

  std::shared_ptr<const AccessPolicy> access() const;

  // Calls may outlive the server, in the gateway's hands.
  const std::shared_ptr<AuditLog> audit_;
  const std::shared_ptr<Executor> executor_;
  Idempotency answers_;
  mutable std::mutex mutex_;
  std::shared_ptr<const AccessPolicy> access_;
};

}  // namespace smcp::control
