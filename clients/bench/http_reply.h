// Reading one HTTP/1.1 response from the start of a buffer: status, headers looked up by name, body
// by Content-Length or chunks. Works on bytes only.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace smcp_bench {

enum class ReplyRead { kReply, kIncomplete, kBroken };

struct HttpReply {
  int status = 0;
  std::string_view headers;
  std::string_view body;  // into the buffer, or into the scratch string when it came in chunks
};

// The value of a header, "" when absent. Names are compared without case.
std::string_view HeaderValue(std::string_view headers, std::string_view name);

// `*size` becomes the length on the wire. A 101 has no body. Heads above 16 KiB are broken.
ReplyRead ReadReply(std::string_view bytes, std::string* scratch, HttpReply* reply, size_t* size);

}  // namespace smcp_bench
