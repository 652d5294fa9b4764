// What the services share, and the few steps that all of their methods take.
//
// A handler asks the gateway and goes on in OnExecutor: the answer is taken off the shard at once
// and turned into messages on the control plane's thread. What is captured on the way is shared or
// copied, never the service itself, because an answer may come after it has gone.
// Thread rule: immutable but for allow_invoke; any thread.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <utility>

#include "control/audit.h"
#include "control/errors.h"
#include "control/executor.h"
#include "control/hub.h"
#include "control/methods.h"
#include "control/tokens.h"
#include "gateway/smcp/admin.h"
#include "gateway/smcp/inspect.h"

namespace smcp::control {

struct Plane {
  GatewayInspect& inspect;
  GatewayAdmin& admin;
  std::shared_ptr<Executor> executor{};
  std::shared_ptr<AuditLog> audit{};
  std::shared_ptr<Hub> hub{};
  std::string node_id{};
  Tokens tokens{};
  mutable std::atomic<bool> allow_invoke{false};
};
using PlanePtr = std::shared_ptr<const Plane>;

template <class T, class F>
absl::AnyInvocable<void(T) &&> OnExecutor(const PlanePtr& plane, F then) {
  return OnExecutor<T>(plane->executor, std::move(then));
}

inline constexpr int kPageDefault = 100;
inline constexpr int kPageMax = 1'000;
absl::StatusOr<size_t> PageSizeOf(int requested);

// What the tokens of a list or watch are good for: its method, what was asked for, and what the
// caller may see.
std::string BindingOf(const Call& call, std::initializer_list<std::string_view> asked);
absl::StatusOr<std::string> OpenPage(const Plane& plane, const std::string& binding,
                                     const std::string& token);

}  // namespace smcp::control
