// A binary packet whose attachments are still arriving (SOCKETIO-COMPAT.md 6.4).
//
// Belongs to the Engine.IO session and not to one HTTP request: clients split header and
// attachments over several POSTs. Sans-IO; the caller bounds the time (limits.reassembly_timeout);
// count and size of the attachments are bounded by attachments_max times payload_bytes_max.
#pragma once

#include <string>
#include <string_view>

#include "gateway/base/payload.h"
#include "gateway/codec/json_index.h"

namespace smcp::sio {

class Reassembly {
 public:
  Reassembly(std::string_view header, uint32_t expected) : header_(header), expected_(expected) {}
  // True when this was the last one.
  bool Add(std::string_view attachment);
  const std::string& header() const { return header_; }
  const Attachments& attachments() const { return attachments_; }

 private:
  std::string header_;
  uint32_t expected_;
  Attachments attachments_;
};

// Whether every placeholder of the indexed payload names one of `count` attachments. An object is a
// placeholder if its `_placeholder` is literally true.
bool PlaceholdersAreValid(const json::Index& index, const json::Value& value, uint32_t count);

}  // namespace smcp::sio
