#include "clients/bench/http_reply.h"

#include <strings.h>

#include <charconv>

namespace smcp_bench {
namespace {

constexpr size_t kHeadMax = 16 * 1024;
constexpr size_t kBodyMax = 64 * 1024 * 1024;

template <typename Number>
bool Parse(std::string_view text, int base, Number* value) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *value, base);
  return error == std::errc{} && end == text.data() + text.size();
}

ReplyRead ReadChunks(std::string_view bytes, std::string* body, size_t* size) {
  body->clear();
  size_t at = 0;
  for (;;) {
    const size_t line = bytes.find("\r\n", at);
    if (line == std::string_view::npos) return ReplyRead::kIncomplete;
    const std::string_view text = bytes.substr(at, line - at);
    size_t length = 0;
    if (!Parse(text.substr(0, text.find(';')), 16, &length)) return ReplyRead::kBroken;
    if (length > kBodyMax || body->size() > kBodyMax) return ReplyRead::kBroken;
    at = line + 2;
    if (bytes.size() < at + length + 2) return ReplyRead::kIncomplete;
    body->append(bytes.substr(at, length));
    at += length + 2;
    if (length == 0) break;
  }
  *size = at;
  return ReplyRead::kReply;
}

}  // namespace

std::string_view HeaderValue(std::string_view headers, std::string_view name) {
  while (!headers.empty()) {
    const size_t end = headers.find("\r\n");
    const std::string_view line = headers.substr(0, end);
    if (line.size() > name.size() && line[name.size()] == ':' &&
        strncasecmp(line.data(), name.data(), name.size()) == 0) {
      std::string_view value = line.substr(name.size() + 1);
      while (!value.empty() && value.front() == ' ') value.remove_prefix(1);
      while (!value.empty() && value.back() == ' ') value.remove_suffix(1);
      return value;
    }
    if (end == std::string_view::npos) break;
    headers.remove_prefix(end + 2);
  }
  return {};
}

ReplyRead ReadReply(std::string_view bytes, std::string* scratch, HttpReply* reply, size_t* size) {
  const size_t head = bytes.substr(0, kHeadMax).find("\r\n\r\n");
  if (head == std::string_view::npos) {
    return bytes.size() >= kHeadMax ? ReplyRead::kBroken : ReplyRead::kIncomplete;
  }
  if (!bytes.starts_with("HTTP/1.") || head < 12 ||
      !Parse(bytes.substr(9, 3), 10, &reply->status)) {
    return ReplyRead::kBroken;
  }
  const size_t first_line = bytes.find("\r\n");
  reply->headers =
      first_line < head ? bytes.substr(first_line + 2, head - first_line - 2) : std::string_view{};
  reply->body = {};
  *size = head + 4;
  if (reply->status == 101 || reply->status == 204) return ReplyRead::kReply;

  if (!HeaderValue(reply->headers, "transfer-encoding").empty()) {
    size_t chunks = 0;
    const ReplyRead read = ReadChunks(bytes.substr(head + 4), scratch, &chunks);
    reply->body = *scratch;
    *size += chunks;
    return read;
  }
  size_t length = 0;
  if (!Parse(HeaderValue(reply->headers, "content-length"), 10, &length) || length > kBodyMax) {
    return ReplyRead::kBroken;
  }
  if (bytes.size() - *size < length) return ReplyRead::kIncomplete;
  reply->body = bytes.substr(*size, length);
  *size += length;
  return ReplyRead::kReply;
}

}  // namespace smcp_bench
