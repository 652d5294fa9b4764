// Calls and their answers (SMCP-PROTOCOL.md 4.5, 5.1). Exactly one answer per call: whoever takes
// the entry out of the Computer's pending calls gives it.
#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "gateway/codec/json_text.h"
#include "gateway/smcp/office_policy.h"
#include "gateway/smcp/router.h"
#include "gateway/smcp/wire_error.h"

namespace smcp {
namespace {

size_t BytesOf(std::string_view payload, const Attachments& attachments) {
  size_t bytes = payload.size();
  for (const std::string& attachment : attachments) bytes += attachment.size();
  return bytes;
}

}  // namespace

// A Delivery carried to another shard: the one copy of the body.
struct Router::CarriedCall {
  MemberRef computer;
  OfficeKey office_key;
  std::string name;
  CallOrigin origin;
  int64_t deadline_ms;
  std::string payload;
  Attachments attachments;
};

Refusal Router::JudgeCall(const Member& agent, const EventRow& row, const sio::EventView& event,
                          Judgement* judged) {
  CallFields& fields = judged->fields;
  if (!ReadCall(event, row.tool_call, options_.name_bytes_max, &scratch_, &fields)) {
    return Refusal::kBadRequest;
  }
  if (!agent.in_office()) return Refusal::kNotInOffice;
  if (agent.role != row.sender) return Refusal::kNotAgent;
  // The roster holds the Computers of this office and nothing else, so another office's Computer,
  // an Agent and a name nobody has are one case.
  judged->computer = agent.roster->Find(fields.computer);
  if (!judged->computer) return Refusal::kComputerNotFound;
  if (const CallPolicy* policy = agent.roster->policy()) {
    const Refusal refusal = JudgePolicy(agent, *policy, row, judged);
    if (refusal != Refusal::kNone) return refusal;
  }
  if (draining_) return Refusal::kShuttingDown;
  if (!event.ack_id.empty() && options_.calls_in_flight_max != 0 &&
      agent.calls_in_flight >= options_.calls_in_flight_max) {
    return Refusal::kTooManyPending;
  }
  return Refusal::kNone;
}

Refusal Router::JudgePolicy(const Member& agent, const CallPolicy& policy, const EventRow& row,
                            Judgement* judged) const {
  if (row.tool_call && !policy.tool_rules.empty()) {
    std::string_view tool = judged->fields.tool;
    std::string text;
    if (tool.find('\\') != std::string_view::npos && json::Unescape(tool, &text)) tool = text;
    judged->rule = policy.Denying(judged->fields.computer, tool);
    if (judged->rule != nullptr) return Refusal::kDenied;
  }
  const uint32_t max = policy.calls_in_flight_max;
  return max != 0 && agent.calls_in_flight >= max ? Refusal::kTooManyPending : Refusal::kNone;
}

int64_t Router::DeadlineOf(int64_t timeout_ms, const CallPolicy* policy, int64_t now_us) const {
  int64_t max_ms = options_.call_timeout_max.count();
  if (policy != nullptr && policy->timeout_max_ms != 0) {
    max_ms = std::min(max_ms, policy->timeout_max_ms);
  }
  // Rounded up: what is left of the millisecond belongs to the call.
  return (now_us + 999) / 1000 + std::min(timeout_ms, max_ms);
}

void Router::Call(Member& agent, const EventRow& row, const sio::EventView& event) {
  Judgement judged;
  const Refusal refusal = JudgeCall(agent, row, event, &judged);
  const int64_t now_us = event.at_us != 0 ? event.at_us : clock_.NowUs();
  if (refusal != Refusal::kNone) return RefuseCall(agent, row, event, refusal, judged, now_us);
  const CallFields& fields = judged.fields;
  CallOrigin origin{agent.ref, AckDigits(event.ack_id), row.tool_call};
  int64_t timeout_ms = options_.call_timeout.count();
  if (row.tool_call) {
    // Bounded before it is multiplied: the payload may ask for centuries.
    const int64_t seconds = std::min(fields.timeout_s, options_.call_timeout_max.count());
    timeout_ms = seconds * 1000 + options_.call_timeout_slack.count();
  }
  const int64_t deadline_ms = DeadlineOf(timeout_ms, agent.roster->policy(), now_us);
  if (!event.ack_id.empty()) {
    ++agent.calls_in_flight;
    ++calls_in_flight_;
    origin.call = BeginRecord(agent, event, judged, now_us);
    calls_.At(origin.call).deadline_ms = deadline_ms;
    journal_.WriteCall(Change::Kind::kCallBegan, calls_.At(origin.call));
  }
  host_.OnCallBegan(agent, {event.ack_id, event.name, fields.computer});
  Send({judged.computer, agent.office_key, fields.computer, origin, deadline_ms, event.payload,
        event.attachments});
}

void Router::RefuseCall(Member& agent, const EventRow& row, const sio::EventView& event,
                        Refusal refusal, const Judgement& judged, int64_t now_us) {
  if (refusal == Refusal::kNotAgent) Log(LogEvent::Kind::kRefused, agent, event.name);
  if (refusal == Refusal::kDenied || refusal == Refusal::kComputerNotFound) {
    const uint32_t call = BeginRecord(agent, event, judged, now_us);
    journal_.WriteCall(Change::Kind::kCallBegan, calls_.At(call));
    EndRecord({.agent = agent.ref, .call = call}, &agent.first_call, refusal, nullptr);
  }
  if (event.ack_id.empty()) return;
  const RefusalFacts facts{.computer = judged.fields.computer,
                           .rule = judged.rule == nullptr ? std::string_view() : judged.rule->id};
  Ack(agent, event.ack_id, CallRefusal(refusal, agent.generation, row.tool_call, facts));
}

uint32_t Router::BeginRecord(Member& agent, const sio::EventView& event, const Judgement& judged,
                             int64_t now_us) {
  const CallFields& fields = judged.fields;
  const uint32_t call = calls_.Begin({agent.office.value, agent.name.view(), fields.req_id,
                                      fields.computer, fields.tool, event.name},
                                     &agent.first_call);
  CallRecord& record = calls_.At(call);
  record.computer = judged.computer;
  record.started_us = now_us;
  record.deadline_ms = 0;
  record.request_bytes = BytesOf(event.payload, event.attachments);
  return call;
}

void Router::EndRecord(const CallOrigin& origin, uint32_t* first, Refusal refusal,
                       const Answer* answer) {
  CallRecord& record = calls_.At(origin.call);
  record.delivered_us = origin.delivered_us;
  CallState state = CallState::kUndelivered;
  if (answer != nullptr) {
    record.answered_us = answer->answered_us;
    record.response_bytes = BytesOf(answer->payload, answer->attachments);
    state = answer->is_error ? CallState::kToolError : CallState::kDone;
    if (record.cancel_requested) state = CallState::kCancelled;
  } else if (refusal == Refusal::kTimedOut) {
    state = CallState::kTimeout;
  } else if (refusal == Refusal::kDenied) {
    state = CallState::kDenied;
  } else if (origin.delivered_us != 0) {
    state = CallState::kPeerLost;
  }
  calls_.End(origin.call, first, state, clock_.NowUs());
  journal_.WriteCall(Change::Kind::kCallEnded, record);
}

void Router::Send(const Delivery& delivery) {
  if (delivery.computer.shard == links_.shard()) return Deliver(delivery);
  links_.Post(
      delivery.computer.shard,
      [call = CarriedCall{delivery.computer, delivery.office_key, std::string(delivery.name),
                          delivery.origin, delivery.deadline_ms, std::string(delivery.payload),
                          delivery.attachments}](Router& router) {
        router.Deliver({call.computer, call.office_key, call.name, call.origin, call.deadline_ms,
                        call.payload, call.attachments});
      });
}

void Router::Deliver(const Delivery& delivery) {
  Member* computer = members_.Find(delivery.computer);
  // Checked again although the sender's roster said yes: it may be one post old, and this is the
  // last place where a call can be stopped before it leaves the office.
  if (computer == nullptr || computer->office_key != delivery.office_key ||
      computer->name.view() != delivery.name) {
    return Fail(delivery.origin, Refusal::kComputerNotFound, delivery.name);
  }
  std::array<char, 16> digits;
  std::string_view ack_text;
  uint32_t ack_id = 0;
  const bool answered = !delivery.origin.ack_id.empty();
  if (answered) {
    if (computer->pending == nullptr) computer->pending = std::make_unique<PendingCalls>();
    // Ids wrap around below 2^31; a call may still be waiting when they do.
    do {
      ack_id = computer->egress->NextAckId();
    } while (computer->pending->Has(ack_id));
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), ack_id).ptr;
    ack_text = {digits.data(), static_cast<size_t>(end - digits.data())};
  }
  const sio::SendResult sent =
      computer->egress->SendEvent(ack_text, delivery.payload, delivery.attachments, true);
  if (sent == sio::SendResult::kSlow) {
    return Fail(delivery.origin, Refusal::kComputerNotReading, delivery.name);
  }
  if (sent == sio::SendResult::kClosed) {
    return Fail(delivery.origin, Refusal::kComputerNotFound, delivery.name);
  }
  if (!answered) return;
  CallOrigin origin = delivery.origin;
  origin.delivered_us = clock_.NowUs();
  const uint64_t token = (static_cast<uint64_t>(computer->ref.slot) << 32) | ack_id;
  // The wheel fires within the tick of a deadline, so up to a tick early; an answer that comes in
  // the last of its time still counts, so a call gets the whole tick.
  const int64_t fire_ms = delivery.deadline_ms + TimerWheel::kTickMs - 1;
  computer->pending->Add(ack_id, {origin, computer->name, timers_.Arm(fire_ms, this, token)});
  OnDelivered(origin);
}

void Router::OnDelivered(const CallOrigin& origin) {
  const uint16_t shard = origin.agent.shard;
  // A call of another shard's Agent tells it with the answer.
  if (origin.agent && shard != links_.shard()) return;
  if (origin.agent) {
    calls_.At(origin.call).delivered_us = origin.delivered_us;
    return;
  }
  // Behind the call that is on the stack here, if it is of this shard.
  links_.Post(shard, [call = origin.call, delivered_us = origin.delivered_us](Router& router) {
    router.OnInvokeDelivered(call, delivered_us);
  });
}

void Router::OnAck(MemberRef ref, const sio::AckView& ack) {
  Member* computer = members_.Find(ref);
  if (computer == nullptr || computer->pending == nullptr) return;
  const std::optional<PendingCalls::Entry> entry = computer->pending->Take(ack.id);
  if (!entry) return;  // late, repeated or invented
  timers_.Cancel(entry->timer);
  PassAnswer(entry->origin, ref,
             {ack.payload, ack.attachments, ack.at_us != 0 ? ack.at_us : clock_.NowUs(),
              entry->origin.tool_call && SaysIsError(ack)});
}

void Router::OnTimer(uint64_t token) {
  Member* computer = members_.FindSlot(static_cast<uint32_t>(token >> 32));
  if (computer != nullptr && (token & kBacklogToken) != 0) return OnBacklogTimer(*computer);
  if (computer == nullptr || computer->pending == nullptr) return;
  const auto entry = computer->pending->Take(static_cast<uint32_t>(token));
  if (entry) Fail(entry->origin, Refusal::kTimedOut, entry->computer.view());
}

void Router::PassAnswer(const CallOrigin& origin, MemberRef computer, const Answer& answer) {
  const uint16_t shard = origin.agent.shard;
  if (shard == links_.shard()) return AnswerHere(origin, computer, answer);
  links_.Post(shard, [origin, computer, payload = std::string(answer.payload),
                      attachments = answer.attachments, answered_us = answer.answered_us,
                      is_error = answer.is_error](Router& router) {
    router.AnswerHere(origin, computer, {payload, attachments, answered_us, is_error});
  });
}

void Router::AnswerHere(const CallOrigin& origin, MemberRef computer, const Answer& answer) {
  if (!origin.agent) return EndInvoke(origin, Refusal::kNone, &answer);
  Member* agent = members_.Find(origin.agent);
  if (agent == nullptr) return;
  if (agent->held_back != nullptr && !agent->held_back->given_up) {
    agent->held_back->answers.push_back({origin, std::string(answer.payload), answer.attachments,
                                         answer.answered_us, answer.is_error});
  } else {
    Finish(origin, Refusal::kNone, &answer);
    agent->egress->SendAck(origin.ack_id.view(), answer.payload, answer.attachments);
  }
  HoldBack(*agent, computer);
}

void Router::Fail(const CallOrigin& origin, Refusal refusal, std::string_view computer) {
  if (origin.ack_id.empty()) return;
  const uint16_t shard = origin.agent.shard;
  if (shard == links_.shard()) return FailHere(origin, refusal, computer);
  links_.Post(shard, [origin, refusal, computer = std::string(computer)](Router& router) {
    router.FailHere(origin, refusal, computer);
  });
}

void Router::FailHere(const CallOrigin& origin, Refusal refusal, std::string_view computer) {
  if (!origin.agent) return EndInvoke(origin, refusal, nullptr);
  Member* agent = Finish(origin, refusal, nullptr);
  if (agent == nullptr) return;
  Ack(*agent, origin.ack_id.view(),
      CallRefusal(refusal, agent->generation, origin.tool_call, {.computer = computer}));
}

Member* Router::Finish(const CallOrigin& origin, Refusal refusal, const Answer* answer) {
  Member* agent = members_.Find(origin.agent);
  if (agent == nullptr) return nullptr;
  --agent->calls_in_flight;
  EndRecord(origin, &agent->first_call, refusal, answer);
  host_.OnCallEnded(*agent, {origin.ack_id.view(), {}, {}}, refusal);
  CallsEnded(1);
  return agent;
}

void Router::CallsEnded(uint32_t count) {
  calls_in_flight_ -= count;
  if (calls_in_flight_ != 0 || when_idle_.empty()) return;
  for (Task& done : std::exchange(when_idle_, {})) std::move(done)();
}

}  // namespace smcp
