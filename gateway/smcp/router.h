// The members of one shard: judges their events, carries calls to Computers and answers back, hears
// from the homes what changed.
//
// Calls go straight from the Agent's shard to the Computer's and back, without touching the home:
// the Agent's roster names the Computer, and the Computer's shard checks again that both sit in the
// same life of the same office, because a roster may be one post old and that shard is the last
// place where a call can be stopped before it leaves the office. On one shard the call is handed
// over by a function call, not a post: delivery touches the pending calls and an outbox only, it
// never calls back, so there is nothing to be re-entered, and the body is not copied.
//
// Thread rule: one per shard, called on its shard only; other shards reach it through Links. It
// knows sockets only as sio::Egress, hence runs unchanged on fakes. Source of the rules:
// SMCP-PROTOCOL.md sections 2, 4 and 5.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "gateway/base/clock.h"
#include "gateway/base/timer_wheel.h"
#include "gateway/codec/json_index.h"
#include "gateway/smcp/home.h"
#include "gateway/smcp/links.h"
#include "gateway/smcp/member.h"
#include "gateway/smcp/messages.h"
#include "gateway/smcp/options.h"
#include "gateway/smcp/requests.h"
#include "gateway/socketio/egress.h"
#include "gateway/socketio/event.h"

namespace smcp {

struct CallInfo {
  std::string_view ack_id{};    // of the Agent's event; empty: fire and forget, never finishes
  std::string_view event{};     // at the start only
  std::string_view computer{};  // at the start only
};

// What a router tells the namespace it works for; calls come on the shard, in the middle of a task.
class RouterHost {
 public:
  // An event that had to wait for a join or leave: to be handled as if it came now. Middleware has
  // seen it already.
  virtual void OnReplay(const Member& member, const sio::EventView& event) = 0;
  virtual void OnMemberJoined(const Member& member) = 0;
  // `member.office` may be the next one already.
  virtual void OnMemberLeft(const Member& member, const OfficeId& office) = 0;
  virtual void OnCallBegan(const Member& agent, const CallInfo& call) = 0;
  // kNone: the Computer has answered.
  virtual void OnCallEnded(const Member& agent, const CallInfo& call, Refusal refusal) = 0;

 protected:
  ~RouterHost() = default;
};

struct RouterContext {
  uint16_t shard = 0;
  Scheduler* scheduler = nullptr;
  TimerWheel* timers = nullptr;
  const Clock* clock = nullptr;
  RouterSet* routers = nullptr;
  const SmcpOptions* options = nullptr;
  Backplane* backplane = nullptr;
  RouterHost* host = nullptr;
};

struct NewMember {
  std::string sid{};
  std::string a2c_version{};
  Generation generation = Generation::kG1;
};

// Sizes of everything a router keeps; all zero on an idle gateway without clients.
struct RouterCounts {
  size_t connections = 0;  // sessions of the namespace
  size_t members = 0;      // of them in an office
  size_t offices = 0;      // whose home this shard is
  size_t branches = 0;
  size_t branch_members = 0;
  size_t calls_in_flight = 0;  // waiting for an answer, counted where the Agent is
  size_t calls_pending = 0;    // counted where the Computer is
  size_t parked_events = 0;
  size_t roster_entries = 0;
};

class Router final : private TimerClient {
 public:
  explicit Router(const RouterContext& context);
  ~Router();
  Router(const Router&) = delete;
  Router& operator=(const Router&) = delete;

  // From the namespace.
  MemberRef Add(sio::Egress& egress, NewMember member);
  // An implicit leave (SMCP-PROTOCOL.md 4.4); the egress is not touched afterwards.
  void Remove(MemberRef ref);
  // True if the event is kept for later: its sender waits for a join or leave.
  bool Park(MemberRef ref, const sio::EventView& event);
  // False if the event is none of the protocol's for this member; nothing has happened then.
  bool OnEvent(MemberRef ref, const sio::EventView& event);
  // The answer to an event that nobody knows.
  void OnUnknownEvent(MemberRef ref, const sio::EventView& event);
  void OnAck(MemberRef ref, const sio::AckView& ack);

  // From the homes, as tasks.
  void OnJoinAnswer(const JoinAnswer& answer);
  void OnAnnounced(MemberRef ref);
  void OnRemoved(MemberRef ref, OfficeKey key);
  void OnBulletin(const Bulletin& bulletin);
  void OnListAnswer(MemberRef ref, AckDigits ack_id, std::string_view payload);

  // From now on calls are refused; those in flight go on.
  void BeginDrain() { draining_ = true; }
  // `done` runs on this shard once no call of its Agents waits for an answer.
  void WhenIdle(Task done);

  RouterCounts Count();
  Member* Find(MemberRef ref) { return members_.Find(ref); }
  Home& home() { return home_; }
  const Links& links() const { return links_; }

 private:
  struct Delivery;
  struct CarriedCall;
  // The members of one office that live here, kept up to date by its home only.
  struct Branch {
    std::vector<MemberRef> members;
    MemberRef agent{};
  };

  // router.cc
  const EventRow* RowOf(std::string_view event, Generation generation) const;
  void Log(LogEvent::Kind kind, const Member& member, std::string_view detail) const;
  void Ack(Member& member, std::string_view ack_id, std::string_view payload);
  void BeginWaiting(Member& member, Waiting waiting, std::string_view ack_id);
  void EndWaiting(Member& member);
  void ListRoom(Member& member, const sio::EventView& event);
  void Update(Member& member, const EventRow& row, const sio::EventView& event);
  void Cancel(Member& member, const EventRow& row, const sio::EventView& event);
  void Publish(Member& member, const EventRow& row, std::string_view req_id);

  // router_membership.cc
  void Join(Member& member, const sio::EventView& event);
  Refusal JudgeIdentity(const Member& member, const JoinFields& fields) const;
  void RefuseJoin(Member& member, std::string_view ack_id, Refusal refusal,
                  const JoinFields& fields);
  void Leave(Member& member, const sio::EventView& event);
  void PostLeave(LeaveRequest request);
  void Enter(Member& member, const JoinAnswer& answer);
  void DropFromBranch(OfficeKey key, MemberRef ref);

  // router_calls.cc
  void Call(Member& agent, const EventRow& row, const sio::EventView& event);
  Refusal JudgeCall(const Member& agent, const EventRow& row, const sio::EventView& event,
                    CallFields* fields, MemberRef* computer);
  int64_t DeadlineOf(const EventRow& row, const CallFields& fields) const;
  void Send(const Delivery& delivery);
  void Deliver(const Delivery& delivery);
  void Fail(const CallOrigin& origin, Refusal refusal, std::string_view computer);
  void FailHere(const CallOrigin& origin, Refusal refusal, std::string_view computer);
  void Reply(const CallOrigin& origin, MemberRef computer, std::string_view payload,
             const Attachments& attachments);
  void ReplyHere(const CallOrigin& origin, MemberRef computer, std::string_view payload,
                 const Attachments& attachments);
  // Nullptr if the caller is gone; otherwise its call counts no more.
  Member* Finish(const CallOrigin& origin, Refusal refusal);
  void CallsEnded(uint32_t count);
  void OnTimer(uint64_t token) override;

  // router_backlog.cc
  // The low half of a timer's token; ids of calls have 31 bits.
  static constexpr uint64_t kBacklogToken = 0x80000000;
  // After an answer of `computer` has come for `agent`.
  void HoldBack(Member& agent, MemberRef computer);
  void SendLateAnswers(Member& agent, bool all);
  void WatchBacklog(Member& agent);
  void OnBacklogTimer(Member& agent);
  void LetGo(Member& agent);
  void HoldReading(MemberRef ref);
  void ResumeHeld(MemberRef ref);
  // Undoes all of it for a member that is going.
  void ForgetBacklog(Member& member);

  const SmcpOptions& options_;
  TimerWheel& timers_;
  const Clock& clock_;
  Backplane& backplane_;
  RouterHost& host_;
  RouterSet& routers_;
  Links links_;
  Home home_;
  Members members_;
  absl::flat_hash_map<OfficeKey, Branch> branches_;
  size_t calls_in_flight_ = 0;
  bool draining_ = false;
  std::vector<Task> when_idle_;
  std::string scratch_{};
  json::Index replay_index_;
};

}  // namespace smcp
