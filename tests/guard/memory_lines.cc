#include <utility>

#include "gateway/base/check.h"
#include "tests/guard/counters.h"
#include "tests/guard/relay_world.h"

// What the instruction counts are counted under, hence its plain name and that it is never inlined:
// everything the gateway does with one piece of received bytes. Consumes all of them.
extern "C" [[gnu::noinline]] void GuardedReceive(smcp::ws::Decoder* decoder, smcp::Peer* peer,
                                                 smcp::Wire* wire, char* data, size_t size) {
  std::span<char> rest(data, size);
  while (!rest.empty()) {
    const auto frame = decoder->Next(rest, 1'000'000);
    SMCP_CHECK(frame.status == smcp::ws::Decoder::Status::kMessage);
    rest = rest.subspan(frame.consumed);
    peer->OnWireMessage(*wire, frame.opcode, frame.data);
  }
}

namespace smcp::guard {
namespace {

class MemoryLine final : public Line, public Wire {
 public:
  explicit MemoryLine(PeerHost& host) {
    auto handshake = std::make_shared<sio::Handshake>();
    SMCP_CHECK(host.services().admission->TryEnter(handshake->remote_address));
    peer_ = &host.Open(std::move(handshake), true, nullptr);
    peer_->AttachWire(*this);
  }

  void Send(std::string_view bytes) override {
    in_.assign(bytes);  // the shard's receive buffer, which the decoder unmasks in place
    counting = true;
    GuardedReceive(&decoder_, peer_, this, in_.data(), in_.size());
    counting = false;
  }
  void Receive(std::string* bytes) override {
    bytes->assign(out_);
    out_.clear();
  }

  std::string& BeginWrite() override { return out_; }
  size_t pending() const override { return out_.size(); }
  void SetReading(bool /*on*/) override {}
  void Close(ws::CloseCode /*code*/) override { peer_ = nullptr; }

 private:
  Peer* peer_ = nullptr;
  ws::Decoder decoder_;
  std::string in_;
  std::string out_;
};

}  // namespace

class MemoryLines::Queue final : public Scheduler {
 public:
  uint16_t shard_count() const override { return 1; }
  void Post(uint16_t /*shard*/, Task task) override { tasks_.push_back(std::move(task)); }
  void Run() {
    while (!tasks_.empty()) {
      for (Task& task : std::exchange(tasks_, {})) std::move(task)();
    }
  }

 private:
  std::vector<Task> tasks_;
};

MemoryLines::MemoryLines() : queue_(std::make_unique<Queue>()) {}
MemoryLines::~MemoryLines() = default;

std::unique_ptr<Line> MemoryLines::Open(PeerHost& host) {
  return std::make_unique<MemoryLine>(host);
}
Scheduler& MemoryLines::scheduler() { return *queue_; }
void MemoryLines::Run() { queue_->Run(); }

}  // namespace smcp::guard
