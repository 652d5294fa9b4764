// The gateway's log: one line per connection life, per membership change and per security event;
// nothing per message. Never a credential, never a payload.
//
// Thread rule: any thread. Texts that a client chose are quoted and escaped, so no client can forge
// a line.
#pragma once

#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "gateway/peer/session_log.h"
#include "gateway/smcp/event_log.h"
#include "smcp/config/v1/config.pb.h"

namespace spdlog {
class logger;
}

namespace smcp {

class DaemonLog final : public SessionLog, public EventLog {
 public:
  enum class Level { kDebug, kInfo, kWarn, kError };
  // A field of a line; `quoted` texts may hold anything.
  struct Field {
    std::string_view key;
    std::string value;
    bool text = true;
  };

  explicit DaemonLog(const config::v1::Log& config);
  ~DaemonLog() override;

  void Write(Level level, std::string_view message, std::initializer_list<Field> fields = {});
  void Flush();

  void SessionEnded(const SessionFacts& facts) override;
  void Record(const LogEvent& event) override;

 private:
  bool Wants(Level level) const;

  std::shared_ptr<spdlog::logger> logger_;
  bool json_;
};

}  // namespace smcp
