#include "control/office_service.h"

#include "control/convert.h"
#include "control/order.h"
#include "control/schemas.h"
#include "smcp/control/v1/office_service.pb.h"

namespace smcp::control {
namespace {

using type::v1::Office;
using ListCall = Unary<v1::ListOfficesRequest, v1::ListOfficesResponse>;
using GetCall = Unary<v1::GetOfficeRequest, Office>;
using WatchCall = Stream<v1::WatchOfficesRequest, v1::OfficeChange>;
using UpdateCall = Unary<v1::UpdateOfficeRequest, Office>;
using CloseCall = Unary<v1::CloseOfficeRequest, v1::CloseOfficeResponse>;

constexpr size_t kStep = 200;

absl::Status NoOffice() {
  return Refuse(v1::OFFICE_NOT_FOUND, "nobody is in it and nothing is set for it");
}

OfficePredicate Visible(const ListCall& call, const Filter<OfficeInfo>& filter, int64_t now_ms) {
  return [filter, now_ms,
          caller = std::make_shared<const Caller>(call.caller())](const OfficeInfo& office) {
    return caller->MaySee(office.office_id.value) && filter.Matches(office, now_ms);
  };
}

// A list on its way: in the order of the ids as the gateway gives them, or sorted here.
struct Listing {
  PlanePtr plane{};
  ListCall call;
  OfficePredicate match{};
  std::string binding{};
  size_t size = 0;
  bool sorted = false;
  std::unique_ptr<TopRows<OfficeInfo, OfficeInfo>> top{};
  std::vector<OfficeInfo> rows{};
  size_t total = 0;
};

void Answer(const Listing& list, const std::vector<OfficeInfo>& rows,
            const std::string& next_position) {
  v1::ListOfficesResponse response;
  const bool full = list.call.request().view() == v1::FULL;
  for (const OfficeInfo& row : rows) {
    *response.add_offices() = OfficeOf(row, full, list.plane->node_id);
  }
  if (!next_position.empty()) {
    response.set_next_page_token(list.plane->tokens.Seal(list.binding, next_position));
  }
  if (list.call.request().filter().empty() && !list.call.caller().limited()) {
    response.set_total_size_estimate(static_cast<int64_t>(list.total));
  }
  *response.mutable_coverage() = CoverageOf(list.plane->node_id, list.plane->executor->UnixMs());
  list.call.Answer(response);
}

void NextPage(const std::shared_ptr<Listing>& list, const std::string& after) {
  const size_t wanted = list->sorted ? kStep : list->size - list->rows.size();
  list->plane->inspect.PageOffices(
      after, wanted, list->match, OnExecutor<OfficePage>(list->plane, [list](OfficePage page) {
        list->total = page.total;
        const std::string last = page.offices.empty() ? "" : page.offices.back().office_id.value;
        const bool more = page.more && !last.empty();
        for (OfficeInfo& office : page.offices) {
          if (!list->sorted) {
            list->rows.push_back(std::move(office));
          } else {
            const OfficeInfo& row = office;
            const std::string id = row.office_id.value;
            list->top->Offer(row, id, OfficeInfo(row));
          }
        }
        if (more && (list->sorted || list->rows.size() < list->size)) return NextPage(list, last);
        if (!list->sorted) return Answer(*list, list->rows, more ? last : "");
        auto top = list->top->Take();
        Answer(*list, top.rows, top.more ? SerializePosition(top.last) : "");
      }));
}

void List(const PlanePtr& plane, const ListCall& call) {
  const auto& request = call.request();
  const auto size = PageSizeOf(request.page_size());
  if (!size.ok()) return call.Fail(size.status());
  const auto filter = Filter<OfficeInfo>::Compile(request.filter(), OfficeSchema());
  if (!filter.ok()) return call.Fail(filter.status());
  const auto order = Order<OfficeInfo>::Parse(request.order_by(), OfficeSchema());
  if (!order.ok()) return call.Fail(order.status());
  const std::string binding = BindingOf(call.call(), {request.filter(), request.order_by()});
  const auto position = OpenPage(*plane, binding, request.page_token());
  if (!position.ok()) return call.Fail(position.status());

  auto list = std::make_shared<Listing>(Listing{.plane = plane, .call = call});
  list->match = Visible(call, *filter, plane->executor->UnixMs());
  list->binding = binding;
  list->size = *size;
  list->sorted = !request.order_by().empty() && request.order_by() != "office_id";
  if (!list->sorted) return NextPage(list, *position);
  Position after;
  if (!position->empty()) ParsePosition(*position, after);
  list->top = std::make_unique<TopRows<OfficeInfo, OfficeInfo>>(
      *order, *size, position->empty() ? nullptr : &after);
  NextPage(list, "");
}

// The members as the sessions they are, in the order of their joins.
void AnswerFull(const PlanePtr& plane, const GetCall& call, const OfficeInfo& info) {
  std::vector<std::string> sids;
  for (const OfficeMember& member : info.members) sids.push_back(member.sid);
  plane->inspect.GetSessions(
      std::move(sids), OnExecutor<std::vector<SessionInfo>>(
                           plane, [plane, call, info](const std::vector<SessionInfo>& sessions) {
                             Office office = OfficeOf(info, false, plane->node_id);
                             bool first = true;
                             for (const SessionInfo& session : sessions) {
                               if (session.office_id != info.office_id.value) continue;
                               *office.add_members() = SessionOf(session, plane->node_id);
                               if (session.role != Role::kAgent || !std::exchange(first, false))
                                 continue;
                               *office.mutable_agent() = SessionOf(session, plane->node_id);
                             }
                             call.Answer(office);
                           }));
}

void Get(const PlanePtr& plane, const GetCall& call) {
  const std::string& id = call.request().office_id();
  if (id.empty()) return call.Fail(RefuseField("office_id", "missing"));
  plane->inspect.GetOffices({id}, OnExecutor<std::vector<OfficeInfo>>(
                                      plane, [plane, call](const std::vector<OfficeInfo>& found) {
                                        if (found.empty()) return call.Fail(NoOffice());
                                        if (call.request().view() == v1::FULL) {
                                          return AnswerFull(plane, call, found.front());
                                        }
                                        call.Answer(OfficeOf(found.front(), false, plane->node_id));
                                      }));
}

void Watch(const PlanePtr& plane, const WatchCall& call) {
  const auto& request = call.request();
  const auto filter = Filter<OfficeInfo>::Compile(request.filter(), OfficeSchema());
  if (!filter.ok()) return call.Finish(filter.status());
  WatchRequest<OfficeInfo> watch;
  watch.call = call.shared_call();
  watch.binding = BindingOf(call.call(), {request.filter()});
  watch.resume_token = request.resume_token();
  watch.omit_initial = request.omit_initial();
  watch.match = [filter = *filter, caller = call.caller(),
                 executor = plane->executor](const OfficeInfo& office) {
    return caller.MaySee(office.office_id.value) && filter.Matches(office, executor->UnixMs());
  };
  plane->hub->WatchOffices(std::move(watch));
}

// Reads, edits and writes back what was read. Without an etag somebody else's change in between is
// no error: it is read again.
void Update(const PlanePtr& plane, const UpdateCall& call, int tries_left);

void Write(const PlanePtr& plane, const UpdateCall& call, OfficeInfo info, int tries_left) {
  const auto& request = call.request();
  if (!request.etag().empty()) {
    const auto revision = RevisionOf(request.etag());
    if (!revision.ok()) return call.Fail(revision.status());
    if (*revision != info.settings.revision) {
      return call.Fail(Refuse(v1::ETAG_MISMATCH, "the office has been changed since"));
    }
  }
  auto settings = Updated(info.settings, request.office(), request.update_mask());
  if (!settings.ok()) return call.Fail(settings.status());
  if (call.validate_only()) {
    info.settings = *std::move(settings);
    return call.Answer(OfficeOf(info, false, plane->node_id));
  }
  plane->admin.SetOfficeSettings(
      info.office_id, *std::move(settings), false,
      OnExecutor<absl::StatusOr<OfficeInfo>>(
          plane, [plane, call, tries_left](const absl::StatusOr<OfficeInfo>& now) {
            if (now.ok()) return call.Answer(OfficeOf(*now, false, plane->node_id));
            const bool again = now.status().code() == absl::StatusCode::kAborted &&
                               call.request().etag().empty() && tries_left > 0;
            if (again) return Update(plane, call, tries_left - 1);
            call.Fail(WithReason(now.status(), v1::OFFICE_NOT_FOUND));
          }));
}

void Update(const PlanePtr& plane, const UpdateCall& call, int tries_left) {
  const std::string& id = call.request().office().office_id();
  if (id.empty()) return call.Fail(RefuseField("office.office_id", "missing"));
  if (id.size() > 256) return call.Fail(RefuseField("office.office_id", "at most 256 bytes"));
  plane->inspect.GetOffices({id},
                            OnExecutor<std::vector<OfficeInfo>>(
                                plane, [plane, call, tries_left](std::vector<OfficeInfo> found) {
                                  OfficeInfo info;
                                  info.office_id = OfficeId{call.request().office().office_id()};
                                  if (!found.empty()) info = std::move(found.front());
                                  Write(plane, call, std::move(info), tries_left);
                                }));
}

void Close(const PlanePtr& plane, const CloseCall& call) {
  const std::string& id = call.request().office_id();
  if (id.empty()) return call.Fail(RefuseField("office_id", "missing"));
  plane->inspect.GetOffices(
      {id}, OnExecutor<std::vector<OfficeInfo>>(plane, [plane, call](
                                                           const std::vector<OfficeInfo>& found) {
        if (found.empty() || found.front().created_ms == 0) {
          return call.Fail(Refuse(v1::OFFICE_NOT_FOUND, "nobody is in it"));
        }
        v1::CloseOfficeResponse response;
        if (call.validate_only()) {
          response.set_members_removed(static_cast<int64_t>(found.front().members.size()));
          return call.Answer(response);
        }
        plane->admin.CloseOffice(
            found.front().office_id, call.request().disconnect(),
            OnExecutor<absl::StatusOr<size_t>>(
                plane, [call](const absl::StatusOr<size_t>& removed) {
                  if (!removed.ok()) {
                    return call.Fail(WithReason(removed.status(), v1::OFFICE_NOT_FOUND));
                  }
                  v1::CloseOfficeResponse done;
                  done.set_members_removed(static_cast<int64_t>(*removed));
                  call.SetDetail(std::to_string(*removed) + " members");
                  call.Answer(done);
                }));
      }));
}

}  // namespace

void OfficeService::AddMethods(MethodTable& table) {
  constexpr int kTries = 3;
  table.AddUnary<v1::ListOfficesRequest, v1::ListOfficesResponse>(
      "smcp.control.v1.OfficeService.ListOffices",
      [plane = plane_](const ListCall& call) { List(plane, call); });
  table.AddUnary<v1::GetOfficeRequest, Office>(
      "smcp.control.v1.OfficeService.GetOffice",
      [plane = plane_](const GetCall& call) { Get(plane, call); });
  table.AddStream<v1::WatchOfficesRequest, v1::OfficeChange>(
      "smcp.control.v1.OfficeService.WatchOffices",
      [plane = plane_](const WatchCall& call) { Watch(plane, call); });
  table.AddUnary<v1::UpdateOfficeRequest, Office>(
      "smcp.control.v1.OfficeService.UpdateOffice",
      [plane = plane_](const UpdateCall& call) { Update(plane, call, kTries); });
  table.AddUnary<v1::CloseOfficeRequest, v1::CloseOfficeResponse>(
      "smcp.control.v1.OfficeService.CloseOffice",
      [plane = plane_](const CloseCall& call) { Close(plane, call); });
}

}  // namespace smcp::control
