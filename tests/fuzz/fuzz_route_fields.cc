// What FindFields finds is what a plain walk that unescapes every key finds.

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "gateway/base/check.h"
#include "gateway/codec/json_index.h"
#include "gateway/codec/json_text.h"
#include "gateway/codec/route_fields.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using smcp::json::Kind;
  using smcp::json::Value;
  static constexpr std::array<std::string_view, 4> kNames = {"a", "agent", "computer", "\xc3\xa9"};
  static smcp::json::Index index;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (index.Build(text, 64) != smcp::json::Error::kNone) return 0;

  std::array<Value, kNames.size()> found;
  smcp::FindFields(index, index.root(), kNames, found);
  std::array<Value, kNames.size()> expected;
  smcp::json::Index::Cursor cursor = index.Enter(index.root());
  std::string_view key;
  Value value;
  while (index.NextField(&cursor, &key, &value)) {
    std::string plain;
    if (!smcp::json::Unescape(key, &plain)) continue;
    // What was unescaped and is quoted again spells itself.
    const std::string quoted = smcp::json::Quoted(plain);
    SMCP_CHECK(smcp::json::Spells(std::string_view(quoted).substr(1, quoted.size() - 2), plain));
    for (size_t i = 0; i < kNames.size(); ++i) {
      if (plain == kNames[i]) expected[i] = value;
    }
    if (value.kind == Kind::kNumber) smcp::json::ReadInteger(value.raw);
  }
  for (size_t i = 0; i < kNames.size(); ++i) {
    SMCP_CHECK(found[i].kind == expected[i].kind && found[i].raw.data() == expected[i].raw.data());
  }
  return 0;
}
