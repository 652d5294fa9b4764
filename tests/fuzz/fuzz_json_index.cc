// Agreement with the plain checker of the unit tests, on every kind of CPU that this one can play,
// and a text spelled again from the parts that the index names is the text without its blanks.

#include <simdjson.h>

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "gateway/base/check.h"
#include "gateway/codec/json_index.h"
#include "tests/unit/codec/json_reference.h"

namespace smcp::json {
namespace {

void CheckOne(std::string_view text, Error expected, int depth_max) {
  static Index index;
  const Error error = index.Build(text, depth_max);
  // A text that is too deep and broken behind that may be called either.
  if (expected == Error::kDepth) {
    SMCP_CHECK(error == Error::kDepth || error == Error::kSyntax);
  } else {
    SMCP_CHECK(error == expected);
  }
  if (error == Error::kNone) {
    SMCP_CHECK(Reference::Spelled(index, index.root()) == Reference::Minified(text));
  } else {
    SMCP_CHECK(index.root().kind == Kind::kMissing);
  }
}

}  // namespace
}  // namespace smcp::json

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace smcp::json;
  constexpr int kDepthMax = 8;  // low, so that it is reached
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const Error expected = Reference(text, kDepthMax).Check();
  for (const auto* cpu : simdjson::get_available_implementations()) {
    if (!cpu->supported_by_runtime_system()) continue;
    simdjson::get_active_implementation() = cpu;
    CheckOne(text, expected, kDepthMax);
  }
  return 0;
}
