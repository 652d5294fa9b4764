#include "gateway/smcp/call_book.h"

#include <algorithm>

#include "gateway/codec/json_text.h"

namespace smcp {
namespace {

// Not in the middle of a character.
std::string_view Cut(std::string_view text) {
  if (text.size() <= CallRecord::kTextBytesMax) return text;
  size_t size = CallRecord::kTextBytesMax;
  while (size > 0 && (static_cast<uint8_t>(text[size]) & 0xc0) == 0x80) --size;
  return text.substr(0, size);
}

std::string Spelled(std::string_view inner) {
  std::string text;
  if (inner.find('\\') == std::string_view::npos || !json::Unescape(inner, &text)) {
    return std::string(inner);
  }
  return text;
}

int64_t Between(int64_t from_us, int64_t to_us) {
  return from_us == 0 || to_us == 0 ? -1 : std::max<int64_t>(to_us - from_us, 0);
}

}  // namespace

std::string_view CallRecord::Get(Text which) const {
  const size_t begin = which == 0 ? 0 : ends[which - 1];
  return std::string_view(text).substr(begin, ends[which] - begin);
}

void CallRecord::SetTexts(const Texts& texts) {
  Texts cut = texts;
  size_t size = 0;
  for (size_t i = 0; i < cut.size(); ++i) {
    if (cut[i].size() > kTextBytesMax) cut[i] = Cut(cut[i]);
    size += cut[i].size();
    ends[i] = static_cast<uint16_t>(size);
  }
  ends[kCancelledBy] = static_cast<uint16_t>(size);
  text.resize(size);
  char* to = text.data();
  for (const std::string_view part : cut) {
    to = std::copy(part.begin(), part.end(), to);
  }
}

bool CallRecord::HasReqId(std::string_view req_id) const {
  const std::string_view own = Get(kReqId);
  if (own.find('\\') == std::string_view::npos) return own == Cut(req_id);
  return Spelled(own) == req_id;
}

CallInfoRecord CallRecord::ToInfo(const Clock& clock) const {
  const auto unix_ms = [&clock](int64_t us) { return us == 0 ? 0 : clock.ToUnixMs(us / 1000); };
  return {.office_id = std::string(Get(kOffice)),
          .agent_name = std::string(Get(kAgent)),
          .req_id = Spelled(Get(kReqId)),
          .computer_name = std::string(Get(kComputer)),
          .tool_name = Spelled(Get(kTool)),
          .event = std::string(Get(kEvent)),
          .state = state,
          .started_ms = unix_ms(started_us),
          .deadline_ms = deadline_ms == 0 ? 0 : clock.ToUnixMs(deadline_ms),
          .ended_ms = unix_ms(ended_us),
          .to_computer_us = Between(started_us, delivered_us),
          .computer_us = Between(delivered_us, answered_us),
          .to_agent_us = Between(answered_us, ended_us),
          .request_bytes = request_bytes,
          .response_bytes = response_bytes,
          .cancel_requested = cancel_requested,
          .cancelled_by = std::string(Get(kCancelledBy))};
}

uint32_t CallBook::Begin(const CallRecord::Texts& texts, uint32_t* first) {
  uint32_t slot;
  if (free_.empty()) {
    slot = static_cast<uint32_t>(records_.size());
    records_.emplace_back();
  } else {
    slot = free_.back();
    free_.pop_back();
  }
  CallRecord& record = records_[slot];
  record.SetTexts(texts);
  record.state = CallState::kSent;
  record.cancel_requested = false;
  record.invoked = false;
  record.in_flight = true;
  record.delivered_us = 0;
  record.answered_us = 0;
  record.ended_us = 0;
  record.response_bytes = 0;
  record.previous = kNone;
  record.next = *first;
  if (*first != kNone) records_[*first].previous = slot;
  *first = slot;
  ++in_flight_;
  return slot;
}

CallRecord& CallBook::End(uint32_t slot, uint32_t* first, CallState state, int64_t now_us) {
  CallRecord& record = records_[slot];
  record.state = state;
  record.in_flight = false;
  record.ended_us = now_us;
  (record.previous == kNone ? *first : records_[record.previous].next) = record.next;
  if (record.next != kNone) records_[record.next].previous = record.previous;
  --in_flight_;
  if (recent_.size() < kRecentMax) {
    recent_.push_back(slot);
    return record;
  }
  free_.push_back(recent_[oldest_]);
  recent_[oldest_] = slot;
  oldest_ = oldest_ + 1 == kRecentMax ? 0 : oldest_ + 1;
  return record;
}

void CallBook::Cancel(uint32_t slot, std::string_view by) {
  CallRecord& record = records_[slot];
  record.cancel_requested = true;
  record.text.resize(record.ends[CallRecord::kEvent]);
  record.text.append(Cut(by));
  record.ends[CallRecord::kCancelledBy] = static_cast<uint16_t>(record.text.size());
}

uint32_t CallBook::Find(uint32_t first, std::string_view req_id) const {
  for (uint32_t slot = first; slot != kNone; slot = records_[slot].next) {
    if (records_[slot].HasReqId(req_id)) return slot;
  }
  return kNone;
}

}  // namespace smcp
