#include "gateway/base/payload.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>

namespace smcp {
namespace {

TEST(Payload, IsEmptyByDefault) { EXPECT_EQ(Payload().view(), ""); }

TEST(Payload, CopiesShareTheBytes) {
  const Payload first(std::string("shared by many readers"));
  const Payload second = first;
  EXPECT_EQ(second.view(), "shared by many readers");
  EXPECT_EQ(first.view().data(), second.view().data());
}

TEST(Payload, OutlivesTheOneItWasCopiedFrom) {
  Payload kept;
  {
    Payload built(std::string(1000, 'x'));
    kept = built;
  }
  EXPECT_EQ(kept.view(), std::string(1000, 'x'));
}

TEST(Payload, KeepsZeroBytes) {
  const std::string bytes("a\0b", 3);
  EXPECT_EQ(Payload(bytes).view(), bytes);
}

}  // namespace
}  // namespace smcp
