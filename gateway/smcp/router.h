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
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "gateway/base/clock.h"
#include "gateway/base/timer_wheel.h"
#include "gateway/codec/json_index.h"
#include "gateway/smcp/call_book.h"
#include "gateway/smcp/home.h"
#include "gateway/smcp/journal.h"
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
  // The member that a sid names on this shard; nothing if there is none.
  virtual MemberRef MemberOf(std::string_view sid) = 0;
  // What the authentication provider has said of it; may be null.
  virtual const std::map<std::string, std::string>* LabelsOf(const Member& member) = 0;

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
  void Remove(MemberRef ref, std::string_view cause = "disconnected");
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
  void OnPolicy(OfficeKey key, const std::shared_ptr<const CallPolicy>& policy);

  // From now on calls are refused; those in flight go on.
  void BeginDrain() { draining_ = true; }
  void EndDrain() { draining_ = false; }
  // Counts from the next event; who is a member stays one. The log stays the same.
  void Reconfigure(const SmcpOptions& options);
  const SmcpOptions& options() const { return options_; }
  // `done` runs on this shard once no call of its Agents waits for an answer.
  void WhenIdle(Task done);

  // For whoever looks in from outside (control_door.h); in router_admin.cc.
  SessionView View(const Member& member);
  Member* FindSid(std::string_view sid) { return members_.Find(host_.MemberOf(sid)); }
  Member* FindSlot(uint32_t slot) { return members_.FindSlot(slot); }
  size_t slots() const { return members_.slots(); }
  size_t connections() const { return members_.size(); }
  const CallBook& calls() const { return calls_; }
  Journal& journal() { return journal_; }
  const Clock& clock() const { return clock_; }
  uint32_t CountInvokes(std::string_view office) const;
  void EndSession(MemberRef ref, bool terminal);
  // The Agent's own; NOT_FOUND or, for a call that is over, FAILED_PRECONDITION.
  absl::StatusOr<CallInfoRecord> CancelCall(MemberRef agent, const CallKey& key,
                                            std::string_view by);
  // One of Invoke's.
  absl::StatusOr<CallInfoRecord> CancelInvoked(const CallKey& key, std::string_view by);
  using Progress = absl::AnyInvocable<void(CallInfoRecord) &&>;
  using Invoked = Reply<absl::StatusOr<InvokeAnswer>>;
  // On the office's home shard.
  void Invoke(const Home::CallTarget& target, const InvokeRequest& request, Progress progress,
              Invoked done);
  void OnInvokeDelivered(uint32_t call, int64_t delivered_us);

  RouterCounts Count();
  Member* Find(MemberRef ref) { return members_.Find(ref); }
  Home& home() { return home_; }
  const Links& links() const { return links_; }

 private:
  // A call on its way to a Computer; views, for the shard that holds the bytes.
  struct Delivery {
    MemberRef computer;
    OfficeKey office_key = 0;
    std::string_view name;  // of the Computer, as called
    CallOrigin origin;
    int64_t deadline_ms = 0;
    std::string_view payload;
    const Attachments& attachments;
  };
  struct CarriedCall;
  // What a Computer has said, or a copy of it.
  struct Answer {
    std::string_view payload;
    const Attachments& attachments;
    int64_t answered_us = 0;
    bool is_error = false;
  };
  struct InvokeState {
    Progress progress;
    Invoked done;
  };
  // The members of one office that live here, kept up to date by its home only.
  struct Branch {
    std::vector<MemberRef> members;
    MemberRef agent{};
  };

  // router.cc
  const EventRow* RowOf(std::string_view event, Generation generation) const;
  void Log(LogEvent::Kind kind, const Member& member, std::string_view detail) const;
  void Note(Change::Kind kind, const Member& member, std::string_view office,
            std::string_view cause);
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
  struct Judgement {
    CallFields fields{};
    MemberRef computer{};
    const ToolRule* rule = nullptr;  // of kDenied
  };
  Refusal JudgeCall(const Member& agent, const EventRow& row, const sio::EventView& event,
                    Judgement* judged);
  Refusal JudgePolicy(const Member& agent, const CallPolicy& policy, const EventRow& row,
                      Judgement* judged) const;
  void RefuseCall(Member& agent, const EventRow& row, const sio::EventView& event, Refusal refusal,
                  const Judgement& judged, int64_t now_us);
  int64_t DeadlineOf(int64_t timeout_ms, const CallPolicy* policy, int64_t now_us) const;
  uint32_t BeginRecord(Member& agent, const sio::EventView& event, const Judgement& judged,
                       int64_t now_us);
  void EndRecord(const CallOrigin& origin, uint32_t* first, Refusal refusal, const Answer* answer);
  bool MarkCancelled(uint32_t first, std::string_view req_id, std::string_view by);
  void OnDelivered(const CallOrigin& origin);
  void EndInvoke(const CallOrigin& origin, Refusal refusal, const Answer* answer);
  void Send(const Delivery& delivery);
  void Deliver(const Delivery& delivery);
  void Fail(const CallOrigin& origin, Refusal refusal, std::string_view computer);
  void FailHere(const CallOrigin& origin, Refusal refusal, std::string_view computer);
  void PassAnswer(const CallOrigin& origin, MemberRef computer, const Answer& answer);
  void AnswerHere(const CallOrigin& origin, MemberRef computer, const Answer& answer);
  // Nullptr if the caller is gone; otherwise its call counts no more. `answer` of kNone only.
  Member* Finish(const CallOrigin& origin, Refusal refusal, const Answer* answer);
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

  SmcpOptions options_;  // this shard's own, so that they can change without a lock
  TimerWheel& timers_;
  const Clock& clock_;
  Backplane& backplane_;
  RouterHost& host_;
  RouterSet& routers_;
  Links links_;
  Home home_;
  Members members_;
  CallBook calls_;
  Journal journal_;
  uint32_t first_invoke_ = CallBook::kNone;
  absl::flat_hash_map<uint32_t, InvokeState> invokes_;  // by record
  absl::flat_hash_map<OfficeKey, Branch> branches_;
  size_t calls_in_flight_ = 0;
  bool draining_ = false;
  std::vector<Task> when_idle_;
  std::string scratch_{};
  json::Index replay_index_;
};

}  // namespace smcp
