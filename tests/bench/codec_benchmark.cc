// What one message costs in the codecs, at the two sizes of the relay goals: 350 bytes and 16 KiB.
// Run on an idle machine and compare ratios, not nanoseconds.

#include <benchmark/benchmark.h>

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "gateway/codec/json_index.h"
#include "gateway/codec/route_fields.h"
#include "gateway/codec/sio_packet.h"
#include "gateway/codec/utf8.h"
#include "gateway/codec/ws_frame.h"

namespace smcp {
namespace {

constexpr int kDepthMax = 64;

std::string Call(std::string_view params) {
  std::string text = R"(["client:tool_call",{"agent":"agent-1","req_id":"0123456789abcdef",)"
                     R"("computer":"computer-1","tool_name":"read_file","timeout":30,"params":)";
  text += params;
  return text + "}]";
}

// Mostly structure: what a table or a tree looks like.
std::string DenseJson(size_t bytes) {
  std::string rows = "[";
  for (int i = 0; rows.size() < bytes - 170; ++i) {
    if (i > 0) rows += ',';
    rows += R"({"id":)" + std::to_string(i) + R"(,"ok":true,"xy":[1,2.5],"n":"ab"})";
  }
  return Call(rows + "]");
}

// Mostly text: what a file or a log looks like; an escape every line.
std::string LongStrings(size_t bytes) {
  std::string text = "{\"text\":\"";
  while (text.size() < bytes - 220) {
    text += "the quick brown fox jumps over the lazy dog and goes on for a while\\n";
  }
  return Call(text + "\"}");
}

std::string PlainString(size_t bytes) {
  return Call("{\"text\":\"" + std::string(bytes > 190 ? bytes - 190 : 1, 'x') + "\"}");
}

using Maker = std::string (*)(size_t);

void Report(benchmark::State& state, size_t bytes) {
  state.SetBytesProcessed(static_cast<int64_t>(state.iterations() * bytes));
}

void JsonIndexBuild(benchmark::State& state, Maker make) {
  const std::string text = make(static_cast<size_t>(state.range(0)));
  json::Index index;
  for (auto _ : state) {
    const json::Error error = index.Build(text, kDepthMax);
    if (error != json::Error::kNone) state.SkipWithError("not valid");
  }
  Report(state, text.size());
}
BENCHMARK_CAPTURE(JsonIndexBuild, Dense, DenseJson)->Arg(350)->Arg(16384);
BENCHMARK_CAPTURE(JsonIndexBuild, LongStrings, LongStrings)->Arg(350)->Arg(16384);
BENCHMARK_CAPTURE(JsonIndexBuild, PlainString, PlainString)->Arg(350)->Arg(16384);

// Everything a relay asks of one event: header, validation, routing fields.
void DecodeCall(benchmark::State& state, Maker make) {
  const std::string text = "2/smcp,17" + make(static_cast<size_t>(state.range(0)));
  static constexpr std::array<std::string_view, 4> kNames = {"agent", "computer", "req_id",
                                                             "timeout"};
  json::Index index;
  for (auto _ : state) {
    sio::Packet packet;
    if (sio::DecodePacket(text, &packet) != sio::DecodeError::kNone ||
        index.Build(packet.payload, kDepthMax) != json::Error::kNone) {
      state.SkipWithError("not valid");
    }
    json::Index::Cursor args = index.Enter(index.root());
    json::Value event;
    json::Value body;
    index.NextElement(&args, &event);
    index.NextElement(&args, &body);
    std::array<json::Value, kNames.size()> fields;
    FindFields(index, body, kNames, fields);
    benchmark::DoNotOptimize(fields);
  }
  Report(state, text.size());
}
BENCHMARK_CAPTURE(DecodeCall, Dense, DenseJson)->Arg(350)->Arg(16384);
BENCHMARK_CAPTURE(DecodeCall, LongStrings, LongStrings)->Arg(350)->Arg(16384);

std::string MaskedTextFrame(size_t bytes) {
  std::string frame;
  ws::AppendHeader(&frame, ws::Opcode::kText, bytes);
  frame[1] = static_cast<char>(frame[1] | 0x80);
  // With a mask of zeros unmasking leaves the text alone, so one buffer serves every iteration.
  frame.append(4, '\0');
  return frame.append(bytes, 'x');
}

void WsDecode(benchmark::State& state) {
  const auto bytes = static_cast<size_t>(state.range(0));
  std::string frame = MaskedTextFrame(bytes);
  ws::Decoder decoder;
  for (auto _ : state) {
    const ws::Decoder::Result result = decoder.Next({frame.data(), frame.size()}, 1'000'000);
    if (result.data.size() != bytes) state.SkipWithError("not a message");
  }
  Report(state, bytes);
}
BENCHMARK(WsDecode)->Arg(350)->Arg(16384);

void Utf8(benchmark::State& state) {
  const std::string text(static_cast<size_t>(state.range(0)), 'x');
  for (auto _ : state) benchmark::DoNotOptimize(IsUtf8(text));
  Report(state, text.size());
}
BENCHMARK(Utf8)->Arg(350)->Arg(16384);

}  // namespace
}  // namespace smcp

BENCHMARK_MAIN();
