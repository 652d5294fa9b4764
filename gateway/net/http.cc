#include "gateway/net/http.h"

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "gateway/base/strings.h"

namespace smcp::net {

std::string_view HttpRequest::Header(std::string_view name) const {
  for (const auto& [key, value] : headers) {
    if (absl::EqualsIgnoreCase(key, ToAbsl(name))) return value;
  }
  return {};
}

bool HttpRequest::HasToken(std::string_view name, std::string_view token) const {
  for (const auto& [key, value] : headers) {
    if (!absl::EqualsIgnoreCase(key, ToAbsl(name))) continue;
    for (const absl::string_view part : absl::StrSplit(value, ',')) {
      if (absl::EqualsIgnoreCase(absl::StripAsciiWhitespace(part), ToAbsl(token))) return true;
    }
  }
  return false;
}

std::string_view StatusText(unsigned status) {
  switch (status) {
    case 101:
      return "Switching Protocols";
    case 200:
      return "OK";
    case 204:
      return "No Content";
    case 400:
      return "Bad Request";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 408:
      return "Request Timeout";
    case 413:
      return "Payload Too Large";
    case 426:
      return "Upgrade Required";
    case 431:
      return "Request Header Fields Too Large";
    case 500:
      return "Internal Server Error";
    case 503:
      return "Service Unavailable";
    default:
      return "Status";
  }
}

std::string FormatReply(const HttpReply& reply, const HttpRequest& request) {
  std::string bytes =
      absl::StrCat("HTTP/1.1 ", reply.status, " ", ToAbsl(StatusText(reply.status)), "\r\n");
  if (!reply.content_type.empty()) {
    absl::StrAppend(&bytes, "content-type: ", reply.content_type, "\r\n");
  }
  if (reply.status != 101) {
    absl::StrAppend(&bytes, "content-length: ", reply.body.size(), "\r\n");
  }
  for (const auto& [name, value] : reply.headers) {
    absl::StrAppend(&bytes, name, ": ", value, "\r\n");
  }
  if (reply.close) {
    bytes.append("connection: close\r\n");
  } else if (request.http_1_0 && request.keep_alive) {
    bytes.append("connection: keep-alive\r\n");
  }
  bytes.append("\r\n");
  if (request.method != "HEAD") bytes.append(reply.body);
  return bytes;
}

bool PathIsUnder(std::string_view path, std::string_view mount) {
  while (!mount.empty() && mount.back() == '/') mount.remove_suffix(1);
  if (path.substr(0, mount.size()) != mount) return false;
  return path.size() == mount.size() || path[mount.size()] == '/';
}

}  // namespace smcp::net
