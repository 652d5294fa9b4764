// Asks the control door and waits for the answer, on a World.
#pragma once

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "gateway/smcp/admin.h"
#include "gateway/smcp/inspect.h"
#include "tests/unit/smcp/support/world.h"

namespace smcp::test {

// The value that `ask(done)` gives; fails the test unless there is exactly one.
template <class T, class F>
T Ask(World& world, F ask) {
  std::optional<T> answer;
  int times = 0;
  ask([&](T value) {
    ++times;
    answer = std::move(value);
  });
  world.Run();
  EXPECT_EQ(times, 1);
  return times == 0 ? T() : *std::move(answer);
}

template <class T>
using Or = absl::StatusOr<T>;

inline Or<OfficeInfo> Set(World& world, std::string office, OfficeSettings settings,
                          bool any_revision = true) {
  return Ask<Or<OfficeInfo>>(world, [&](auto done) {
    world.domain->admin().SetOfficeSettings(OfficeId{std::move(office)}, std::move(settings),
                                            any_revision, std::move(done));
  });
}

inline void Put(World& world, std::string office, OfficeSettings settings) {
  EXPECT_TRUE(Set(world, std::move(office), std::move(settings)).ok());
}

inline std::vector<CallInfoRecord> Calls(World& world, bool in_flight = true, bool recent = true) {
  return Ask<std::vector<CallInfoRecord>>(world, [&](auto done) {
    world.domain->inspect().ListCalls(in_flight, recent, 1000, std::move(done));
  });
}

inline std::vector<JournalPart> Journal(World& world, std::vector<uint64_t> from = {}) {
  return Ask<std::vector<JournalPart>>(world, [&](auto done) {
    world.domain->inspect().ReadJournal(std::move(from), std::move(done));
  });
}

inline std::vector<SessionInfo> Sessions(World& world, std::vector<std::string> sids) {
  return Ask<std::vector<SessionInfo>>(world, [&](auto done) {
    world.domain->inspect().GetSessions(std::move(sids), std::move(done));
  });
}

inline std::vector<OfficeInfo> Offices(World& world, std::vector<std::string> ids) {
  return Ask<std::vector<OfficeInfo>>(world, [&](auto done) {
    world.domain->inspect().GetOffices(std::move(ids), std::move(done));
  });
}

}  // namespace smcp::test
