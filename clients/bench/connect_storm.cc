// connect-storm: connect and join as fast as the server takes them, then keep them.
#include <memory>

#include "clients/bench/workload.h"

namespace smcp_bench {
namespace {

class ConnectStorm final : public Workload {
 public:
  using Workload::Workload;

  bool Run() override {
    const uint32_t members = options().members > 0 ? options().members : 1;
    Param("connections", options().connections);
    Param("concurrency", options().concurrency);
    Param("members", members);
    Param("sources", options().sources);
    // Computers only, unless offices have several: then the first is the Agent.
    for (size_t i = 0; i < options().connections; ++i) {
      Add(members > 1 && i % members == 0, i, i / members);
    }
    result().rss_before = SettledRss();
    result().window.Begin();
    const bool all = OpenAll();
    result().window.End();
    result().operations = joined_;
    result().rss_after = SettledRss();
    result().rss_connections = joined_;
    return all;
  }

 private:
  void OnOpening(Session* session) override {
    session->member().mark = static_cast<uint64_t>(NowNs());
  }
  void OnJoined(Session* session) override {
    Workload::OnJoined(session);
    result().latency.Record(NowNs() - static_cast<int64_t>(session->member().mark));
  }
};

}  // namespace

std::unique_ptr<Workload> MakeConnectStorm(const Options& options, SessionSetup* setup) {
  return std::make_unique<ConnectStorm>(options, setup);
}

}  // namespace smcp_bench
