// The packets of a body, joined by the separator, are the body.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "gateway/base/check.h"
#include "gateway/codec/eio_payload.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view body(reinterpret_cast<const char*>(data), size);
  smcp::eio::PayloadSplitter splitter(body);
  std::string joined;
  std::string_view packet;
  while (splitter.Next(&packet)) {
    SMCP_CHECK(packet.find(smcp::eio::kSeparator) == std::string_view::npos);
    joined += packet;
    joined += smcp::eio::kSeparator;
  }
  SMCP_CHECK(!joined.empty());
  joined.pop_back();
  SMCP_CHECK(joined == body);
  return 0;
}
