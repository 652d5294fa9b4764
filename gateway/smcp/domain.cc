#include "gateway/smcp/domain.h"

#include <iterator>
#include <utility>

#include "gateway/base/check.h"
#include "gateway/smcp/control_door.h"
#include "gateway/smcp/reply.h"
#include "gateway/smcp/router.h"

namespace smcp {
namespace {

template <class T>
std::vector<T> Concatenate(std::vector<std::vector<T>> parts) {
  std::vector<T> all;
  for (std::vector<T>& part : parts) {
    std::move(part.begin(), part.end(), std::back_inserter(all));
  }
  return all;
}

void AddTo(Counts* sum, const Counts& part) {
  sum->connections += part.connections;
  sum->members += part.members;
  sum->offices += part.offices;
  sum->calls_in_flight += part.calls_in_flight;
  sum->calls_pending += part.calls_pending;
  sum->seats += part.seats;
  sum->parked_events += part.parked_events;
  sum->branch_members += part.branch_members;
}

}  // namespace

SmcpDomain::SmcpDomain() : door_(std::make_unique<ControlDoor>(*this)) {}
SmcpDomain::~SmcpDomain() = default;

std::shared_ptr<SmcpDomain> SmcpDomain::Create(SmcpOptions options,
                                               std::shared_ptr<AuthenticationProvider> auth,
                                               std::shared_ptr<Backplane> backplane) {
  SMCP_CHECK(auth != nullptr && backplane != nullptr && !options.versions.served.empty());
  for (const std::string& name : options.passthrough_events) {
    SMCP_CHECK(name.starts_with("client:"));
  }
  std::shared_ptr<SmcpDomain> domain(new SmcpDomain());
  domain->options_ = std::move(options);
  domain->auth_ = std::move(auth);
  domain->backplane_ = std::move(backplane);
  return domain;
}

void SmcpDomain::Log(const LogEvent& event) const {
  if (options_.log != nullptr) options_.log->Record(event);
}

GatewayInspect& SmcpDomain::inspect() { return *door_; }
GatewayAdmin& SmcpDomain::admin() { return *door_; }

void SmcpDomain::NoteRefused(uint16_t shard, const std::string& address, const std::string& cause) {
  if (!journal_kept_.load(std::memory_order_relaxed)) return;
  Post(shard, [address, cause](Router& router) {
    router.journal().Write({.kind = Change::Kind::kRefused, .address = address, .cause = cause});
  });
}

uint16_t SmcpDomain::shard_count() const {
  const Scheduler* scheduler = scheduler_.load(std::memory_order_acquire);
  return scheduler == nullptr ? 0 : scheduler->shard_count();
}

void SmcpDomain::CountAll(Done<Counts> done) {
  const uint16_t shards = shard_count();
  if (shards == 0) return std::move(done)(Counts());
  auto gathering = std::make_shared<Gathering<Counts>>(
      shards, [done = std::move(done)](std::vector<Counts> parts) mutable {
        Counts sum;
        for (const Counts& part : parts) AddTo(&sum, part);
        std::move(done)(sum);
      });
  for (uint16_t shard = 0; shard < shards; ++shard) {
    Post(shard, [gathering, shard, backplane = backplane_](Router& router) {
      const RouterCounts counts = router.Count();
      gathering->Add(shard, {.connections = counts.connections,
                             .members = counts.members,
                             .offices = counts.offices,
                             .calls_in_flight = counts.calls_in_flight,
                             .calls_pending = counts.calls_pending,
                             .seats = backplane->SeatCount(shard),
                             .parked_events = counts.parked_events,
                             .branch_members = counts.branch_members});
    });
  }
}

void SmcpDomain::ListOffices(Done<std::vector<OfficeSummary>> done) {
  using Part = std::vector<OfficeSummary>;
  const uint16_t shards = shard_count();
  if (shards == 0) return std::move(done)({});
  auto gathering = std::make_shared<Gathering<Part>>(
      shards, [done = std::move(done)](std::vector<Part> parts) mutable {
        std::move(done)(Concatenate(std::move(parts)));
      });
  for (uint16_t shard = 0; shard < shards; ++shard) {
    Post(shard,
         [gathering, shard](Router& router) { gathering->Add(shard, router.home().Offices()); });
  }
}

void SmcpDomain::ListSessions(OfficeId office, Done<std::vector<Session>> done) {
  Scheduler* scheduler = scheduler_.load(std::memory_order_acquire);
  if (scheduler == nullptr) return std::move(done)({});
  const uint16_t home = Links(0, *scheduler, routers_).HomeOf(office.value);
  Post(home, [office = std::move(office), done = std::move(done)](Router& router) mutable {
    std::move(done)(router.home().Sessions(office));
  });
}

void SmcpDomain::BeginDrain() {
  for (uint16_t shard = 0; shard < shard_count(); ++shard) {
    Post(shard, [](Router& router) { router.BeginDrain(); });
  }
}

void SmcpDomain::EndDrain() {
  for (uint16_t shard = 0; shard < shard_count(); ++shard) {
    Post(shard, [](Router& router) { router.EndDrain(); });
  }
}

void SmcpDomain::Reconfigure(const SmcpOptions& options) {
  SMCP_CHECK(!options.versions.served.empty());
  const auto shared = std::make_shared<const SmcpOptions>(options);
  for (uint16_t shard = 0; shard < shard_count(); ++shard) {
    Post(shard, [shared](Router& router) { router.Reconfigure(*shared); });
  }
}

void SmcpDomain::WhenIdle(Task done) {
  const uint16_t shards = shard_count();
  if (shards == 0) return std::move(done)();
  struct Nothing {};
  auto gathering = std::make_shared<Gathering<Nothing>>(
      shards, [done = std::move(done)](std::vector<Nothing>) mutable { std::move(done)(); });
  for (uint16_t shard = 0; shard < shards; ++shard) {
    Post(shard, [gathering, shard](Router& router) {
      router.WhenIdle([gathering, shard] { gathering->Add(shard, {}); });
    });
  }
}

}  // namespace smcp
