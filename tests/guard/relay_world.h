// One shard of the gateway without threads, and offices of one Agent and one Computer that call
// through it: everything of the relay but the event loop, fed with fixed bytes.
//
// A call goes in as the masked websocket frame of an Agent and comes out as the frame of a
// Computer, its answer the other way. Frames run through the frame codec, the Engine.IO session,
// the Socket.IO connection, the namespace and the router to the outboxes. Where the bytes travel is
// a Line's: memory (MemoryLines) or sockets (SocketLines). Time is 1 ms per call.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/base/rng.h"
#include "gateway/peer/peer.h"
#include "gateway/smcp/domain.h"
#include "tests/unit/support/fake_clock.h"

namespace smcp::guard {

// The client's end of one connection.
class Line {
 public:
  virtual ~Line() = default;
  // Handled at the latest by the next Lines::Run.
  virtual void Send(std::string_view bytes) = 0;
  // Replaces *bytes by what the gateway has sent since the last time.
  virtual void Receive(std::string* bytes) = 0;
};

class Lines {
 public:
  virtual ~Lines() = default;
  // A new session on a websocket.
  virtual std::unique_ptr<Line> Open(PeerHost& host) = 0;
  virtual Scheduler& scheduler() = 0;
  // Runs what was posted.
  virtual void Run() = 0;
};

// Feeds a peer and keeps what it writes, as a websocket connection does. The instruction counts are
// those of what is called from GuardedReceive.
class MemoryLines final : public Lines {
 public:
  MemoryLines();
  ~MemoryLines() override;
  std::unique_ptr<Line> Open(PeerHost& host) override;
  Scheduler& scheduler() override;
  void Run() override;

 private:
  class Queue;
  std::unique_ptr<Queue> queue_;
};

// Real socket pairs below the shard's real websocket reactor.
class SocketLines final : public Lines {
 public:
  SocketLines();
  ~SocketLines() override;
  std::unique_ptr<Line> Open(PeerHost& host) override;
  Scheduler& scheduler() override;
  void Run() override;

 private:
  struct Loop;
  std::unique_ptr<Loop> loop_;
};

class RelayWorld {
 public:
  // `body_bytes`: about the size of each call's JSON and of each answer's.
  RelayWorld(Lines& lines, size_t offices, size_t body_bytes);
  ~RelayWorld();

  // Makes `count` calls in office after office. False if an answer is not what was sent.
  bool Relay(size_t count);
  // Makes `each` calls in every office at once; all calls arrive together, and all answers.
  bool RelayTogether(size_t each);
  // One more Computer that joins an office of many and then says nothing.
  void OpenIdle();
  SmcpDomain& domain() { return *domain_; }

  static std::string CallBody(size_t bytes);
  static std::string AnswerBody(size_t bytes);

 private:
  struct Office {
    std::unique_ptr<Line> agent;
    std::unique_ptr<Line> computer;
    std::string call_frame;
  };
  std::unique_ptr<Line> Join(std::string_view role, std::string_view name, std::string_view office);
  bool RelayOne(Office& office);
  // Reads the calls that `office` has got and puts their answers into frame_.
  bool AnswerCalls(Office& office, size_t calls);
  bool ReadAnswers(Office& office, size_t calls);

  Lines& lines_;
  SessionLimits limits_;
  test::FakeClock clock_;
  TimerWheel timers_;
  SeededRandom random_{1};
  SessionAdmission admission_{0, 0};
  std::shared_ptr<SmcpDomain> domain_;
  PeerHost host_;
  std::vector<Office> offices_;
  std::vector<std::unique_ptr<Line>> idle_;
  std::string answer_body_;
  size_t next_office_ = 0;
  // Scratch, so that the harness allocates nothing either.
  std::string received_;
  std::string text_;
  std::string frame_;
};

// A client's text frame. Masked with zeros: the gateway unmasks as always, and the bytes are to be
// read in a failing test.
void AppendClientFrame(std::string* out, std::string_view text);
// Takes the first frame of a server off `bytes`; its text, empty if there is none.
std::string_view TakeServerFrame(std::string_view* bytes);

}  // namespace smcp::guard
