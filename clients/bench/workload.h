// What the workloads share: the loop, the sessions and how they are brought up, progress and
// deadlines. A workload is one object that lives for one run, on one thread.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "clients/bench/options.h"
#include "clients/bench/report.h"
#include "clients/bench/session.h"

namespace smcp_bench {

class Workload : public SessionEvents {
 public:
  // A call, a delivery or an answer that takes longer is lost.
  static constexpr int64_t kLossAfter = 10 * kSecond;

  Workload(const Options& options, SessionSetup* setup);
  virtual ~Workload();

  // False when the run could not even start; result().first_problem says why.
  virtual bool Run() = 0;
  Result& result() { return result_; }
  // Says goodbye on behalf of all who are still there: a polling session that just falls silent is
  // missed by its server only after a heartbeat.
  void Goodbye();

 protected:
  void OnConnected(Session* session) override;
  void OnJoined(Session* session) override;
  virtual void OnOpening(Session*) {}
  void OnEvent(Session*, std::string_view, std::string_view) override {}
  void OnAck(Session*, uint64_t, std::string_view) override {}
  void OnDown(Session* session, bool refused, std::string_view why) override;

  const Options& options() const { return options_; }
  Loop& loop() { return *setup_->loop; }
  // Names are unique in a run and, by the process id, between runs on one server.
  std::string Name(char kind, size_t index) const;
  Session* Add(bool agent, size_t index, size_t office);
  // Connects and joins all that were added. False when one was refused or lost, or time was up.
  bool OpenAll();
  // The same in two steps: all connect, then all join at once; `*began` is when.
  bool OpenThenJoin(int64_t* began);
  void Param(std::string name, double value);
  void Extra(std::string name, double value);
  int64_t deadline() const { return deadline_; }
  // Where connection number `index` comes from; 0 for wherever the kernel likes.
  uint32_t Source(size_t index) const;
  // A line on stderr every few seconds; `text` is asked only then.
  void Progress(int64_t now, const std::function<std::string()>& text);
  // Resident size once the server has come to rest: two equal readings with next to no CPU between
  // them, or after 10 s.
  int64_t SettledRss();

  std::vector<std::unique_ptr<Session>> sessions_;
  size_t joined_ = 0;
  size_t down_ = 0;
  int64_t first_joined_ = 0;

 private:
  bool Connect(const std::function<bool()>& done);

  const Options& options_;
  SessionSetup* setup_;
  Result result_;
  bool leaving_ = false;
  size_t opened_ = 0;
  size_t connected_ = 0;
  size_t opening_ = 0;
  int64_t deadline_;
  int64_t next_progress_;
};

std::unique_ptr<Workload> MakeRelay(const Options& options, SessionSetup* setup);
std::unique_ptr<Workload> MakeIdle(const Options& options, SessionSetup* setup);
std::unique_ptr<Workload> MakeFanout(const Options& options, SessionSetup* setup);
std::unique_ptr<Workload> MakeChurn(const Options& options, SessionSetup* setup);
std::unique_ptr<Workload> MakeConnectStorm(const Options& options, SessionSetup* setup);

}  // namespace smcp_bench
