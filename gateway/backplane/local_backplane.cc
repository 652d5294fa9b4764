#include "gateway/backplane/local_backplane.h"

#include <utility>

#include "gateway/base/check.h"
#include "gateway/base/give_back.h"

namespace smcp {
namespace {

struct Office {
  uint8_t pin = 0;
  StringSet agents;
  StringSet computers;
  size_t size() const { return agents.size() + computers.size(); }
  StringSet& Names(Role role) { return role == Role::kAgent ? agents : computers; }
};

// The rules in the order in which they apply (DECISIONS 20).
SeatResult Judge(Office& office, const SeatRequest& request) {
  if (office.size() == 0) return SeatResult::kGranted;
  const StringSet& names = office.Names(request.role);
  if (office.pin != request.pin) return SeatResult::kOtherPin;
  if (request.role_exclusive && !names.empty()) return SeatResult::kRoleTaken;
  if (names.contains(request.name)) return SeatResult::kNameTaken;
  if (request.members_max != 0 && office.size() >= request.members_max) return SeatResult::kFull;
  return SeatResult::kGranted;
}

}  // namespace

struct LocalBackplane::Table {
  Scheduler* scheduler = nullptr;
  StringMap<Office> offices;
  size_t seats = 0;
};

LocalBackplane::LocalBackplane() = default;
LocalBackplane::~LocalBackplane() = default;

LocalBackplane::Table& LocalBackplane::At(uint16_t shard) const {
  SMCP_CHECK(shard < kShardsMax && tables_[shard] != nullptr);
  return *tables_[shard];
}

void LocalBackplane::Attach(uint16_t shard, Scheduler& scheduler, BackplaneEvents&) {
  SMCP_CHECK(shard < kShardsMax && tables_[shard] == nullptr);
  tables_[shard] = std::make_unique<Table>();
  tables_[shard]->scheduler = &scheduler;
}

void LocalBackplane::Detach(uint16_t shard) { tables_[shard].reset(); }

void LocalBackplane::Claim(uint16_t shard, SeatRequest request, SeatDone done) {
  Table& table = At(shard);
  Office& office = table.offices[request.office.value];
  const SeatResult result = Judge(office, request);
  if (result == SeatResult::kGranted && !request.check_only) {
    office.pin = request.pin;
    office.Names(request.role).insert(std::move(request.name));
    ++table.seats;
  }
  if (office.size() == 0) table.offices.erase(request.office.value);
  table.scheduler->Post(shard,
                        [done = std::move(done), result]() mutable { std::move(done)(result); });
}

void LocalBackplane::Rename(uint16_t shard, const OfficeId& office, Role role,
                            const std::string& from, const std::string& to, SeatDone done) {
  Table& table = At(shard);
  const auto it = table.offices.find(office.value);
  SeatResult result = SeatResult::kUnavailable;
  if (it != table.offices.end()) {
    StringSet& names = it->second.Names(role);
    result = names.contains(to) ? SeatResult::kNameTaken : SeatResult::kGranted;
    if (result == SeatResult::kGranted) {
      SMCP_CHECK(names.erase(from) == 1);
      names.insert(to);
    }
  }
  table.scheduler->Post(shard,
                        [done = std::move(done), result]() mutable { std::move(done)(result); });
}

void LocalBackplane::Release(uint16_t shard, const OfficeId& office, Role role,
                             const std::string& name) {
  Table& table = At(shard);
  const auto it = table.offices.find(office.value);
  SMCP_CHECK(it != table.offices.end() && it->second.Names(role).erase(name) == 1);
  --table.seats;
  if (it->second.size() != 0) return;
  table.offices.erase(it);
  GiveBackIfEmpty(table.offices);
}

void LocalBackplane::Publish(uint16_t, const OfficeId&, const Payload&) {}

size_t LocalBackplane::SeatCount(uint16_t shard) const { return At(shard).seats; }

}  // namespace smcp
