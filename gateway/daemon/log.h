// The gateway's log: one line per connection life, per membership change and per security event;
// nothing per message. Never a credential, never a payload.
//
// Each line belongs to a component, which may have a level of its own for a while. Entries of the
// audit are written whatever the levels are.
//
// Thread rule: any thread. Texts that a client chose are quoted and escaped, so no client can forge
// a line. Units: Unix milliseconds.
#pragma once

#include <array>
#include <atomic>
#include <initializer_list>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

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
  enum class Component { kDaemon, kNet, kSmcp, kAuth, kControl };
  static constexpr size_t kComponents = 5;
  struct LevelOf {
    std::string component;  // empty: all that have none of their own
    std::string level;
    int64_t expires_ms = 0;  // 0: with the next reload
  };
  // A field of a line; `quoted` texts may hold anything.
  struct Field {
    std::string_view key;
    std::string value;
    bool text = true;
  };

  explicit DaemonLog(const config::v1::Log& config);
  ~DaemonLog() override;

  void Write(Level level, std::string_view message, std::initializer_list<Field> fields = {}) {
    Write(Component::kDaemon, level, message, fields);
  }
  void Write(Component component, Level level, std::string_view message,
             std::initializer_list<Field> fields = {});
  // One entry of the audit, a JSON object on one line.
  void Audit(std::string_view json);
  void Flush();

  // A reload: levels that were set without an expiry end.
  void Configure(const config::v1::Log& config);
  static std::vector<std::string> Components();
  // An empty level takes back what was set. False: there is no such component or level.
  bool SetLevel(const std::string& component, const std::string& level, int64_t expires_ms);
  // All components and "" for the rest, with what holds for each now.
  std::vector<LevelOf> Levels() const;
  // Ends levels whose time is up; to be called now and then.
  void Expire(int64_t now_ms);

  void SessionEnded(const SessionFacts& facts) override;
  void Record(const LogEvent& event) override;

 private:
  // Lines of one format; both exist, so that the format can change between two lines.
  struct Style {
    std::array<std::shared_ptr<spdlog::logger>, kComponents> loggers;
    std::shared_ptr<spdlog::logger> audit;
  };
  static Style MakeStyle(bool json);
  const Style& style() const { return styles_[json_.load(std::memory_order_relaxed) ? 1 : 0]; }
  bool Wants(Component component, Level level) const;
  void ApplyLevels();  // with the lock

  const std::array<Style, 2> styles_;
  std::atomic<bool> json_{false};
  mutable std::mutex mutex_;
  std::string level_;                         // of the configuration
  std::map<std::string, LevelOf> overrides_;  // by component
};

}  // namespace smcp
