#include "gateway/daemon/log.h"

#include <spdlog/spdlog.h>

#include <algorithm>

#include "gateway/codec/json_text.h"
#include "gateway/daemon/log_sink.h"

namespace smcp {
namespace {

// In the order of DaemonLog::Component.
constexpr std::array<std::string_view, DaemonLog::kComponents> kComponentNames = {
    "daemon", "net", "smcp", "auth", "control"};
constexpr std::array<std::string_view, 6> kLevels = {"trace", "debug", "info",
                                                     "warn",  "error", "off"};

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
    : styles_{MakeStyle(/*json=*/false), MakeStyle(/*json=*/true)} {
  Configure(config);
}

DaemonLog::~DaemonLog() { Flush(); }

DaemonLog::Style DaemonLog::MakeStyle(bool json) {
  const auto sink = std::make_shared<BufferedStderr>();
  const auto make = [&](std::string_view name) {
    auto logger = std::make_shared<spdlog::logger>(std::string(name), sink);
    logger->flush_on(spdlog::level::warn);
    return logger;
  };
  Style style;
  for (size_t i = 0; i < kComponents; ++i) style.loggers[i] = make(kComponentNames[i]);
  style.audit = make("audit");
  style.audit->set_level(spdlog::level::info);
  style.audit->flush_on(spdlog::level::info);
  style.audit->set_pattern(
      json ? R"({"ts":"%Y-%m-%dT%H:%M:%S.%e%z","component":"%n","level":"%l",%v})"
           : "%Y-%m-%dT%H:%M:%S.%e%z %n %l %v");
  return style;
}

void DaemonLog::Flush() {
  for (const Style& style : styles_) style.audit->flush();
}

void DaemonLog::Configure(const config::v1::Log& config) {
  const std::lock_guard lock(mutex_);
  level_ = config.level();
  std::erase_if(overrides_, [](const auto& item) { return item.second.expires_ms == 0; });
  ApplyLevels();
  const bool json = config.format() == "json";
  if (json_.exchange(json) != json) Flush();  // lines stay in order
}

std::vector<std::string> DaemonLog::Components() {
  return {kComponentNames.begin(), kComponentNames.end()};
}

bool DaemonLog::SetLevel(const std::string& component, const std::string& level,
                         int64_t expires_ms) {
  const auto& names = kComponentNames;
  if (!component.empty() && std::find(names.begin(), names.end(), component) == names.end()) {
    return false;
  }
  if (!level.empty() && std::find(kLevels.begin(), kLevels.end(), level) == kLevels.end()) {
    return false;
  }
  const std::lock_guard lock(mutex_);
  if (level.empty()) {
    overrides_.erase(component);
  } else {
    overrides_[component] = {component, level, expires_ms};
  }
  ApplyLevels();
  return true;
}

std::vector<DaemonLog::LevelOf> DaemonLog::Levels() const {
  const std::lock_guard lock(mutex_);
  const auto of = [&](const std::string& component) -> LevelOf {
    const auto own = overrides_.find(component);
    if (own != overrides_.end()) return own->second;
    const auto rest = overrides_.find("");
    if (rest != overrides_.end()) return {component, rest->second.level, rest->second.expires_ms};
    return {component, level_, 0};
  };
  std::vector<LevelOf> levels = {of("")};
  for (const std::string_view name : kComponentNames) levels.push_back(of(std::string(name)));
  return levels;
}

void DaemonLog::Expire(int64_t now_ms) {
  const std::lock_guard lock(mutex_);
  const size_t gone = std::erase_if(overrides_, [&](const auto& item) {
    return item.second.expires_ms != 0 && item.second.expires_ms <= now_ms;
  });
  if (gone != 0) ApplyLevels();
}

void DaemonLog::ApplyLevels() {
  const auto rest = overrides_.find("");
  for (size_t i = 0; i < kComponents; ++i) {
    const auto own = overrides_.find(std::string(kComponentNames[i]));
    const std::string& level = own != overrides_.end()    ? own->second.level
                               : rest != overrides_.end() ? rest->second.level
                                                          : level_;
    for (const Style& style : styles_) {
      style.loggers[i]->set_level(spdlog::level::from_str(level));
    }
  }
}

bool DaemonLog::Wants(Component component, Level level) const {
  return style().loggers[static_cast<size_t>(component)]->should_log(ToSpdlog(level));
}

void DaemonLog::Audit(std::string_view json) {
  const bool as_json = json_.load(std::memory_order_relaxed);
  const std::string line = (as_json ? "\"audit\":" : "") + std::string(json);
  style().audit->info(spdlog::string_view_t(line.data(), line.size()));
}

void DaemonLog::Write(Component component, Level level, std::string_view message,
                      std::initializer_list<Field> fields) {
  if (!Wants(component, level)) return;
  const bool json = json_.load(std::memory_order_relaxed);
  std::string line;
  if (json) {
    line.append("\"msg\":");
    json::AppendQuoted(&line, message);
  } else {
    line.append(message);
  }
  for (const Field& field : fields) {
    if (field.text && field.value.empty()) continue;
    line.append(json ? ",\"" : " ").append(field.key).append(json ? "\":" : "=");
    if (field.text) {
      json::AppendQuoted(&line, field.value);
    } else {
      line.append(field.value);
    }
  }
  const Style& lines = styles_[json ? 1 : 0];
  lines.loggers[static_cast<size_t>(component)]->log(
      ToSpdlog(level), spdlog::string_view_t(line.data(), line.size()));
}

void DaemonLog::SessionEnded(const SessionFacts& facts) {
  if (!Wants(Component::kNet, Level::kInfo)) return;
  Write(Component::kNet, Level::kInfo, "connection ended",
        {Text("reason", sio::ReasonText(facts.reason)),
         Text("address", std::string(facts.address) + ":" + std::to_string(facts.port)),
         Text("transport", facts.websocket ? "websocket" : "polling"),
         Number("ms", facts.duration_ms), Number("in", static_cast<int64_t>(facts.packets_in)),
         Number("out", static_cast<int64_t>(facts.packets_out)),
         Number("ignored", static_cast<int64_t>(facts.ignored_in))});
}

void DaemonLog::Record(const LogEvent& event) {
  const auto [level, message] = Describe(event.kind);
  const Component component =
      event.kind == LogEvent::Kind::kAuthenticationFailed ? Component::kAuth : Component::kSmcp;
  if (!Wants(component, level)) return;
  Write(component, level, message,
        {Text("role", event.role == Role::kNone ? "" : RoleName(event.role)),
         Text("name", event.name), Text("office", event.office),
         Text("address", event.remote_address), Text("detail", event.detail)});
}

}  // namespace smcp
