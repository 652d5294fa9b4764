// What happens in the gateway, for those who watch: one reader of the journals for all of them.
//
// While somebody watches (and for a while after), the journals are read every poll_ms. What they
// tell becomes events, and names the rows that have to be looked at again: those are fetched once
// per round, for all watchers together. A feed's rows are read as a whole when its first watcher
// comes, and again if a journal has lost something.
//
// Order of things: the journals are read before the whole is, so what happens in between is looked
// at again and nothing is missed. Thread rule: Watch*, Publish and watchers() from any thread;
// everything else runs on the executor. The gateway's answers may come at any time, also after the
// hub has gone. Units: ms.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "control/event_feed.h"
#include "control/executor.h"
#include "control/feed.h"
#include "control/tokens.h"
#include "gateway/smcp/inspect.h"

namespace smcp::control {

// What a watcher of rows asks for. `binding` is what its tokens are good for: method and filter.
template <class Row>
struct WatchRequest {
  std::shared_ptr<Call> call{};
  std::function<bool(const Row&)> match{};
  std::string binding{};
  std::string resume_token{};
  bool omit_initial = false;
};

class Hub : public std::enable_shared_from_this<Hub> {
 public:
  Hub(GatewayInspect& inspect, std::shared_ptr<Executor> executor, HubLimits limits,
      std::string node_id);

  // The call is finished by the hub if it cannot be served, and kept until its reader goes.
  void WatchSessions(WatchRequest<SessionInfo> request);
  void WatchOffices(WatchRequest<OfficeInfo> request);
  void WatchCalls(WatchRequest<CallInfoRecord> request);
  void WatchEvents(std::shared_ptr<Call> call, EventFeed::Match match, std::string resume_token,
                   uint64_t backlog);
  void Publish(v1::Event event);
  // Lets go of every watcher. A call holds its method, and that this hub: nobody else would. Only
  // when the executor has stopped.
  void Abandon();
  size_t watchers() const { return watchers_.load(std::memory_order_relaxed); }

 private:
  enum class Phase : uint8_t { kAsleep, kWanted, kReading, kLive };
  struct Dirty {
    std::string cause{};
    int64_t unix_ms = 0;
  };
  // A feed and what the hub has to know to keep it.
  template <class Row>
  struct Kept {
    Kept(FeedForm<Row> form, const HubLimits& limits) : feed(std::move(form), limits) {}
    Feed<Row> feed;
    Phase phase = Phase::kAsleep;
    bool stale = false;  // has to be read as a whole again
    bool fetching = false;
    uint64_t epoch = 0;   // readings of the whole: what was fetched before one is old
    std::string cause{};  // of the next Begin
    int64_t read_ms = INT64_MIN / 2;
    std::map<std::string, Row> reading{};
    std::map<std::string, Dirty> dirty{};
  };

  template <class Row>
  void Join(Kept<Row>& kept, WatchRequest<Row> request);
  template <class Row>
  bool Admit(const std::shared_ptr<Call>& call, const std::string& resume_token);
  void StartEvents();
  void TakeBacklog(std::vector<JournalPart> parts);
  void RunJoins();
  void JoinEvents(EventFeed::Watch watch, const std::string& resume_token);
  void Listen(const std::shared_ptr<Call>& call);

  void WakeUp();
  void Poll();
  void Take(std::vector<JournalPart> parts);
  void Note(const smcp::Change& change);
  void NoteCall(const smcp::Change& change);
  void AddEvent(const smcp::Change& change);
  void StopEventsIfIdle();
  void MarkStale(bool only_calls);

  template <class Row>
  bool WantsReading(Kept<Row>& kept);
  template <class Row>
  void Began(Kept<Row>& kept);
  template <class Row>
  void SleepIfIdle(Kept<Row>& kept);
  void ReadSessions(std::optional<SessionCursor> after);
  void ReadOffices(const std::string& after);
  void ReadCalls();
  void FetchSessions();
  void FetchOffices();

  void SchedulePump();
  void Pump();
  void CountWatchers();
  // Runs `then` with an answer of the gateway, on the executor, if the hub is still there.
  template <class T, class F>
  GatewayInspect::Done<T> Here(F then);

  GatewayInspect& inspect_;
  const std::shared_ptr<Executor> executor_;
  const HubLimits limits_;
  const Tokens tokens_;
  EventFeed events_;
  Kept<SessionInfo> sessions_;
  Kept<OfficeInfo> offices_;
  Kept<CallInfoRecord> calls_;
  std::vector<smcp::Change> early_calls_;  // while the calls are being read
  std::vector<uint64_t> journal_;          // where to go on, per shard
  bool awake_ = false;
  bool caught_up_ = false;  // the journals have been read since it woke up
  // Events are made of the journal only while somebody watches them, and a while after: where calls
  // are many they are not free. What the journal still has of the past is the backlog at the start.
  enum class Events : uint8_t { kOff, kStarting, kOn };
  Events events_phase_ = Events::kOff;
  int64_t events_watched_ms_ = 0;
  std::vector<Task> joining_;
  bool polling_ = false;
  int64_t last_watched_ms_ = 0;
  std::atomic<bool> pump_scheduled_{false};
  std::atomic<size_t> watchers_{0};
};

// The key of a call in its feed.
std::string KeyOf(const CallInfoRecord& call);

}  // namespace smcp::control
