// What administrators do, brought to the shard that does it.
#include <utility>

#include "gateway/smcp/control_door.h"

namespace smcp {
namespace {

absl::Status NoSuchSession() { return absl::NotFoundError("no such session"); }

}  // namespace

void ControlDoor::Disconnect(std::string sid, bool terminal,
                             Done<absl::StatusOr<SessionInfo>> done) {
  Reply<absl::StatusOr<SessionInfo>> reply(std::move(done));
  WithSession(
      std::move(sid),
      [terminal](Router& router, const Found& found) { router.EndSession(found.ref, terminal); },
      [reply = std::move(reply)](std::optional<Found> found) mutable {
        if (!found) return reply(NoSuchSession());
        reply(std::move(found->info));
      });
}

void ControlDoor::RemoveFromOffice(std::string sid, Done<absl::StatusOr<SessionInfo>> done) {
  Reply<absl::StatusOr<SessionInfo>> reply(std::move(done));
  WithSession(
      std::move(sid), nullptr,
      [this, reply = std::move(reply)](std::optional<Found> found) mutable {
        if (!found) return reply(NoSuchSession());
        const OfficeId office = found->office;
        if (office.value.empty()) {
          return reply(absl::FailedPreconditionError("the session is in no office"));
        }
        AtHome(office, [found = *std::move(found),
                        reply = std::move(reply)](Router& router) mutable {
          const MemberRef ref = found.ref;
          const OfficeId from = found.office;
          router.home().Evict(
              from, ref,
              [info = std::move(found.info), reply = std::move(reply)](bool was_there) mutable {
                if (was_there) return reply(std::move(info));
                reply(absl::FailedPreconditionError("the session has left the office meanwhile"));
              });
        });
      });
}

void ControlDoor::SetOfficeSettings(OfficeId office, OfficeSettings settings, bool any_revision,
                                    Done<absl::StatusOr<OfficeInfo>> done) {
  Reply<absl::StatusOr<OfficeInfo>> reply(std::move(done));
  if (const absl::Status status = CheckSettings(settings); !status.ok()) return reply(status);
  const OfficeId id = office;
  auto answer = [this, reply = std::move(reply)](absl::StatusOr<Home::Row> row) mutable {
    if (!row.ok()) return reply(row.status());
    std::vector<Home::Row> rows;
    rows.push_back(*std::move(row));
    CountCalls(std::move(rows),
               [reply = std::move(reply)](std::vector<OfficeInfo> offices) mutable {
                 reply(std::move(offices.front()));
               });
  };
  AtHome(id,
         [office = std::move(office), settings = std::move(settings), any_revision,
          answer = Reply<absl::StatusOr<Home::Row>>(std::move(answer))](Router& router) mutable {
           router.home().SetSettings(std::move(office), std::move(settings), any_revision,
                                     std::move(answer));
         });
}

void ControlDoor::CloseOffice(OfficeId office, bool disconnect, Done<absl::StatusOr<size_t>> done) {
  const OfficeId id = office;
  AtHome(id, [office = std::move(office), disconnect,
              reply = Reply<absl::StatusOr<size_t>>(std::move(done))](Router& router) mutable {
    router.home().CloseOffice(std::move(office), disconnect, std::move(reply));
  });
}

void ControlDoor::CancelCall(CallKey key, std::string by,
                             Done<absl::StatusOr<CallInfoRecord>> done) {
  const OfficeId office{key.office_id};
  AtHome(office,
         [this, key = std::move(key), by = std::move(by),
          reply = Reply<absl::StatusOr<CallInfoRecord>>(std::move(done))](Router& router) mutable {
           absl::StatusOr<CallInfoRecord> invoked = router.CancelInvoked(key, by);
           const std::vector<MemberRef> agents =
               router.home().FindSeats(OfficeId{key.office_id}, Role::kAgent, key.agent_name);
           if (invoked.ok() || agents.empty()) return reply(std::move(invoked));
           domain_.Post(agents.front().shard,
                        [agent = agents.front(), key = std::move(key), by = std::move(by),
                         reply = std::move(reply)](Router& there) mutable {
                          reply(there.CancelCall(agent, key, by));
                        });
         });
}

void ControlDoor::Invoke(InvokeRequest request, Done<CallInfoRecord> progress,
                         Done<absl::StatusOr<InvokeAnswer>> done) {
  const OfficeId office = request.office;
  AtHome(office, [request = std::move(request), progress = std::move(progress),
                  reply = Router::Invoked(std::move(done))](Router& router) mutable {
    const absl::StatusOr<Home::CallTarget> target =
        router.home().TargetOf(request.office, request.computer);
    if (!target.ok()) return reply(target.status());
    router.Invoke(*target, request, std::move(progress), std::move(reply));
  });
}

void ControlDoor::Notify(OfficeId office, std::string computer, NoticeKind kind,
                         Done<absl::StatusOr<NoticeResult>> done) {
  const OfficeId id = office;
  AtHome(id,
         [office = std::move(office), computer = std::move(computer), kind,
          reply = Reply<absl::StatusOr<NoticeResult>>(std::move(done))](Router& router) mutable {
           router.home().Notify(std::move(office), std::move(computer), kind, std::move(reply));
         });
}

}  // namespace smcp
