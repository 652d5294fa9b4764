// Calls and their answers (SMCP-PROTOCOL.md 4.5, 5.1). Exactly one answer per call: whoever takes
// the entry out of the Computer's pending calls gives it.
#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "gateway/smcp/router.h"
#include "gateway/smcp/wire_error.h"

namespace smcp {

// A call on its way to a Computer; views, for the shard that holds the bytes.
struct Router::Delivery {
  MemberRef computer;
  OfficeKey office_key = 0;
  std::string_view name;  // of the Computer, as called
  CallOrigin origin;
  int64_t deadline_ms = 0;
  std::string_view payload;
  const Attachments& attachments;
};

// The same, carried to another shard: the one copy of the body.
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
                          CallFields* fields, MemberRef* computer) {
  if (!ReadCall(event, row.tool_call, options_.name_bytes_max, &scratch_, fields)) {
    return Refusal::kBadRequest;
  }
  if (!agent.in_office()) return Refusal::kNotInOffice;
  if (agent.role != row.sender) return Refusal::kNotAgent;
  // The roster holds the Computers of this office and nothing else, so another office's Computer,
  // an Agent and a name nobody has are one case.
  *computer = agent.roster->Find(fields->computer);
  if (!*computer) return Refusal::kComputerNotFound;
  if (draining_) return Refusal::kShuttingDown;
  if (!event.ack_id.empty() && options_.calls_in_flight_max != 0 &&
      agent.calls_in_flight >= options_.calls_in_flight_max) {
    return Refusal::kTooManyPending;
  }
  return Refusal::kNone;
}

int64_t Router::DeadlineOf(const EventRow& row, const CallFields& fields) const {
  const int64_t max_ms = options_.call_timeout_max.count();
  int64_t timeout_ms = options_.call_timeout.count();
  if (row.tool_call) {
    // Bounded before it is multiplied: the payload may ask for centuries.
    timeout_ms =
        std::min(fields.timeout_s, max_ms / 1000 + 1) * 1000 + options_.call_timeout_slack.count();
  }
  return clock_.NowMs() + std::min(timeout_ms, max_ms);
}

void Router::Call(Member& agent, const EventRow& row, const sio::EventView& event) {
  CallFields fields;
  MemberRef computer;
  const Refusal refusal = JudgeCall(agent, row, event, &fields, &computer);
  if (refusal != Refusal::kNone) {
    if (refusal == Refusal::kNotAgent) Log(LogEvent::Kind::kRefused, agent, event.name);
    if (event.ack_id.empty()) return;
    return Ack(
        agent, event.ack_id,
        CallRefusal(refusal, agent.generation, row.tool_call, {.computer = fields.computer}));
  }
  if (!event.ack_id.empty()) {
    ++agent.calls_in_flight;
    ++calls_in_flight_;
  }
  host_.OnCallBegan(agent, {event.ack_id, event.name, fields.computer});
  Send({computer,
        agent.office_key,
        fields.computer,
        {agent.ref, AckDigits(event.ack_id), row.tool_call},
        DeadlineOf(row, fields),
        event.payload,
        event.attachments});
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
  const uint64_t token = (static_cast<uint64_t>(computer->ref.slot) << 32) | ack_id;
  // The wheel fires within the tick of a deadline, so up to a tick early; an answer that comes in
  // the last of its time still counts, so a call gets the whole tick.
  const int64_t fire_ms = delivery.deadline_ms + TimerWheel::kTickMs - 1;
  computer->pending->Add(ack_id,
                         {delivery.origin, computer->name, timers_.Arm(fire_ms, this, token)});
}

void Router::OnAck(MemberRef ref, const sio::AckView& ack) {
  Member* computer = members_.Find(ref);
  if (computer == nullptr || computer->pending == nullptr) return;
  const std::optional<PendingCalls::Entry> entry = computer->pending->Take(ack.id);
  if (!entry) return;  // late, repeated or invented
  timers_.Cancel(entry->timer);
  Reply(entry->origin, ref, ack.payload, ack.attachments);
}

void Router::OnTimer(uint64_t token) {
  Member* computer = members_.FindSlot(static_cast<uint32_t>(token >> 32));
  if (computer != nullptr && (token & kBacklogToken) != 0) return OnBacklogTimer(*computer);
  if (computer == nullptr || computer->pending == nullptr) return;
  const auto entry = computer->pending->Take(static_cast<uint32_t>(token));
  if (entry) Fail(entry->origin, Refusal::kTimedOut, entry->computer.view());
}

void Router::Reply(const CallOrigin& origin, MemberRef computer, std::string_view payload,
                   const Attachments& attachments) {
  const uint16_t shard = origin.agent.shard;
  if (shard == links_.shard()) return ReplyHere(origin, computer, payload, attachments);
  links_.Post(shard,
              [origin, computer, payload = std::string(payload), attachments](Router& router) {
                router.ReplyHere(origin, computer, payload, attachments);
              });
}

void Router::ReplyHere(const CallOrigin& origin, MemberRef computer, std::string_view payload,
                       const Attachments& attachments) {
  Member* agent = members_.Find(origin.agent);
  if (agent == nullptr) return;
  if (agent->held_back != nullptr && !agent->held_back->given_up) {
    agent->held_back->answers.push_back({origin, std::string(payload), attachments});
  } else {
    Finish(origin, Refusal::kNone);
    agent->egress->SendAck(origin.ack_id.view(), payload, attachments);
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
  Member* agent = Finish(origin, refusal);
  if (agent == nullptr) return;
  Ack(*agent, origin.ack_id.view(),
      CallRefusal(refusal, agent->generation, origin.tool_call, {.computer = computer}));
}

Member* Router::Finish(const CallOrigin& origin, Refusal refusal) {
  Member* agent = members_.Find(origin.agent);
  if (agent == nullptr) return nullptr;
  --agent->calls_in_flight;
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
