// One registration of the SMCP namespace, all shards together: what its namespace instances share,
// and the handle by which the rest of the program reaches them (queries, drain).
//
//   auto domain = SmcpDomain::Create(options, auth, std::make_shared<LocalBackplane>());
//   server.Register("/smcp", SmcpNamespace::Factory(domain));
//   ...
//   for (const ComputerSession& c : GetComputersInOffice(*domain, OfficeId{"lab"})) ...
//
// Thread rule: any thread. Must not be dropped while shards still run tasks of its routers: the
// factory holds it, and so should whoever stops the shards.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>

#include "gateway/base/task.h"
#include "gateway/smcp/admin.h"
#include "gateway/smcp/auth.h"
#include "gateway/smcp/backplane.h"
#include "gateway/smcp/inspect.h"
#include "gateway/smcp/links.h"
#include "gateway/smcp/options.h"
#include "gateway/smcp/query.h"

namespace smcp {

class ControlDoor;

class SmcpDomain final : public OfficeQuery {
 public:
  ~SmcpDomain() override;
  static std::shared_ptr<SmcpDomain> Create(SmcpOptions options,
                                            std::shared_ptr<AuthenticationProvider> auth,
                                            std::shared_ptr<Backplane> backplane);

  // As created; what holds now is each router's own.
  const SmcpOptions& options() const { return options_; }
  AuthenticationProvider& auth() const { return *auth_; }
  Backplane& backplane() const { return *backplane_; }
  RouterSet& routers() { return routers_; }
  void Log(const LogEvent& event) const;

  // For namespace instances, once each: through which scheduler the shards are reached.
  void Serve(Scheduler& scheduler) { scheduler_.store(&scheduler, std::memory_order_release); }
  // `f(Router&)` as a task of `shard`; dropped if nothing serves there.
  template <class F>
  void Post(uint16_t shard, F f) {
    Scheduler* scheduler = scheduler_.load(std::memory_order_acquire);
    if (scheduler != nullptr) Links(shard, *scheduler, routers_).Post(shard, std::move(f));
  }

  // How many shards serve; 0 as long as none does.
  uint16_t shard_count() const;

  // For the control plane.
  GatewayInspect& inspect();
  GatewayAdmin& admin();
  // A CONNECT was refused on `shard`; any thread.
  void NoteRefused(uint16_t shard, const std::string& address, const std::string& cause);
  // From now on it is worth noting.
  void KeepJournal() { journal_kept_.store(true, std::memory_order_relaxed); }

  // OfficeQuery
  void CountAll(Done<Counts> done) override;
  void ListOffices(Done<std::vector<OfficeSummary>> done) override;
  void ListSessions(OfficeId office, Done<std::vector<Session>> done) override;

  // From when each shard has run this, it answers new calls with `Server is shutting down`.
  void BeginDrain();
  // Takes that back.
  void EndDrain();
  // Every shard uses `options` from its next task on, but for their log.
  void Reconfigure(const SmcpOptions& options);
  // `done` runs, on some shard, once every shard has had a moment without calls in flight; after
  // BeginDrain that is the end of all calls.
  void WhenIdle(Task done);

 private:
  SmcpDomain();

  SmcpOptions options_;
  std::shared_ptr<AuthenticationProvider> auth_;
  std::shared_ptr<Backplane> backplane_;
  RouterSet routers_;
  std::atomic<Scheduler*> scheduler_{nullptr};
  std::atomic<bool> journal_kept_{false};
  std::unique_ptr<ControlDoor> door_;
};

}  // namespace smcp
