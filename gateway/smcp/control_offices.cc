// Offices as the control plane sees them: pages in order of their ids, over all homes.
#include <algorithm>
#include <utility>

#include "gateway/smcp/control_door.h"

namespace smcp {
namespace {

// Offices that one home describes in one task.
constexpr size_t kChunkOffices = 256;

}  // namespace

struct ControlDoor::OfficeScan {
  std::string after{};
  size_t max = 0;
  OfficePredicate match{};
  OfficePage page{};
  Reply<OfficePage> reply{};
};

void ControlDoor::PageOffices(std::string after, size_t max, OfficePredicate match,
                              Done<OfficePage> done) {
  auto scan = std::make_unique<OfficeScan>();
  scan->after = std::move(after);
  scan->max = std::max<size_t>(max, 1);
  scan->match = std::move(match);
  scan->reply = std::move(done);
  ScanOffices(std::move(scan));
}

// Each home gives its next few, so the whole is merged in bounded memory, round by round.
void ControlDoor::ScanOffices(std::unique_ptr<OfficeScan> scan) {
  const size_t each = std::min(kChunkOffices, scan->max + 1);
  const std::string after = scan->after;
  Gather<Home::Chunk>(
      [after, each](Router& router) { return router.home().NextOffices(after, each); },
      [this, scan = std::move(scan)](std::vector<Home::Chunk> chunks) mutable {
        TakeOffices(std::move(scan), std::move(chunks));
      });
}

void ControlDoor::TakeOffices(std::unique_ptr<OfficeScan> scan, std::vector<Home::Chunk> chunks) {
  // Behind the last id of a home that has more there may be others of its: those wait for a round.
  const std::string* bound = nullptr;
  std::vector<Home::Row> rows;
  scan->page.total = 0;
  for (const Home::Chunk& chunk : chunks) {
    scan->page.total += chunk.total;
    if (!chunk.more) continue;
    const std::string& last = chunk.rows.back().info.office_id.value;
    if (bound == nullptr || last < *bound) bound = &last;
  }
  const std::optional<std::string> until =
      bound == nullptr ? std::nullopt : std::optional<std::string>(*bound);
  for (Home::Chunk& chunk : chunks) {
    for (Home::Row& row : chunk.rows) {
      if (!until || row.info.office_id.value <= *until) rows.push_back(std::move(row));
    }
  }
  std::sort(rows.begin(), rows.end(), [](const Home::Row& a, const Home::Row& b) {
    return a.info.office_id.value < b.info.office_id.value;
  });
  CountCalls(std::move(rows),
             [this, until, scan = std::move(scan)](std::vector<OfficeInfo> offices) mutable {
               OfficePage& page = scan->page;
               for (OfficeInfo& office : offices) {
                 if (scan->match && !scan->match(office)) continue;
                 if (page.offices.size() == scan->max) {
                   page.more = true;
                   return scan->reply(std::move(page));
                 }
                 page.offices.push_back(std::move(office));
               }
               if (!until) return scan->reply(std::move(page));
               scan->after = *until;
               ScanOffices(std::move(scan));
             });
}

void ControlDoor::CountCalls(std::vector<Home::Row> rows,
                             absl::AnyInvocable<void(std::vector<OfficeInfo>) &&> then) {
  using Part = std::vector<std::pair<size_t, uint32_t>>;  // row and calls
  auto shared = std::make_shared<std::vector<Home::Row>>(std::move(rows));
  Gather<Part>(
      [shared](Router& router) {
        const std::vector<Home::Row>& asked = *shared;
        Part part;
        for (size_t i = 0; i < asked.size(); ++i) {
          if (asked[i].agent.shard != router.links().shard()) continue;
          const Member* agent = router.Find(asked[i].agent);
          if (agent != nullptr && agent->calls_in_flight != 0) {
            part.emplace_back(i, agent->calls_in_flight);
          }
        }
        return part;
      },
      [shared, then = std::move(then)](std::vector<Part> parts) mutable {
        std::vector<OfficeInfo> offices;
        offices.reserve(shared->size());
        for (Home::Row& row : *shared) offices.push_back(std::move(row.info));
        for (const Part& part : parts) {
          for (const auto& [i, calls] : part) offices[i].calls_in_flight += calls;
        }
        std::move(then)(std::move(offices));
      });
}

void ControlDoor::GetOffices(std::vector<std::string> office_ids,
                             Done<std::vector<OfficeInfo>> done) {
  using Part = std::vector<std::pair<size_t, Home::Row>>;
  Reply<std::vector<OfficeInfo>> reply(std::move(done));
  auto asked = std::make_shared<std::vector<std::string>>(std::move(office_ids));
  Gather<Part>(
      [asked](Router& router) {
        Part part;
        for (size_t i = 0; i < asked->size(); ++i) {
          const std::string& id = (*asked)[i];
          if (router.links().HomeOf(id) != router.links().shard()) continue;
          if (auto row = router.home().Describe(OfficeId{id}))
            part.emplace_back(i, *std::move(row));
        }
        return part;
      },
      [this, asked, reply = std::move(reply)](std::vector<Part> parts) mutable {
        std::vector<std::optional<Home::Row>> found(asked->size());
        for (Part& part : parts) {
          for (auto& [i, row] : part) found[i] = std::move(row);
        }
        std::vector<Home::Row> rows;
        for (std::optional<Home::Row>& row : found) {
          if (row) rows.push_back(*std::move(row));
        }
        CountCalls(std::move(rows),
                   [reply = std::move(reply)](std::vector<OfficeInfo> offices) mutable {
                     reply(std::move(offices));
                   });
      });
}

}  // namespace smcp
