// Questions about a running gateway, answered by plain structs: for the control plane, for admin
// pages, for programs that embed the server. Nothing else of the domain is visible from there.
//
// Answers are gathered shard by shard: each shard's part is exact at the moment it was asked, the
// whole is not a snapshot. Thread rule: any thread; a callback runs on the shard that answered last
// and must not block. The blocking forms end the process when they are called on a shard, where
// they would wait for themselves.
#pragma once

#include <cstddef>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "gateway/smcp/home.h"
#include "gateway/smcp/sessions.h"

namespace smcp {

// Sums over all shards.
struct Counts {
  size_t connections = 0;  // sessions of the namespace
  size_t members = 0;      // of them in an office
  size_t offices = 0;
  size_t calls_in_flight = 0;  // whose Agent waits for the answer
  size_t calls_pending = 0;    // whose Computer has not answered
  size_t seats = 0;            // held at the backplane
  size_t parked_events = 0;
  size_t branch_members = 0;  // office members as their own shards know them
};

class OfficeQuery {
 public:
  template <class T>
  using Done = absl::AnyInvocable<void(T) &&>;
  virtual ~OfficeQuery() = default;

  virtual void CountAll(Done<Counts> done) = 0;
  // In no particular order.
  virtual void ListOffices(Done<std::vector<OfficeSummary>> done) = 0;
  // In join order; empty if there is no such office.
  virtual void ListSessions(OfficeId office, Done<std::vector<Session>> done) = 0;
};

void AsyncGetAllSessionsInOffice(OfficeQuery& query, OfficeId office,
                                 OfficeQuery::Done<std::vector<Session>> done);
void AsyncGetComputersInOffice(OfficeQuery& query, OfficeId office,
                               OfficeQuery::Done<std::vector<ComputerSession>> done);
// Empty also if the server stops meanwhile.
std::vector<Session> GetAllSessionsInOffice(OfficeQuery& query, OfficeId office);
std::vector<ComputerSession> GetComputersInOffice(OfficeQuery& query, OfficeId office);
Counts GetCounts(OfficeQuery& query);

}  // namespace smcp
