#include "gateway/base/give_back.h"

#include <gtest/gtest.h>

#include <vector>

#include "absl/container/flat_hash_map.h"

namespace smcp {
namespace {

TEST(GiveBack, TakesTheRoomOfACrowdThatHasGone) {
  absl::flat_hash_map<int, int> map;
  std::vector<int> list;
  for (int i = 0; i < 10'000; ++i) {
    map.emplace(i, i);
    list.push_back(i);
  }
  list.clear();
  while (!map.empty()) map.erase(map.begin());
  GiveBackIfEmpty(map);
  GiveBackIfEmpty(list);
  EXPECT_LE(map.capacity(), kKeptCapacity);
  EXPECT_LE(list.capacity(), kKeptCapacity);
}

TEST(GiveBack, LeavesWhatIsInUseAndWhatIsSmall) {
  std::vector<int> used(10'000);
  GiveBackIfEmpty(used);
  EXPECT_EQ(used.size(), 10'000u);
  std::vector<int> small;
  small.reserve(kKeptCapacity);
  GiveBackIfEmpty(small);
  EXPECT_EQ(small.capacity(), kKeptCapacity);
}

}  // namespace
}  // namespace smcp
