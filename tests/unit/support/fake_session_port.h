// The session below a Socket: remembers what it was asked for and answers as it is told to.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "gateway/socketio/socket.h"

namespace smcp::test {

class FakeSessionPort final : public sio::SessionPort {
 public:
  sio::SendResult SendPacket(std::string_view head, std::string_view payload,
                             const Attachments& attachments, bool refuse_if_slow) override {
    last_refuse_if_slow = refuse_if_slow;
    if (result != sio::SendResult::kQueued) return result;
    std::string line(head);
    line.append(payload);
    for (const std::string& bytes : attachments) line.append("+").append(bytes);
    sent.push_back(std::move(line));
    return result;
  }
  size_t Backlog() const override { return backlog; }
  void PauseReading() override { ++paused; }
  void ResumeReading() override { --paused; }
  void LeaveNamespace(std::string_view nsp) override { left.emplace_back(nsp); }
  void CloseSession() override { ++closed; }
  void CutSession() override { ++cut; }
  sio::SocketFacts Facts() const override { return facts; }
  const sio::Handshake& handshake() const override { return made; }
  sio::Transport transport() const override { return sio::Transport::kWebSocket; }

  std::vector<std::string> Take() { return std::exchange(sent, {}); }

  sio::Handshake made;
  sio::SocketFacts facts;
  sio::SendResult result = sio::SendResult::kQueued;
  bool last_refuse_if_slow = false;
  std::vector<std::string> sent;
  std::vector<std::string> left;
  size_t backlog = 0;
  int paused = 0;
  int closed = 0;
  int cut = 0;
};

}  // namespace smcp::test
