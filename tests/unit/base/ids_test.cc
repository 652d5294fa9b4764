#include "gateway/base/ids.h"

#include <gtest/gtest.h>

#include <string>
#include <type_traits>

#include "absl/container/flat_hash_map.h"

namespace smcp {
namespace {

TEST(Ids, AnIdOfOneKindIsNotAnIdOfAnother) {
  static_assert(!std::is_convertible_v<OfficeId, Sid>);
  static_assert(!std::is_convertible_v<std::string, OfficeId>);
  EXPECT_EQ(OfficeId{"a"}, OfficeId{"a"});
  EXPECT_NE(OfficeId{"a"}, OfficeId{"b"});
}

TEST(Ids, WorkAsMapKeys) {
  absl::flat_hash_map<OfficeId, int> offices;
  offices[OfficeId{"a"}] = 1;
  offices[OfficeId{"b"}] = 2;
  EXPECT_EQ(offices.at(OfficeId{"a"}), 1);
  EXPECT_EQ(offices.at(OfficeId{"b"}), 2);
  EXPECT_FALSE(offices.contains(OfficeId{"c"}));
}

TEST(SlotRef, IsNothingUntilItHasAGeneration) {
  EXPECT_FALSE(PeerRef{});
  EXPECT_FALSE((PeerRef{.slot = 7, .generation = 0, .shard = 1}));
  EXPECT_TRUE((PeerRef{.slot = 0, .generation = 1, .shard = 0}));
}

TEST(SlotRef, AReusedSlotIsNotItsFormerOwner) {
  const PeerRef before{.slot = 7, .generation = 1, .shard = 2};
  const PeerRef after{.slot = 7, .generation = 2, .shard = 2};
  EXPECT_NE(before, after);
  absl::flat_hash_map<PeerRef, int> peers{{before, 1}};
  EXPECT_FALSE(peers.contains(after));
  EXPECT_TRUE(peers.contains(before));
}

}  // namespace
}  // namespace smcp
