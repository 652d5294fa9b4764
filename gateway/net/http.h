// Plain HTTP requests and replies, as routes and the Engine.IO door see them.
// Any thread; never throws.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace smcp::net {

using Headers = std::vector<std::pair<std::string, std::string>>;

struct HttpRequest {
  std::string method;
  std::string target;  // as sent
  std::string path;    // without the query; not decoded
  std::string query;   // raw, without '?'
  Headers headers;     // in order, duplicates kept
  std::string body;
  std::string remote_address;
  uint16_t remote_port = 0;
  bool keep_alive = true;
  bool http_1_0 = false;

  // The first header of that name, compared without case; empty if there is none.
  std::string_view Header(std::string_view name) const;
  // Whether a comma separated header holds the token, compared without case.
  bool HasToken(std::string_view name, std::string_view token) const;
};

struct HttpReply {
  unsigned status = 200;
  std::string content_type = "text/plain; charset=UTF-8";  // empty: no such header
  std::string body = {};
  Headers headers = {};  // further ones; Content-Length and Connection are added
  bool close = false;
};

std::string_view StatusText(unsigned status);
// The bytes of a reply. HEAD gets the headers only.
std::string FormatReply(const HttpReply& reply, const HttpRequest& request);

// Whether `path` is `mount` or lies below it: `/socket.io` matches `/socket.io` and `/socket.io/x`
// but not `/socket.iox` (SMCP-PROTOCOL.md 1.2).
bool PathIsUnder(std::string_view path, std::string_view mount);

}  // namespace smcp::net
