#include "control/event_feed.h"

#include <algorithm>
#include <utility>

#include "control/convert_time.h"

namespace smcp::control {

void EventFeed::Add(v1::Event event) {
  event.set_seq(++last_);
  ring_.push_back({std::move(event), {}});
  if (ring_.size() > limits_.events) ring_.pop_front();
}

void EventFeed::Clear() {
  ring_.clear();
  ++last_;
}

bool EventFeed::Join(Watch watch, int64_t now_ms) {
  Watcher watcher;
  if (watch.resume) {
    if (*watch.resume > last_ || *watch.resume + 1 < first()) return false;
    watcher.at = *watch.resume;
  } else {
    watcher.at = last_ - std::min<uint64_t>(watch.backlog, ring_.size());
  }
  watcher.next_bookmark_ms = now_ms;
  watcher.watch = std::move(watch);
  watchers_.push_back(std::move(watcher));
  return true;
}

bool EventFeed::Pump(int64_t now_ms, int64_t unix_ms) {
  bool more = false;
  std::erase_if(watchers_, [&](Watcher& watcher) {
    if (watcher.watch.call->finished() || watcher.watch.call->sink().gone()) return true;
    more |= PumpOne(watcher, now_ms, unix_ms);
    return false;
  });
  return more;
}

bool EventFeed::Room(const Watcher& watcher) const {
  const Sink::Backlog ahead = watcher.watch.call->sink().backlog();
  return ahead.messages < limits_.ahead_messages && ahead.bytes < limits_.ahead_bytes;
}

bool EventFeed::PumpOne(Watcher& watcher, int64_t now_ms, int64_t unix_ms) {
  if (!Room(watcher)) return false;
  if (watcher.at + 1 < first()) {
    const uint64_t lost = first() - watcher.at - 1;
    watcher.at = first() - 1;
    SendMark(watcher, v1::Event::LOST, lost, unix_ms);
  }
  for (size_t share = 0; share < kShare; ++share) {
    if (watcher.at == last_) {
      if (now_ms >= watcher.next_bookmark_ms) {
        SendMark(watcher, v1::Event::BOOKMARK, 0, unix_ms);
        watcher.next_bookmark_ms = now_ms + limits_.bookmark_ms;
      }
      return false;
    }
    if (!Room(watcher)) return false;
    Kept& kept = ring_[static_cast<size_t>(++watcher.at - first())];
    if (watcher.watch.match && !watcher.watch.match(kept.event)) continue;
    if (kept.bytes == nullptr) {
      kept.event.set_resume_token(token_(watcher.at));
      kept.bytes = std::make_shared<const std::string>(kept.event.SerializeAsString());
    }
    watcher.watch.call->Send(kept.bytes);
  }
  return true;
}

void EventFeed::SendMark(const Watcher& watcher, v1::Event::Kind kind, uint64_t lost,
                         int64_t unix_ms) {
  v1::Event mark;
  mark.set_seq(watcher.at);
  mark.set_kind(kind);
  mark.set_lost(lost);
  *mark.mutable_time() = TimestampOf(unix_ms);
  mark.set_resume_token(token_(watcher.at));
  watcher.watch.call->Send(std::make_shared<const std::string>(mark.SerializeAsString()));
}

}  // namespace smcp::control
