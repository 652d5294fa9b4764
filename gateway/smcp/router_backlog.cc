// What happens when an Agent asks for more than it reads: its Computers are not read either, so
// that their answers wait where they come from and not in this process (SMCP-PROTOCOL.md 2.6: fifty
// chunks of a blob may be asked for at once, and each may fill a message). An office has one Agent,
// so nobody else waits with it. What had been read before the Computer's shard heard of it waits
// here, and goes out before anything that is read later.
#include <algorithm>
#include <utility>

#include "gateway/smcp/router.h"

namespace smcp {
namespace {

// An Agent that has not read a byte for so long is not waited for any more: what comes then meets
// the limit of its outbox, which ends its session.
constexpr int64_t kStalledMs = 10'000;

}  // namespace

void Router::HoldBack(Member& agent, MemberRef computer) {
  if (agent.held_back == nullptr) {
    const size_t backlog = agent.egress->Backlog();
    if (backlog == 0) return;
    agent.held_back = std::make_unique<HeldBack>();
    agent.held_back->backlog = backlog;
    agent.held_back->progress_ms = clock_.NowMs();
    WatchBacklog(agent);
  }
  HeldBack& held = *agent.held_back;
  const auto known = std::find(held.computers.begin(), held.computers.end(), computer);
  if (held.given_up || known != held.computers.end()) return;
  held.computers.push_back(computer);
  if (computer.shard == links_.shard()) return HoldReading(computer);
  links_.Post(computer.shard, [computer](Router& router) { router.HoldReading(computer); });
}

void Router::WatchBacklog(Member& agent) {
  const uint64_t token = (static_cast<uint64_t>(agent.ref.slot) << 32) | kBacklogToken;
  agent.held_back->timer = timers_.Arm(clock_.NowMs() + TimerWheel::kTickMs, this, token);
}

void Router::OnBacklogTimer(Member& agent) {
  HeldBack& held = *agent.held_back;
  held.timer = 0;
  SendLateAnswers(agent, false);
  const size_t backlog = agent.egress->Backlog();
  if (backlog == 0) {
    LetGo(agent);
    agent.held_back.reset();
    return;
  }
  const int64_t now_ms = clock_.NowMs();
  if (backlog < held.backlog) held.progress_ms = now_ms;
  held.backlog = backlog;
  if (!held.given_up && now_ms - held.progress_ms >= kStalledMs) {
    held.given_up = true;
    LetGo(agent);
    SendLateAnswers(agent, true);
  }
  WatchBacklog(agent);
}

void Router::SendLateAnswers(Member& agent, bool all) {
  std::deque<LateAnswer>& answers = agent.held_back->answers;
  while (!answers.empty() && (all || agent.egress->Backlog() == 0)) {
    const LateAnswer answer = std::move(answers.front());
    answers.pop_front();
    const Answer view{answer.payload, answer.attachments, answer.answered_us, answer.is_error};
    Finish(answer.origin, Refusal::kNone, &view);
    agent.egress->SendAck(answer.origin.ack_id.view(), answer.payload, answer.attachments);
  }
}

void Router::LetGo(Member& agent) {
  for (const MemberRef computer : std::exchange(agent.held_back->computers, {})) {
    // Posted even here: what a connection reads next must not run in the middle of this.
    links_.Post(computer.shard, [computer](Router& router) { router.ResumeHeld(computer); });
  }
}

void Router::HoldReading(MemberRef ref) {
  Member* computer = members_.Find(ref);
  if (computer == nullptr) return;
  ++computer->holds;
  computer->egress->PauseReading();
}

void Router::ResumeHeld(MemberRef ref) {
  Member* computer = members_.Find(ref);
  if (computer == nullptr || computer->holds == 0) return;
  --computer->holds;
  computer->egress->ResumeReading();
}

void Router::ForgetBacklog(Member& member) {
  if (member.held_back != nullptr) {
    timers_.Cancel(member.held_back->timer);
    LetGo(member);
    member.held_back.reset();
  }
  // Its session may live on without it, and then goes on being read.
  for (; member.holds != 0; --member.holds) member.egress->ResumeReading();
  if (std::exchange(member.reading_paused, false)) member.egress->ResumeReading();
}

}  // namespace smcp
