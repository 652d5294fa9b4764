#include "gateway/base/rng.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <set>
#include <vector>

namespace smcp {
namespace {

TEST(SystemRandom, GivesNoTwoEqualIdsAcrossManyRefills) {
  SystemRandom random;
  std::set<std::array<uint8_t, 18>> seen;
  for (int i = 0; i < 10'000; ++i) {
    std::array<uint8_t, 18> id{};
    random.Fill(id);
    ASSERT_TRUE(seen.insert(id).second) << "repeated after " << i;
  }
}

TEST(SystemRandom, FillsRequestsLargerThanItsPool) {
  SystemRandom random;
  std::vector<uint8_t> bytes(5000);
  random.Fill(bytes);
  // 20 zeros in a row in 5000 random bytes: less likely than any hardware fault.
  const std::vector<uint8_t> zeros(20);
  EXPECT_EQ(std::search(bytes.begin(), bytes.end(), zeros.begin(), zeros.end()), bytes.end());
}

TEST(SystemRandom, UsesEveryBitOfEveryByte) {
  SystemRandom random;
  std::array<int, 256> counts{};
  std::vector<uint8_t> bytes(256 * 400);
  random.Fill(bytes);
  for (const uint8_t byte : bytes) ++counts[byte];
  // 400 expected, standard deviation 20: ten of them away is a defect, not chance.
  const auto [least, most] = std::minmax_element(counts.begin(), counts.end());
  EXPECT_GT(*least, 200);
  EXPECT_LT(*most, 600);
}

TEST(SystemRandom, TouchesNothingForAnEmptyRequest) {
  SystemRandom random;
  std::array<uint8_t, 4> guard = {1, 2, 3, 4};
  random.Fill(std::span<uint8_t>(guard).first(0));
  EXPECT_EQ(guard, (std::array<uint8_t, 4>{1, 2, 3, 4}));
}

TEST(SeededRandom, RepeatsItselfForOneSeedAndDiffersForAnother) {
  const auto draw = [](uint64_t seed) {
    SeededRandom random(seed);
    std::array<uint8_t, 64> bytes{};
    random.Fill(bytes);
    return bytes;
  };
  EXPECT_EQ(draw(42), draw(42));
  EXPECT_NE(draw(42), draw(44));
}

TEST(SeededRandom, WorksWithSeedZero) {
  SeededRandom random(0);
  EXPECT_NE(random.Next(), random.Next());
}

}  // namespace
}  // namespace smcp
