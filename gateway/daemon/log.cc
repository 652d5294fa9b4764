#include "gateway/daemon/log.h"

#include <spdlog/spdlog.h>

#include "gateway/codec/json_text.h"
#include "gateway/daemon/log_sink.h"

namespace smcp {
namespace {

spdlog::level::level_enum ToSpdlog(DaemonLog::Level level) {
  switch (level) {
    case DaemonLog::Level::kDebug:
      return spdlog::level::debug;
    case DaemonLog::Level::kInfo:
      return spdlog::level::info;
    case DaemonLog::Level::kWarn:
      return spdlog::level::warn;
    case DaemonLog::Level::kError:
      return spdlog::level::err;
  }
  return spdlog::level::info;
}

DaemonLog::Field Text(std::string_view key, std::string_view value) {
  return {key, std::string(value), true};
}

DaemonLog::Field Number(std::string_view key, int64_t value) {
  return {key, std::to_string(value), false};
}

std::pair<DaemonLog::Level, std::string_view> Describe(LogEvent::Kind kind) {
  using Level = DaemonLog::Level;
  switch (kind) {
    case LogEvent::Kind::kAuthenticationFailed:
      return {Level::kWarn, "authentication failed"};
    case LogEvent::Kind::kCrossOffice:
      return {Level::kWarn, "cross-office attempt"};
    case LogEvent::Kind::kRefused:
      return {Level::kWarn, "permission refused"};
    case LogEvent::Kind::kMismatch:
      return {Level::kDebug, "claimed identity differs from the session's"};
    case LogEvent::Kind::kDropped:
      return {Level::kDebug, "event without effect"};
    case LogEvent::Kind::kJoined:
      return {Level::kInfo, "joined"};
    case LogEvent::Kind::kLeft:
      return {Level::kInfo, "left"};
  }
  return {Level::kInfo, ""};
}

}  // namespace

DaemonLog::DaemonLog(const config::v1::Log& config)
    : logger_(std::make_shared<spdlog::logger>("smcp-gateway", std::make_shared<BufferedStderr>())),
      json_(config.format() == "json") {
  logger_->set_pattern(json_ ? R"({"ts":"%Y-%m-%dT%H:%M:%S.%e%z","level":"%l",%v})"
                             : "%Y-%m-%dT%H:%M:%S.%e%z %l %v");
  logger_->set_level(spdlog::level::from_str(config.level()));
  logger_->flush_on(spdlog::level::warn);
}

DaemonLog::~DaemonLog() { logger_->flush(); }

void DaemonLog::Flush() { logger_->flush(); }

bool DaemonLog::Wants(Level level) const { return logger_->should_log(ToSpdlog(level)); }

void DaemonLog::Write(Level level, std::string_view message, std::initializer_list<Field> fields) {
  if (!Wants(level)) return;
  std::string line;
  if (json_) {
    line.append("\"msg\":");
    json::AppendQuoted(&line, message);
  } else {
    line.append(message);
  }
  for (const Field& field : fields) {
    if (field.text && field.value.empty()) continue;
    line.append(json_ ? ",\"" : " ").append(field.key).append(json_ ? "\":" : "=");
    if (field.text) {
      json::AppendQuoted(&line, field.value);
    } else {
      line.append(field.value);
    }
  }
  logger_->log(ToSpdlog(level), spdlog::string_view_t(line.data(), line.size()));
}

void DaemonLog::SessionEnded(const SessionFacts& facts) {
  if (!Wants(Level::kInfo)) return;
  Write(Level::kInfo, "connection ended",
        {Text("reason", sio::ReasonText(facts.reason)),
         Text("address", std::string(facts.address) + ":" + std::to_string(facts.port)),
         Text("transport", facts.websocket ? "websocket" : "polling"),
         Number("ms", facts.duration_ms), Number("in", static_cast<int64_t>(facts.packets_in)),
         Number("out", static_cast<int64_t>(facts.packets_out)),
         Number("ignored", static_cast<int64_t>(facts.ignored_in))});
}

void DaemonLog::Record(const LogEvent& event) {
  const auto [level, message] = Describe(event.kind);
  if (!Wants(level)) return;
  Write(level, message,
        {Text("role", event.role == Role::kNone ? "" : RoleName(event.role)),
         Text("name", event.name), Text("office", event.office),
         Text("address", event.remote_address), Text("detail", event.detail)});
}

}  // namespace smcp
