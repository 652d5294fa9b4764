// A Socket.IO session that only remembers, for namespaces under test.
#pragma once

#include <string>
#include <vector>

#include "gateway/socketio/socket.h"

namespace smcp::test {

class FakeSession final : public sio::SessionPort {
 public:
  sio::SendResult SendPacket(std::string_view head, std::string_view payload,
                             const Attachments& attachments, bool /*refuse_if_slow*/) override {
    std::string line(head);
    line.append(payload);
    for (const std::string& bytes : attachments) line.append("+").append(bytes);
    sent.push_back(std::move(line));
    return sio::SendResult::kQueued;
  }
  size_t Backlog() const override { return 0; }
  void PauseReading() override { ++paused; }
  void ResumeReading() override { --paused; }
  void LeaveNamespace(std::string_view /*nsp*/) override { left = true; }
  void CloseSession() override { closed = true; }
  void CutSession() override { cut = true; }
  sio::SocketFacts Facts() const override { return facts; }
  const sio::Handshake& handshake() const override { return made; }
  sio::Transport transport() const override { return sio::Transport::kPolling; }

  std::vector<std::string> Take() { return std::exchange(sent, {}); }

  sio::Handshake made;
  sio::SocketFacts facts;
  std::vector<std::string> sent;
  int paused = 0;
  bool left = false;
  bool closed = false;
  bool cut = false;
};

}  // namespace smcp::test
