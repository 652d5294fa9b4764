// A socket that only remembers what it was told to send.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "gateway/socketio/egress.h"

namespace smcp::test {

struct Sent {
  bool ack = false;
  std::string ack_id;
  std::string payload;
  Attachments attachments;
};

class FakeEgress final : public sio::Egress {
 public:
  sio::SendResult SendEvent(std::string_view ack_id, std::string_view payload,
                            const Attachments& attachments, bool refuse_if_slow) override {
    if (closed) return sio::SendResult::kClosed;
    if (slow && refuse_if_slow) return sio::SendResult::kSlow;
    sent.push_back({false, std::string(ack_id), std::string(payload), attachments});
    return sio::SendResult::kQueued;
  }
  sio::SendResult SendAck(std::string_view ack_id, std::string_view payload,
                          const Attachments& attachments) override {
    if (closed) return sio::SendResult::kClosed;
    sent.push_back({true, std::string(ack_id), std::string(payload), attachments});
    return sio::SendResult::kQueued;
  }
  size_t Backlog() const override { return backlog; }
  uint32_t NextAckId() override { return next_ack_id++ & 0x7fffffff; }
  void PauseReading() override { ++paused; }
  void ResumeReading() override { --paused; }
  void Disconnect() override { disconnected = true; }
  void End(bool terminal) override { (terminal ? disconnected : cut) = true; }
  sio::SocketFacts Facts() const override { return facts; }

  // As Socket.IO packets without namespace: `2[..]` an event, `27[..]` with ack id 7, `37[..]` an
  // ack.
  std::vector<std::string> Take() {
    std::vector<std::string> lines;
    for (const Sent& packet : std::exchange(sent, {})) {
      std::string line(packet.ack ? "3" : "2");
      line.append(packet.ack_id).append(packet.payload);
      for (const std::string& bytes : packet.attachments) line.append("+").append(bytes);
      lines.push_back(std::move(line));
    }
    return lines;
  }

  std::vector<Sent> sent;
  uint32_t next_ack_id = 0;
  size_t backlog = 0;
  int paused = 0;
  bool slow = false;
  bool closed = false;
  bool disconnected = false;
  bool cut = false;
  sio::SocketFacts facts;
};

}  // namespace smcp::test
