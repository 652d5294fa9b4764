#include "gateway/engineio/poll_buffer.h"

#include "gateway/codec/base64.h"
#include "gateway/codec/eio_payload.h"

namespace smcp::eio {

size_t PollBuffer::Size(const Packet& packet) {
  return packet.binary ? 1 + (packet.data.size() + 2) / 3 * 4 : packet.data.size();
}

void PollBuffer::PushText(std::string_view head, std::string_view rest) {
  std::string data;
  data.reserve(head.size() + rest.size());
  data.append(head).append(rest);
  packets_.push_back(Packet{std::move(data), false});
  bytes_ += Size(packets_.back());
}

void PollBuffer::PushBinary(std::string_view data) {
  packets_.push_back(Packet{std::string(data), true});
  bytes_ += Size(packets_.back());
}

std::string PollBuffer::TakeBody(size_t bytes_max, size_t packets_max) {
  std::string body;
  for (size_t n = 0; n < packets_max && !packets_.empty(); ++n) {
    if (n > 0 && body.size() + 1 + Size(packets_.front()) > bytes_max) break;
    const Packet packet = Pop();
    if (n > 0) body.push_back(kSeparator);
    if (packet.binary) {
      body.push_back('b');
      base64::Append(&body, packet.data);
    } else {
      body.append(packet.data);
    }
  }
  return body;
}

std::string PollBuffer::TakeLastBody(size_t bytes_max) {
  // The close packet counts as well.
  std::string body = TakeBody(bytes_max, kPacketsPerPollMax - 1);
  if (!empty()) return body;
  if (!body.empty()) body.push_back(kSeparator);
  return body.append("1");
}

PollBuffer::Packet PollBuffer::Pop() {
  Packet packet = std::move(packets_.front());
  packets_.pop_front();
  bytes_ -= Size(packet);
  return packet;
}

}  // namespace smcp::eio
