#include "control/bulk_disconnect.h"

#include <algorithm>
#include <cmath>

#include "control/convert.h"
#include "control/schemas.h"

namespace smcp::control {
namespace {

constexpr size_t kStep = 500;
constexpr size_t kAffectedDefault = 1'000;
constexpr size_t kSampleMax = 20;
constexpr int64_t kTickMs = 100;
constexpr double kPaceMax = 1e6;
constexpr size_t kTurnMax = 200;  // closed per turn where no pace is asked for

struct Bulk {
  PlanePtr plane{};
  BulkDisconnectCall call;
  SessionPredicate match{};
  size_t max_affected = 0;
  double per_tick = 0;  // 0: no pace
  size_t matched = 0;
  std::vector<std::string> sids{};  // at most max_affected
  double allowance = 0;
  size_t asked = 0;
  size_t answered = 0;
  size_t closed = 0;
};
using BulkPtr = std::shared_ptr<Bulk>;

void Answer(const Bulk& bulk) {
  v1::DisconnectSessionsResponse response;
  response.set_matched(static_cast<int64_t>(bulk.matched));
  response.set_disconnected(static_cast<int64_t>(bulk.closed));
  for (size_t i = 0; i < std::min(kSampleMax, bulk.sids.size()); ++i) {
    response.add_sample_sids(bulk.sids[i]);
  }
  *response.mutable_coverage() = CoverageOf(bulk.plane->node_id, bulk.plane->executor->UnixMs());
  bulk.call.SetDetail(std::to_string(bulk.matched) + " matched, " + std::to_string(bulk.closed) +
                      " disconnected");
  bulk.call.Answer(response);
}

void Turn(const BulkPtr& bulk);

void Closed(const BulkPtr& bulk, bool ok) {
  ++bulk->answered;
  if (ok) ++bulk->closed;
  if (bulk->answered < bulk->asked) return;
  if (bulk->asked == bulk->sids.size()) return Answer(*bulk);
  // Without a pace the next turn begins when this one has been done.
  if (bulk->per_tick == 0) Turn(bulk);
}

void Turn(const BulkPtr& bulk) {
  if (bulk->call.gone()) {
    bulk->call.SetDetail("stopped by the caller after " + std::to_string(bulk->closed));
    return bulk->call.Fail(absl::CancelledError("the caller has gone"));
  }
  size_t count = kTurnMax;
  if (bulk->per_tick != 0) {
    bulk->allowance += bulk->per_tick;
    count = static_cast<size_t>(std::floor(bulk->allowance));
    bulk->allowance -= static_cast<double>(count);
  }
  const size_t end = std::min(bulk->sids.size(), bulk->asked + count);
  const size_t begin = std::exchange(bulk->asked, end);
  for (size_t i = begin; i < end; ++i) {
    bulk->plane->admin.Disconnect(bulk->sids[i], bulk->call.request().terminal(),
                                  OnExecutor<absl::StatusOr<SessionInfo>>(
                                      bulk->plane, [bulk](const absl::StatusOr<SessionInfo>& was) {
                                        Closed(bulk, was.ok());
                                      }));
  }
  if (bulk->per_tick != 0 && end < bulk->sids.size()) {
    bulk->plane->executor->After(kTickMs, [bulk] { Turn(bulk); });
  }
}

void Counted(const BulkPtr& bulk) {
  const auto& request = bulk->call.request();
  const bool only_count = !request.force() || bulk->call.validate_only();
  if (only_count || bulk->matched == 0) return Answer(*bulk);
  if (bulk->matched > bulk->max_affected) {
    return bulk->call.Fail(Refuse(v1::MAX_AFFECTED_EXCEEDED,
                                  std::to_string(bulk->matched) + " sessions match, at most " +
                                      std::to_string(bulk->max_affected) + " are allowed",
                                  {{"matched", std::to_string(bulk->matched)}}));
  }
  Turn(bulk);
}

void Count(const BulkPtr& bulk, std::optional<SessionCursor> after) {
  bulk->plane->inspect.PageSessions(after, kStep, bulk->match,
                                    OnExecutor<SessionPage>(bulk->plane, [bulk](SessionPage page) {
                                      bulk->matched += page.sessions.size();
                                      for (SessionInfo& session : page.sessions) {
                                        if (bulk->sids.size() < bulk->max_affected)
                                          bulk->sids.push_back(std::move(session.sid));
                                      }
                                      if (page.next) return Count(bulk, page.next);
                                      Counted(bulk);
                                    }));
}

}  // namespace

void DisconnectByFilter(const PlanePtr& plane, const BulkDisconnectCall& call) {
  const auto& request = call.request();
  const auto filter = Filter<SessionView>::Compile(request.filter(), SessionSchema());
  if (!filter.ok()) return call.Fail(filter.status());
  if (filter->empty()) {
    return call.Fail(RefuseField("filter", "must not be empty", v1::FILTER_INVALID));
  }
  const double pace = request.pace_per_second();
  if (!std::isfinite(pace) || pace < 0 || pace > kPaceMax) {
    return call.Fail(RefuseField("pace_per_second", "0 to 1,000,000"));
  }
  auto bulk = std::make_shared<Bulk>(Bulk{.plane = plane, .call = call});
  bulk->max_affected = request.max_affected() == 0 ? kAffectedDefault : request.max_affected();
  bulk->per_tick = pace * static_cast<double>(kTickMs) / 1'000;
  bulk->allowance = pace == 0 ? 0 : 1;  // the first one goes at once
  bulk->match = [filter = *filter, now = plane->executor->UnixMs(),
                 caller = std::make_shared<const Caller>(call.caller()),
                 everybody = request.include_no_office()](const SessionView& session) {
    if (session.office_id.empty() && !everybody) return false;
    return caller->MaySee(session.office_id) && filter.Matches(session, now);
  };
  Count(bulk, std::nullopt);
}

}  // namespace smcp::control
