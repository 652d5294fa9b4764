#include "control/idempotency.h"

#include <gtest/gtest.h>

namespace smcp::control {
namespace {

using Verdict = Idempotency::Verdict;
constexpr char kId[] = "123e4567-e89b-12d3-a456-426614174000";

Bytes BytesOf(const std::string& text) { return std::make_shared<const std::string>(text); }

struct Waiting {
  std::vector<std::string> heard;
  Idempotency::Waiter waiter() {
    return [this](const Idempotency::Answer& answer) {
      heard.push_back(answer.messages.empty() ? "-" : *answer.messages.front());
    };
  }
};

TEST(Idempotency, SecondCallGetsTheFirstAnswer) {
  Idempotency table({});
  Waiting late;
  EXPECT_EQ(table.Begin("ops", kId, "close a", 0, {}), Verdict::kRun);
  EXPECT_EQ(table.Begin("ops", kId, "close a", 1, late.waiter()), Verdict::kWait);
  EXPECT_TRUE(late.heard.empty());
  table.Finish("ops", kId, {{BytesOf("done")}, absl::OkStatus()}, 2);
  EXPECT_EQ(table.Begin("ops", kId, "close a", 3, late.waiter()), Verdict::kWait);
  EXPECT_EQ(late.heard, (std::vector<std::string>{"done", "done"}));
}

TEST(Idempotency, AnotherBodyIsRefusedAndAnotherCallerIsApart) {
  Idempotency table({});
  EXPECT_EQ(table.Begin("ops", kId, "close a", 0, {}), Verdict::kRun);
  EXPECT_EQ(table.Begin("ops", kId, "close b", 0, {}), Verdict::kReused);
  EXPECT_EQ(table.Begin("dev", kId, "close b", 0, {}), Verdict::kRun);
}

TEST(Idempotency, ForgetsAfterItsTime) {
  Idempotency table({.kept_ms = 1'000});
  EXPECT_EQ(table.Begin("ops", kId, "x", 0, {}), Verdict::kRun);
  table.Finish("ops", kId, {}, 500);
  Waiting late;
  EXPECT_EQ(table.Begin("ops", kId, "x", 1'499, late.waiter()), Verdict::kWait);
  EXPECT_EQ(table.Begin("ops", kId, "x", 1'500, {}), Verdict::kRun);
}

TEST(Idempotency, WhatMayBeTriedAgainIsNotKept) {
  Idempotency table({});
  Waiting late;
  EXPECT_EQ(table.Begin("ops", kId, "x", 0, {}), Verdict::kRun);
  EXPECT_EQ(table.Begin("ops", kId, "x", 0, late.waiter()), Verdict::kWait);
  table.Finish("ops", kId, {{}, absl::UnavailableError("stopping")}, 1);
  EXPECT_EQ(late.heard.size(), 1U);
  EXPECT_EQ(table.Begin("ops", kId, "x", 2, {}), Verdict::kRun);
  table.Finish("ops", kId, {{}, absl::NotFoundError("no")}, 3);
  EXPECT_EQ(table.Begin("ops", kId, "x", 4, late.waiter()), Verdict::kWait);
}

TEST(Idempotency, IsBounded) {
  Idempotency table({.entries = 3, .bytes = 1'000});
  for (int i = 0; i < 10; ++i) {
    const std::string id = std::to_string(i);
    EXPECT_EQ(table.Begin("ops", id, "x", 0, {}), Verdict::kRun);
    table.Finish("ops", id, {{BytesOf(std::string(100, 'a'))}, absl::OkStatus()}, 0);
    EXPECT_LE(table.size(), 3U);
  }
  EXPECT_EQ(table.Begin("ops", "big", "x", 0, {}), Verdict::kRun);
  table.Finish("ops", "big", {{BytesOf(std::string(2'000, 'a'))}, absl::OkStatus()}, 0);
  EXPECT_EQ(table.size(), 0U);
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(table.Begin("ops", "run" + std::to_string(i), "x", 0, {}), Verdict::kRun);
  }
  EXPECT_EQ(table.Begin("ops", "one more", "x", 0, {}), Verdict::kFull);
}

TEST(Idempotency, KnowsUuids) {
  EXPECT_TRUE(IsUuid(kId));
  EXPECT_FALSE(IsUuid("123e4567e89b12d3a456426614174000"));
  EXPECT_FALSE(IsUuid("123e4567-e89b-12d3-a456-42661417400g"));
}

}  // namespace
}  // namespace smcp::control
