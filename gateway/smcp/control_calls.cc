// Calls and the journal as the control plane sees them.
#include <algorithm>
#include <utility>

#include "gateway/smcp/control_door.h"

namespace smcp {
namespace {

struct ListedCall {
  CallInfoRecord info{};
  // Of a call in flight to another shard's Computer, which knows when it was delivered.
  MemberRef computer{};
  uint16_t shard = 0;  // of the record
  uint32_t call = 0;
  int64_t started_us = 0;
};
struct CallsPart {
  std::vector<ListedCall> in_flight{};
  std::vector<CallInfoRecord> recent{};
};

CallsPart ListHere(Router& router, bool in_flight, bool recent, size_t max) {
  CallsPart part;
  const CallBook& book = router.calls();
  const uint16_t shard = router.links().shard();
  if (in_flight && book.in_flight() != 0) {
    book.ForEachInFlight([&](uint32_t slot, const CallRecord& record) {
      part.in_flight.push_back({record.ToInfo(router.clock()), record.computer, shard, slot,
                                record.delivered_us == 0 ? record.started_us : 0});
      return part.in_flight.size() < max;
    });
  }
  if (recent) {
    book.ForEachRecent([&](const CallRecord& record) {
      part.recent.push_back(record.ToInfo(router.clock()));
      return part.recent.size() < max;
    });
  }
  return part;
}

// When the calls in flight were delivered to Computers of this shard, by place in the list.
using Delivered = std::vector<std::pair<size_t, int64_t>>;
Delivered DeliveredHere(Router& router, const std::vector<ListedCall>& calls) {
  Delivered part;
  for (size_t i = 0; i < calls.size(); ++i) {
    const ListedCall& call = calls[i];
    if (call.started_us == 0 || call.computer.shard != router.links().shard()) continue;
    const Member* computer = router.Find(call.computer);
    if (computer == nullptr || computer->pending == nullptr) continue;
    const int64_t at_us = computer->pending->DeliveredUs(call.shard, call.call);
    if (at_us != 0) part.emplace_back(i, std::max<int64_t>(at_us - call.started_us, 0));
  }
  return part;
}

}  // namespace

void ControlDoor::ListCalls(bool in_flight, bool recent, size_t max,
                            Done<std::vector<CallInfoRecord>> done) {
  Reply<std::vector<CallInfoRecord>> reply(std::move(done));
  auto merge = [this, max, reply = std::move(reply)](std::vector<CallsPart> parts) mutable {
    auto calls = std::make_shared<std::vector<ListedCall>>();
    std::vector<CallInfoRecord> ended;
    for (CallsPart& part : parts) {
      std::move(part.in_flight.begin(), part.in_flight.end(), std::back_inserter(*calls));
      std::move(part.recent.begin(), part.recent.end(), std::back_inserter(ended));
    }
    std::stable_sort(calls->begin(), calls->end(), [](const ListedCall& a, const ListedCall& b) {
      return a.info.started_ms > b.info.started_ms;
    });
    std::stable_sort(
        ended.begin(), ended.end(),
        [](const CallInfoRecord& a, const CallInfoRecord& b) { return a.ended_ms > b.ended_ms; });
    if (calls->size() > max) calls->resize(max);
    Gather<Delivered>([calls](Router& router) { return DeliveredHere(router, *calls); },
                      [calls, max, ended = std::move(ended),
                       reply = std::move(reply)](std::vector<Delivered> delivered) mutable {
                        for (const Delivered& part : delivered) {
                          for (const auto& [i, us] : part) (*calls)[i].info.to_computer_us = us;
                        }
                        std::vector<CallInfoRecord> all;
                        for (ListedCall& call : *calls) all.push_back(std::move(call.info));
                        for (CallInfoRecord& call : ended) {
                          if (all.size() < max) all.push_back(std::move(call));
                        }
                        reply(std::move(all));
                      });
  };
  max = std::max<size_t>(max, 1);
  Gather<CallsPart>(
      [in_flight, recent, max](Router& router) { return ListHere(router, in_flight, recent, max); },
      std::move(merge));
}

void ControlDoor::ReadJournal(std::vector<uint64_t> from, Done<std::vector<JournalPart>> done) {
  Reply<std::vector<JournalPart>> reply(std::move(done));
  domain_.KeepJournal();
  Gather<JournalPart>(
      [from = std::move(from)](Router& router) {
        const uint16_t shard = router.links().shard();
        return router.journal().Read(shard < from.size() ? from[shard] : 0);
      },
      [reply = std::move(reply)](std::vector<JournalPart> parts) mutable {
        reply(std::move(parts));
      });
}

}  // namespace smcp
