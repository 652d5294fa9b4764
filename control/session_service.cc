#include "control/session_service.h"

#include <google/protobuf/util/field_mask_util.h>

#include <charconv>
#include <unordered_set>

#include "control/bulk_disconnect.h"
#include "control/convert.h"
#include "control/order.h"
#include "control/schemas.h"
#include "smcp/control/v1/session_service.pb.h"

namespace smcp::control {
namespace {

using google::protobuf::util::FieldMaskUtil;
using type::v1::Session;
using ListCall = Unary<v1::ListSessionsRequest, v1::ListSessionsResponse>;
using GetCall = Unary<v1::GetSessionRequest, Session>;
using BatchCall = Unary<v1::BatchGetSessionsRequest, v1::BatchGetSessionsResponse>;
using WatchCall = Stream<v1::WatchSessionsRequest, v1::SessionChange>;
using RemoveCall = Unary<v1::RemoveFromOfficeRequest, Session>;
using DisconnectCall = Unary<v1::DisconnectSessionRequest, v1::DisconnectSessionResponse>;

constexpr size_t kStep = 500;
constexpr int kPathsMax = 128;
using Sessions = std::vector<SessionInfo>;

absl::Status NoSession() { return Refuse(v1::SESSION_NOT_FOUND, "no such session"); }

std::string PlaceOf(const SessionCursor& cursor) {
  return std::to_string(cursor.shard) + ":" + std::to_string(cursor.slot);
}

std::optional<SessionCursor> CursorOf(const std::string& place) {
  SessionCursor cursor;
  const char* const end = place.data() + place.size();
  const auto shard = std::from_chars(place.data(), end, cursor.shard);
  if (shard.ec != std::errc() || shard.ptr == end || *shard.ptr != ':') return std::nullopt;
  const auto slot = std::from_chars(shard.ptr + 1, end, cursor.slot);
  if (slot.ec != std::errc() || slot.ptr != end) return std::nullopt;
  return cursor;
}

// A list on its way: by places as the gateway gives them, or sorted here.
struct Listing {
  PlanePtr plane{};
  ListCall call;
  SessionPredicate match{};
  std::string binding{};
  size_t size = 0;
  std::unique_ptr<TopRows<SessionView, SessionInfo>> top{};  // null: by places
  Sessions rows{};
  size_t total = 0;
};

void Answer(const Listing& list, const Sessions& rows, const std::string& next_position) {
  const auto& request = list.call.request();
  v1::ListSessionsResponse response;
  for (const SessionInfo& row : rows) {
    auto* session = response.add_sessions();
    *session = SessionOf(row, list.plane->node_id);
    if (request.read_mask().paths_size() != 0) {
      FieldMaskUtil::TrimMessage(request.read_mask(), session);
    }
  }
  if (!next_position.empty()) {
    response.set_next_page_token(list.plane->tokens.Seal(list.binding, next_position));
  }
  const bool all = request.filter().empty() && request.office_id().empty() &&
                   request.role() == type::v1::ROLE_UNSPECIFIED;
  if (all && !list.call.caller().limited()) {
    response.set_total_size_estimate(static_cast<int64_t>(list.total));
  }
  *response.mutable_coverage() = CoverageOf(list.plane->node_id, list.plane->executor->UnixMs());
  list.call.Answer(response);
}

void NextPage(const std::shared_ptr<Listing>& list, std::optional<SessionCursor> after) {
  const bool sorted = list->top != nullptr;
  const size_t wanted = sorted ? kStep : list->size - list->rows.size();
  list->plane->inspect.PageSessions(
      after, wanted, list->match,
      OnExecutor<SessionPage>(list->plane, [list, sorted](SessionPage page) {
        list->total = page.total;
        for (SessionInfo& session : page.sessions) {
          if (!sorted) {
            list->rows.push_back(std::move(session));
          } else {
            const SessionInfo copy = session;
            list->top->Offer(ViewOf(copy), copy.sid, std::move(session));
          }
        }
        const bool unfilled = sorted || list->rows.size() < list->size;
        if (page.next && unfilled) return NextPage(list, page.next);
        if (!sorted) return Answer(*list, list->rows, page.next ? PlaceOf(*page.next) : "");
        auto top = list->top->Take();
        Answer(*list, top.rows, top.more ? SerializePosition(top.last) : "");
      }));
}

SessionPredicate Visible(const ListCall& call, const Filter<SessionView>& filter, int64_t now_ms) {
  const auto& request = call.request();
  return [filter, now_ms, caller = std::make_shared<const Caller>(call.caller()),
          office = request.office_id(), role = RoleOf(request.role())](const SessionView& session) {
    if (!office.empty() && session.office_id != office) return false;
    if (role != Role::kNone && session.role != role) return false;
    return caller->MaySee(session.office_id) && filter.Matches(session, now_ms);
  };
}

void List(const PlanePtr& plane, const ListCall& call) {
  const auto& request = call.request();
  const auto size = PageSizeOf(request.page_size());
  if (!size.ok()) return call.Fail(size.status());
  const auto filter = Filter<SessionView>::Compile(request.filter(), SessionSchema());
  if (!filter.ok()) return call.Fail(filter.status());
  const auto order = Order<SessionView>::Parse(request.order_by(), SessionSchema());
  if (!order.ok()) return call.Fail(order.status());
  if (request.read_mask().paths_size() > kPathsMax) {
    return call.Fail(RefuseField("read_mask", "more than 128 paths", v1::MASK_INVALID));
  }
  if (!FieldMaskUtil::IsValidFieldMask<Session>(request.read_mask())) {
    return call.Fail(RefuseField("read_mask", "not fields of a session", v1::MASK_INVALID));
  }
  const std::string binding = BindingOf(
      call.call(),
      {request.office_id(), std::to_string(request.role()), request.filter(), request.order_by()});
  const auto position = OpenPage(*plane, binding, request.page_token());
  if (!position.ok()) return call.Fail(position.status());

  auto list = std::make_shared<Listing>(Listing{.plane = plane, .call = call});
  list->match = Visible(call, *filter, plane->executor->UnixMs());
  list->binding = binding;
  list->size = *size;
  if (request.order_by().empty()) return NextPage(list, CursorOf(*position));
  Position after;
  if (!position->empty()) ParsePosition(*position, after);
  list->top = std::make_unique<TopRows<SessionView, SessionInfo>>(
      *order, *size, position->empty() ? nullptr : &after);
  NextPage(list, std::nullopt);
}

// Runs `then` with the session if it is there and the caller may touch it.
template <class CallType, class F>
void WithSession(const PlanePtr& plane, const CallType& call, const std::string& sid, F then) {
  if (sid.empty()) return call.Fail(RefuseField("sid", "missing"));
  plane->inspect.GetSessions(
      {sid}, OnExecutor<Sessions>(plane, [call, then = std::move(then)](const Sessions& found) {
        if (found.empty()) return call.Fail(NoSession());
        const absl::Status allowed = call.MayTouch(found.front().office_id);
        if (!allowed.ok()) return call.Fail(allowed);
        then(found.front());
      }));
}

void Get(const PlanePtr& plane, const GetCall& call) {
  const auto& request = call.request();
  if (!request.has_member()) {
    return WithSession(plane, call, request.sid(), [plane, call](const SessionInfo& session) {
      call.Answer(SessionOf(session, plane->node_id));
    });
  }
  const auto& member = request.member();
  if (member.office_id().empty() || member.name().empty()) {
    return call.Fail(RefuseField("member", "office_id and name are needed"));
  }
  plane->inspect.FindMembers(
      OfficeId{member.office_id()}, RoleOf(member.role()), member.name(),
      OnExecutor<Sessions>(plane, [plane, call](const Sessions& found) {
        if (found.empty()) return call.Fail(NoSession());
        if (found.size() > 1) {
          return call.Fail(RefuseField("member.role", "the name is an Agent's and a Computer's",
                                       v1::NAME_AMBIGUOUS));
        }
        call.Answer(SessionOf(found.front(), plane->node_id));
      }));
}

void BatchGet(const PlanePtr& plane, const BatchCall& call) {
  const auto& wanted = call.request().sids();
  if (wanted.empty() || wanted.size() > kPageMax) {
    return call.Fail(RefuseField("sids", "1 to 1,000"));
  }
  plane->inspect.GetSessions({wanted.begin(), wanted.end()},
                             OnExecutor<Sessions>(plane, [plane, call](Sessions found) {
                               v1::BatchGetSessionsResponse response;
                               std::unordered_set<std::string> there;
                               for (const SessionInfo& session : found) {
                                 if (!call.caller().MaySee(session.office_id)) continue;
                                 *response.add_sessions() = SessionOf(session, plane->node_id);
                                 there.insert(session.sid);
                               }
                               for (const std::string& sid : call.request().sids()) {
                                 if (!there.contains(sid)) response.add_missing(sid);
                               }
                               call.Answer(response);
                             }));
}

void Watch(const PlanePtr& plane, const WatchCall& call) {
  const auto& request = call.request();
  const auto filter = Filter<SessionView>::Compile(request.filter(), SessionSchema());
  if (!filter.ok()) return call.Finish(filter.status());
  WatchRequest<SessionInfo> watch;
  watch.call = call.shared_call();
  watch.binding = BindingOf(call.call(), {request.filter()});
  watch.resume_token = request.resume_token();
  watch.omit_initial = request.omit_initial();
  if (!filter->empty() || call.caller().limited()) {
    watch.match = [filter = *filter, caller = call.caller(),
                   executor = plane->executor](const SessionInfo& session) {
      return caller.MaySee(session.office_id) &&
             filter.Matches(ViewOf(session), executor->UnixMs());
    };
  }
  plane->hub->WatchSessions(std::move(watch));
}

void Remove(const PlanePtr& plane, const RemoveCall& call) {
  WithSession(plane, call, call.request().sid(), [plane, call](const SessionInfo& session) {
    if (session.office_id.empty()) {
      return call.Fail(Refuse(v1::NOT_JOINED, "the session is in no office"));
    }
    call.SetDetail(session.name + " of " + session.office_id);
    if (call.validate_only()) return call.Answer(SessionOf(session, plane->node_id));
    plane->admin.RemoveFromOffice(
        session.sid, OnExecutor<absl::StatusOr<SessionInfo>>(
                         plane, [plane, call](const absl::StatusOr<SessionInfo>& left) {
                           if (left.ok()) return call.Answer(SessionOf(*left, plane->node_id));
                           call.Fail(WithReason(left.status(), v1::SESSION_NOT_FOUND));
                         }));
  });
}

void Disconnect(const PlanePtr& plane, const DisconnectCall& call) {
  WithSession(plane, call, call.request().sid(), [plane, call](const SessionInfo& session) {
    v1::DisconnectSessionResponse response;
    *response.mutable_session() = SessionOf(session, plane->node_id);
    call.SetDetail(session.name + " of " + session.office_id);
    if (call.validate_only()) return call.Answer(response);
    plane->admin.Disconnect(
        session.sid, call.request().terminal(),
        OnExecutor<absl::StatusOr<SessionInfo>>(
            plane, [plane, call](const absl::StatusOr<SessionInfo>& was) {
              if (!was.ok()) {
                return call.Fail(WithReason(was.status(), v1::SESSION_NOT_FOUND));
              }
              v1::DisconnectSessionResponse done;
              *done.mutable_session() = SessionOf(*was, plane->node_id);
              call.Answer(done);
            }));
  });
}

}  // namespace

void SessionService::AddMethods(MethodTable& table) {
  table.AddUnary<v1::ListSessionsRequest, v1::ListSessionsResponse>(
      "smcp.control.v1.SessionService.ListSessions",
      [plane = plane_](const ListCall& call) { List(plane, call); });
  table.AddUnary<v1::GetSessionRequest, Session>(
      "smcp.control.v1.SessionService.GetSession",
      [plane = plane_](const GetCall& call) { Get(plane, call); });
  table.AddUnary<v1::BatchGetSessionsRequest, v1::BatchGetSessionsResponse>(
      "smcp.control.v1.SessionService.BatchGetSessions",
      [plane = plane_](const BatchCall& call) { BatchGet(plane, call); });
  table.AddStream<v1::WatchSessionsRequest, v1::SessionChange>(
      "smcp.control.v1.SessionService.WatchSessions",
      [plane = plane_](const WatchCall& call) { Watch(plane, call); });
  table.AddUnary<v1::RemoveFromOfficeRequest, Session>(
      "smcp.control.v1.SessionService.RemoveFromOffice",
      [plane = plane_](const RemoveCall& call) { Remove(plane, call); });
  table.AddUnary<v1::DisconnectSessionRequest, v1::DisconnectSessionResponse>(
      "smcp.control.v1.SessionService.DisconnectSession",
      [plane = plane_](const DisconnectCall& call) { Disconnect(plane, call); });
  table.AddUnary<v1::DisconnectSessionsRequest, v1::DisconnectSessionsResponse>(
      "smcp.control.v1.SessionService.DisconnectSessions",
      [plane = plane_](const BulkDisconnectCall& call) { DisconnectByFilter(plane, call); });
}

}  // namespace smcp::control
