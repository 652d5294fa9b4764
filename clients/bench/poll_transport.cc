#include "clients/bench/poll_transport.h"

#include <algorithm>
#include <charconv>

namespace smcp_bench {
namespace {

constexpr char kSeparator = '\x1e';

std::string_view Between(std::string_view text, std::string_view before, std::string_view after) {
  const size_t start = text.find(before);
  if (start == std::string_view::npos) return {};
  text.remove_prefix(start + before.size());
  return text.substr(0, text.find_first_of(after));
}

}  // namespace

PollTransport::PollTransport(Loop* loop, const Target* target, TransportEvents* events)
    : target_(target), events_(events), get_(loop, this, false), post_(loop, this, true) {}

const char* PollTransport::Open(uint32_t source) {
  source_ = source;
  session_.clear();
  pending_.clear();
  getting_ = posting_ = finishing_ = false;
  return get_.Connect(target_->endpoint, source);
}

void PollTransport::Send(std::initializer_list<std::string_view> parts) {
  if (!get_.is_open()) return;
  if (!pending_.empty()) pending_ += kSeparator;
  for (std::string_view part : parts) pending_.append(part);
  if (!post_.is_open()) {
    if (const char* why = post_.Connect(target_->endpoint, source_)) Fail(false, why);
    return;
  }
  post_.Dirty();
}

void PollTransport::Finish() {
  finishing_ = true;
  Send({"1"});
}

void PollTransport::Close() {
  get_.Close();
  post_.Close();
}

void PollTransport::Fail(bool refused, std::string_view why) {
  Close();
  events_->OnTransportDown(refused, why);
}

void PollTransport::FillGet() {
  if (getting_) return;
  getting_ = true;
  get_.out()
      .append("GET ")
      .append(target_->path)
      .append("&transport=polling")
      .append(session_)
      .append(" HTTP/1.1\r\nHost: ")
      .append(target_->host)
      .append("\r\n")
      .append(target_->header_lines)
      .append("\r\n");
}

void PollTransport::FillPost() {
  if (posting_ || pending_.empty() || session_.empty()) return;
  posting_ = true;
  // What is above the server's limit waits for the next POST; packets are not split.
  size_t size = pending_.size();
  if (size > max_payload_) {
    const size_t cut = pending_.rfind(kSeparator, max_payload_);
    if (cut != std::string::npos) size = cut;
  }
  post_.out()
      .append("POST ")
      .append(target_->path)
      .append("&transport=polling")
      .append(session_)
      .append(" HTTP/1.1\r\nHost: ")
      .append(target_->host)
      .append("\r\nContent-Type: text/plain;charset=UTF-8\r\nContent-Length: ")
      .append(std::to_string(size))
      .append("\r\n")
      .append(target_->header_lines)
      .append("\r\n")
      .append(pending_, 0, size);
  pending_.erase(0, std::min(pending_.size(), size + 1));
}

size_t PollTransport::Http::OnBytes(char* data, size_t size) {
  HttpReply reply;
  size_t length = 0;
  const ReplyRead read = ReadReply({data, size}, &scratch_, &reply, &length);
  if (read == ReplyRead::kIncomplete) return 0;
  if (read == ReplyRead::kBroken) {
    owner_->Fail(false, "not an HTTP response");
    return 0;
  }
  posts_ ? owner_->OnPostReply(reply) : owner_->OnGetReply(reply);
  return length;
}

// Servers close kept-alive connections that rest; the next POST opens a new one.
void PollTransport::Http::OnClosed(std::string_view why) {
  if (posts_ && !owner_->posting_ && owner_->pending_.empty()) return;
  owner_->Fail(false, why);
}

void PollTransport::OnGetReply(const HttpReply& reply) {
  getting_ = false;
  if (reply.status != 200) {
    if (finishing_) return;  // the goodbye overtook it; its POST ends this
    return Fail(true, "HTTP " + std::to_string(reply.status) + " " + std::string(reply.body));
  }
  OnPackets(reply.body);
  if (!finishing_) get_.Dirty();
}

void PollTransport::OnPostReply(const HttpReply& reply) {
  posting_ = false;
  if (finishing_ && pending_.empty()) return Fail(false, "closed");
  if (reply.status != 200) {
    return Fail(true, "HTTP " + std::to_string(reply.status) + " " + std::string(reply.body));
  }
  if (!pending_.empty()) post_.Dirty();
}

void PollTransport::OnPackets(std::string_view body) {
  while (!body.empty() && get_.is_open()) {
    const size_t end = body.find(kSeparator);
    const std::string_view packet = body.substr(0, end);
    if (session_.empty()) TakeOpen(packet);
    events_->OnPacket(packet);
    body.remove_prefix(end == std::string_view::npos ? body.size() : end + 1);
  }
}

void PollTransport::TakeOpen(std::string_view packet) {
  session_ = "&sid=";
  session_ += Between(packet, R"("sid":")", "\"");
  const std::string_view limit = Between(packet, R"("maxPayload":)", ",}");
  size_t bytes = 0;
  std::from_chars(limit.data(), limit.data() + limit.size(), bytes);
  if (bytes > 0) max_payload_ = bytes;
}

}  // namespace smcp_bench
