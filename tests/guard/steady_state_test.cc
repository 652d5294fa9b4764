// What a relayed call costs once everything has grown to its size: no allocation, one copy of each
// body, one receive and one send per connection and wake-up.

#include <gtest/gtest.h>
#include <malloc.h>

#include <string>
#include <vector>

#include "gateway/smcp/journal.h"
#include "tests/guard/counters.h"
#include "tests/guard/relay_world.h"

namespace smcp::guard {
namespace {

constexpr size_t kOffices = 8;
constexpr size_t kWarmUp = 2'000;  // the ring of recent calls has gone round
constexpr size_t kCalls = 10'000;

Counts CountRelay(Lines& lines, size_t body_bytes) {
  RelayWorld world(lines, kOffices, body_bytes);
  EXPECT_TRUE(world.Relay(kWarmUp));
  counts = {};
  EXPECT_TRUE(world.Relay(kCalls));
  return counts;
}

// Bytes that the process has got from malloc and not given back.
size_t HeapBytes() { return mallinfo2().uordblks; }

TEST(SteadyState, TheCountersCount) {
  counts = {};
  std::string large(2 * kCopyCountedMin, 'x');
  counting = true;
  std::string copy;
  copy.append(large);
  counting = false;
  EXPECT_EQ(counts.allocations, 1u);
  EXPECT_EQ(counts.bytes_copied, large.size());
}

TEST(SteadyState, ARelayedCallAllocatesNothing) {
  for (const size_t bytes : {200, 16384}) {
    MemoryLines lines;
    EXPECT_EQ(CountRelay(lines, bytes).allocations, 0u) << bytes;
  }
}

TEST(SteadyState, NorDoesItWhileSomebodyReadsTheJournal) {
  MemoryLines lines;
  RelayWorld world(lines, kOffices, 200);
  world.domain().inspect().ReadJournal({}, [](std::vector<JournalPart>) {});
  lines.Run();
  EXPECT_TRUE(world.Relay(Journal::kEntriesMax));
  counts = {};
  EXPECT_TRUE(world.Relay(kCalls));
  EXPECT_EQ(counts.allocations, 0u);
}

TEST(SteadyState, NorDoesItOverSockets) {
  for (const size_t bytes : {200, 16384}) {
    SocketLines lines;
    EXPECT_EQ(CountRelay(lines, bytes).allocations, 0u) << bytes;
  }
}

TEST(SteadyState, EachBodyIsCopiedOnce) {
  constexpr size_t kBytes = 16384;
  // Into the outbox of the other side: the call and the answer, with a little around each.
  const size_t bodies = RelayWorld::CallBody(kBytes).size() + RelayWorld::AnswerBody(kBytes).size();
  SocketLines lines;
  const size_t copied = CountRelay(lines, kBytes).bytes_copied;
  EXPECT_GE(copied, kCalls * bodies);
  EXPECT_LE(copied, kCalls * (bodies + 100));
}

TEST(SteadyState, OneReceiveAndOneSendPerMessage) {
  SocketLines lines;
  const Counts relay = CountRelay(lines, 200);
  EXPECT_EQ(relay.receives, 2 * kCalls);
  EXPECT_EQ(relay.sends, 2 * kCalls);
  // None for connections: one per wake-up is how Asio waits for the reactor's descriptor.
  EXPECT_LE(relay.epoll_changes, 2 * kCalls);
}

TEST(SteadyState, ManyMessagesLeaveWithOneSend) {
  constexpr size_t kOutstanding = 4;
  SocketLines lines;
  RelayWorld world(lines, kOffices, 200);
  ASSERT_TRUE(world.Relay(kWarmUp));
  ASSERT_TRUE(world.RelayTogether(kOutstanding));
  counts = {};
  ASSERT_TRUE(world.RelayTogether(kOutstanding));
  // One for every connection, not for every message.
  EXPECT_EQ(counts.receives, 2 * kOffices);
  EXPECT_EQ(counts.sends, 2 * kOffices);
  EXPECT_LE(counts.epoll_changes, 2u);
  EXPECT_EQ(counts.allocations, 0u);
}

TEST(SteadyState, AnIdleConnectionIsSmall) {
  constexpr size_t kIdle = 1'000;
  // What a joined session on a websocket may hold on the heap; the goal for resident memory is 2
  // KiB.
  constexpr size_t kHeapBytesMax = 1'900;
  SocketLines lines;
  RelayWorld world(lines, kOffices, 200);
  for (size_t i = 0; i < kIdle; ++i) world.OpenIdle();  // tables have grown
  const size_t before = HeapBytes();
  for (size_t i = 0; i < kIdle; ++i) world.OpenIdle();
  const size_t each = (HeapBytes() - before) / kIdle;
  RecordProperty("bytes_per_idle_connection", static_cast<int>(each));
  EXPECT_LE(each, kHeapBytesMax);
}

}  // namespace
}  // namespace smcp::guard
