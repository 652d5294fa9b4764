// A target is its path and its query; a value that was read is read again when it is written with
// every byte escaped.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "gateway/base/check.h"
#include "gateway/codec/query_string.h"

namespace {

std::string Escaped(std::string_view text) {
  static constexpr char kHex[] = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<uint8_t>(c);
    out += {'%', kHex[byte >> 4], kHex[byte & 15]};
  }
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const smcp::Target target = smcp::SplitTarget(text);
  SMCP_CHECK(target.path.find('?') == std::string_view::npos);
  SMCP_CHECK(target.query.empty() || text.ends_with(target.query));
  SMCP_CHECK(target.path.size() + target.query.size() <= text.size() + 1);
  for (const std::string_view key : {"EIO", "transport", "sid", "a2c_version", ""}) {
    const auto value = smcp::QueryValue(target.query, key);
    if (!value) continue;
    SMCP_CHECK(value->size() <= target.query.size());
    const std::string written = Escaped(key) + "=" + Escaped(*value) + "&" + std::string(key);
    SMCP_CHECK(smcp::QueryValue(written, key) == value);
  }
  return 0;
}
