// What one fixed workload does, to be counted from outside:
//
//   smcp-hot-path WORKLOAD COUNT [SIMDJSON]
//
// WORKLOAD is one of codec_200, codec_16k, route_200, relay_200, relay_16k, watched_200; SIMDJSON
// pins the implementation that simdjson and the JSON index use, so that counts do not depend on the
// CPU.
// Under `valgrind --tool=callgrind --toggle-collect='Guarded*'` only the product's part is counted.
#include <simdjson.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <limits>
#include <map>
#include <string>

#include "gateway/base/check.h"
#include "gateway/codec/sio_packet.h"
#include "gateway/smcp/requests.h"
#include "tests/guard/relay_world.h"

// The codecs as one packet meets them: frame, header, JSON.
extern "C" [[gnu::noinline]] void GuardedDecode(smcp::json::Index* index, char* data, size_t size) {
  smcp::ws::Decoder decoder;
  const auto frame = decoder.Next({data, size}, 1'000'000);
  smcp::sio::Packet packet;
  SMCP_CHECK(smcp::sio::DecodePacket(frame.data.substr(1), &packet) ==
             smcp::sio::DecodeError::kNone);
  SMCP_CHECK(index->Build(packet.payload, 64) == smcp::json::Error::kNone);
}

// What a call is routed by.
extern "C" [[gnu::noinline]] void GuardedRoute(const smcp::sio::EventView* event,
                                               std::string* scratch) {
  smcp::CallFields fields;
  SMCP_CHECK(smcp::ReadCall(*event, true, 256, scratch, &fields));
}

namespace smcp::guard {
namespace {

std::string CallText(size_t bytes) {
  return "42/smcp,77[\"client:tool_call\"," + RelayWorld::CallBody(bytes) + "]";
}

// Repeats `once` and says how long the fastest hundredth took, harness included: other programs on
// the machine take part in all the others.
template <class F>
void Repeat(size_t count, F once) {
  const size_t slice = std::max<size_t>(count / 100, 1);
  double best_ns = std::numeric_limits<double>::max();
  for (size_t done = 0; done < count; done += slice) {
    const auto start = std::chrono::steady_clock::now();
    for (size_t i = 0; i < slice; ++i) once();
    const std::chrono::duration<double, std::nano> took = std::chrono::steady_clock::now() - start;
    best_ns = std::min(best_ns, took.count() / static_cast<double>(slice));
  }
  std::printf("%.0f ns each\n", best_ns);
}

void Codec(size_t bytes, size_t count) {
  std::string frame;
  AppendClientFrame(&frame, CallText(bytes));
  json::Index index;
  Repeat(count, [&] { GuardedDecode(&index, frame.data(), frame.size()); });
}

void Route(size_t bytes, size_t count) {
  const std::string text = CallText(bytes);
  const std::string payload = text.substr(text.find('['));
  json::Index index;
  SMCP_CHECK(index.Build(payload, 64) == json::Error::kNone);
  const Attachments none;
  const sio::EventView event{"client:tool_call", payload, "77", index, none};
  std::string scratch;
  Repeat(count, [&] { GuardedRoute(&event, &scratch); });
}

void Relay(size_t bytes, size_t count, bool watched = false) {
  MemoryLines lines;
  RelayWorld world(lines, 8, bytes);
  if (watched) {
    world.domain().inspect().ReadJournal({}, [](std::vector<JournalPart>) {});
    lines.Run();
  }
  Repeat(count, [&] { SMCP_CHECK(world.Relay(1)); });
}

int Main(int argc, char** argv) {
  using Workload = std::function<void(size_t)>;
  const std::map<std::string, Workload> workloads = {
      {"codec_200", [](size_t count) { Codec(200, count); }},
      {"codec_16k", [](size_t count) { Codec(16384, count); }},
      {"route_200", [](size_t count) { Route(200, count); }},
      {"relay_200", [](size_t count) { Relay(200, count); }},
      {"relay_16k", [](size_t count) { Relay(16384, count); }},
      {"watched_200", [](size_t count) { Relay(200, count, true); }},
  };
  const auto found = argc < 3 ? workloads.end() : workloads.find(argv[1]);
  if (found == workloads.end()) {
    std::fprintf(stderr, "usage: %s WORKLOAD COUNT [SIMDJSON]\n", argv[0]);
    return 2;
  }
  if (argc > 3) {
    const auto* pinned = simdjson::get_available_implementations()[argv[3]];
    if (pinned == nullptr || !pinned->supported_by_runtime_system()) {
      std::fprintf(stderr, "simdjson has no '%s' here\n", argv[3]);
      return 3;
    }
    simdjson::get_active_implementation() = pinned;
  }
  const auto count = static_cast<size_t>(std::strtoull(argv[2], nullptr, 10));
  found->second(count);
  return 0;
}

}  // namespace
}  // namespace smcp::guard

int main(int argc, char** argv) { return smcp::guard::Main(argc, argv); }
