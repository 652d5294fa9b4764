#include "gateway/codec/eio_payload.h"

namespace smcp::eio {

bool PayloadSplitter::Next(std::string_view* packet) {
  if (done_) return false;
  const size_t at = rest_.find(kSeparator);
  *packet = rest_.substr(0, at);
  if (at == std::string_view::npos) {
    done_ = true;
  } else {
    rest_.remove_prefix(at + 1);
  }
  return true;
}

}  // namespace smcp::eio
