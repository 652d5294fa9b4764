// Agreement with the plain checker of the unit tests, and a text spelled again from the parts that
// the index names is the text without its blanks.

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "gateway/base/check.h"
#include "gateway/codec/json_index.h"
#include "tests/unit/codec/json_reference.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace smcp::json;
  constexpr int kDepthMax = 8;  // low, so that it is reached
  static Index index;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const Error error = index.Build(text, kDepthMax);
  const Error expected = Reference(text, kDepthMax).Check();
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
  return 0;
}
