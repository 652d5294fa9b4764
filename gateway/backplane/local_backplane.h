// The backplane of a single node: seats in memory.
//
// Each home shard has its own table, and an office has one home, so there is nothing to lock.
// Answers are posted to the home shard, as they would come from a network, so the domain cannot
// come to rely on having them at once. Publish has no one to tell. Thread rule: as Backplane. One
// instance per registration.
#pragma once

#include <array>
#include <memory>

#include "gateway/base/strings.h"
#include "gateway/base/task.h"
#include "gateway/smcp/backplane.h"

namespace smcp {

class LocalBackplane final : public Backplane {
 public:
  LocalBackplane();
  ~LocalBackplane() override;

  void Attach(uint16_t shard, Scheduler& scheduler, BackplaneEvents& events) override;
  void Detach(uint16_t shard) override;
  void Claim(uint16_t shard, SeatRequest request, SeatDone done) override;
  void Rename(uint16_t shard, const OfficeId& office, Role role, const std::string& from,
              const std::string& to, SeatDone done) override;
  void Release(uint16_t shard, const OfficeId& office, Role role, const std::string& name) override;
  void Publish(uint16_t shard, const OfficeId& office, const Payload& packet) override;
  size_t SeatCount(uint16_t shard) const override;

 private:
  struct Table;
  Table& At(uint16_t shard) const;

  std::array<std::unique_ptr<Table>, kShardsMax> tables_;
};

}  // namespace smcp
