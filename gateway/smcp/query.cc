#include "gateway/smcp/query.h"

#include <future>
#include <memory>
#include <utility>

#include "gateway/base/check.h"
#include "gateway/smcp/links.h"

namespace smcp {
namespace {

// Waits for `ask(done)`; T() if `done` is dropped because the server stops.
template <class T, class Ask>
T Wait(Ask ask) {
  SMCP_CHECK(!OnShardThread());
  std::promise<T> promise;
  std::future<T> answer = promise.get_future();
  ask([promise = std::move(promise)](T value) mutable { promise.set_value(std::move(value)); });
  try {
    return answer.get();
  } catch (const std::future_error&) {
    return T();
  }
}

std::vector<ComputerSession> ComputersOf(const std::vector<Session>& sessions) {
  std::vector<ComputerSession> computers;
  for (const Session& session : sessions) {
    if (const auto* computer = std::get_if<ComputerSession>(&session)) {
      computers.push_back(*computer);
    }
  }
  return computers;
}

}  // namespace

void AsyncGetAllSessionsInOffice(OfficeQuery& query, OfficeId office,
                                 OfficeQuery::Done<std::vector<Session>> done) {
  query.ListSessions(std::move(office), std::move(done));
}

void AsyncGetComputersInOffice(OfficeQuery& query, OfficeId office,
                               OfficeQuery::Done<std::vector<ComputerSession>> done) {
  query.ListSessions(std::move(office),
                     [done = std::move(done)](std::vector<Session> sessions) mutable {
                       std::move(done)(ComputersOf(sessions));
                     });
}

std::vector<Session> GetAllSessionsInOffice(OfficeQuery& query, OfficeId office) {
  return Wait<std::vector<Session>>(
      [&](auto done) { query.ListSessions(std::move(office), std::move(done)); });
}

std::vector<ComputerSession> GetComputersInOffice(OfficeQuery& query, OfficeId office) {
  return ComputersOf(GetAllSessionsInOffice(query, std::move(office)));
}

Counts GetCounts(OfficeQuery& query) {
  return Wait<Counts>([&](auto done) { query.CountAll(std::move(done)); });
}

}  // namespace smcp
