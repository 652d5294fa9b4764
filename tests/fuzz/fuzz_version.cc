// Every answer of the version gate is one JSON object of bounded size, and only what parses and is
// served gets in.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "gateway/base/check.h"
#include "gateway/codec/json_index.h"
#include "gateway/codec/version.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static smcp::json::Index index;
  const std::string declared(reinterpret_cast<const char*>(data), size);
  smcp::ParseGeneration(declared);
  const smcp::VersionPolicy policy;
  const smcp::VersionVerdict verdict = smcp::JudgeVersion(declared, policy);
  const auto version = smcp::ParseVersion(declared);
  const bool served = version && version->major == 0 && version->minor >= 1 && version->minor <= 4;
  SMCP_CHECK(verdict.accepted == (served || declared.empty()));
  SMCP_CHECK((verdict.error_code == 4008) == (version && !served));
  if (verdict.accepted) {
    SMCP_CHECK(verdict.body.empty());
    SMCP_CHECK(!version || version->minor == static_cast<uint32_t>(verdict.generation));
    return 0;
  }
  // 64 quoted bytes, each at most six times as long in JSON.
  SMCP_CHECK(verdict.body.size() < 600);
  SMCP_CHECK(index.Build(verdict.body, 1) == smcp::json::Error::kNone);
  SMCP_CHECK(index.root().kind == smcp::json::Kind::kObject);
  return 0;
}
