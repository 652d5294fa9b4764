// The same messages and the same end, however the input is cut; nothing is changed that was not
// consumed; no message above the limit. The first byte seeds the cuts.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/base/check.h"
#include "gateway/base/rng.h"
#include "gateway/codec/utf8.h"
#include "tests/unit/codec/ws_client.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using smcp::ws::Opcode;
  if (size == 0) return 0;
  // Below and above the border of the second length encoding.
  const size_t message_bytes_max = data[0] % 2 == 0 ? 100 : 2000;
  smcp::SeededRandom random(data[0]);
  const std::string_view bytes(reinterpret_cast<const char*>(data + 1), size - 1);

  smcp::ws::Reader whole(message_bytes_max);
  whole.Feed(bytes);
  smcp::ws::Reader pieces(message_bytes_max);
  for (size_t at = 0; at < bytes.size();) {
    const size_t piece = 1 + random.Next() % 40;
    pieces.Feed(bytes.substr(at, piece));
    at += piece;
  }
  SMCP_CHECK(whole.events == pieces.events);
  SMCP_CHECK(whole.untouched && pieces.untouched);
  // Behind an error nothing is consumed any more, and how much came before it is the cuts' doing.
  const bool failed =
      !whole.events.empty() && whole.events.back().error != smcp::ws::CloseCode::kNone;
  SMCP_CHECK(failed || whole.tail_size() == pieces.tail_size());
  for (const smcp::ws::Event& event : whole.events) {
    const bool control = event.opcode >= Opcode::kClose;
    SMCP_CHECK(event.data.size() <= (control ? 125 : message_bytes_max));
    if (event.opcode == Opcode::kText) SMCP_CHECK(smcp::IsUtf8(event.data));
  }
  return 0;
}
