// Long-polling: one kept-alive connection that always has a GET waiting, one for POSTs, of which
// one is under way at a time and takes along everything said meanwhile.
#pragma once

#include <string>
#include <string_view>

#include "clients/bench/http_reply.h"
#include "clients/bench/loop.h"
#include "clients/bench/transport.h"

namespace smcp_bench {

class PollTransport final : public Transport {
 public:
  PollTransport(Loop* loop, const Target* target, TransportEvents* events);

  const char* Open(uint32_t source) override;
  void Send(std::initializer_list<std::string_view> parts) override;
  void Finish() override;
  void Close() override;

 private:
  // An HTTP connection with one request under way at most.
  class Http final : public Stream {
   public:
    Http(Loop* loop, PollTransport* owner, bool posts)
        : Stream(loop), owner_(owner), posts_(posts) {}

   private:
    void OnConnected() override { Dirty(); }
    size_t OnBytes(char* data, size_t size) override;
    void OnClosed(std::string_view why) override;
    void BeforeFlush() override { posts_ ? owner_->FillPost() : owner_->FillGet(); }

    PollTransport* owner_;
    bool posts_;
    std::string scratch_;
  };

  void FillGet();
  void FillPost();
  void OnGetReply(const HttpReply& reply);
  void OnPostReply(const HttpReply& reply);
  void OnPackets(std::string_view body);
  void TakeOpen(std::string_view packet);
  void Fail(bool refused, std::string_view why);

  const Target* target_;
  TransportEvents* events_;
  Http get_;
  Http post_;
  uint32_t source_ = 0;
  std::string session_;      // "&sid=..", empty until opened
  std::string pending_;      // packets joined by 0x1e, not posted yet
  std::string posted_body_;  // scratch
  size_t max_payload_ = 1'000'000;
  bool getting_ = false;
  bool posting_ = false;
  bool finishing_ = false;
};

}  // namespace smcp_bench
