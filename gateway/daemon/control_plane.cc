#include "gateway/daemon/control_plane.h"

#include <utility>

#include "control/config_service.h"
#include "control/convert_time.h"
#include "control/node_service.h"
#include "gateway/base/strings.h"
#include "gateway/daemon/control_settings.h"
#include "gateway/daemon/process_status.h"

namespace smcp {
namespace {

std::string HostOf(const std::string& address) { return address.substr(0, address.rfind(':')); }

std::string Joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : ",") + word;
  return text;
}

}  // namespace

ControlPlane::ControlPlane(control::ServerOptions options, Parts parts)
    : host_(HostOf(options.address)),
      parts_(parts),
      server_(std::move(options), *parts.inspect, *parts.admin) {
  control::ConfigService::Parts config;
  config.config = parts_.config;
  config.inspect = parts_.inspect;
  config.admin = parts_.admin;
  config.executor = server_.executor();
  config.node_id = NodeName();
  auto config_service = std::make_unique<control::ConfigService>(std::move(config));
  control::NodeService::Parts node;
  node.node = parts_.node;
  node.executor = server_.executor();
  // Streams of the configuration count as watchers, too.
  node.watchers = [this, service = config_service.get()] {
    return server_.watchers() + service->watchers();
  };
  node.changed = [this](const std::string& what) {
    Publish(control::v1::Event::NODE_CHANGED, what);
  };
  server_.Add(std::move(config_service));
  server_.Add(std::make_unique<control::NodeService>(std::move(node)));
  watch_id_ =
      parts_.config->Watch([this](const control::ConfigEvent& event) { OnConfigEvent(event); });
}

ControlPlane::~ControlPlane() { Shutdown(0); }

absl::Status ControlPlane::Start() { return server_.Start(); }

std::string ControlPlane::address() const { return host_ + ":" + std::to_string(server_.port()); }

void ControlPlane::SetServing(bool serving) { server_.SetServing(serving); }

void ControlPlane::Reconfigure(const control::AccessOptions& access, bool allow_invoke) {
  // Checked when it was made.
  (void)server_.SetAccess(access);
  server_.SetAllowInvoke(allow_invoke);
}

void ControlPlane::Shutdown(int64_t within_ms) {
  const uint64_t watch_id = std::exchange(watch_id_, 0);
  if (watch_id == 0) return;
  parts_.config->Unwatch(watch_id);
  server_.Shutdown(within_ms);
}

void ControlPlane::OnConfigEvent(const control::ConfigEvent& event) {
  if (event.applied) {
    Publish(control::v1::Event::CONFIG_CHANGED, "generation " +
                                                    std::to_string(event.applied->generation) +
                                                    ": " + Joined(event.applied->changed_keys));
  } else {
    Publish(control::v1::Event::CONFIG_CHANGED, "rejected: " + event.rejected);
  }
}

void ControlPlane::Publish(control::v1::Event::Kind kind, const std::string& detail) {
  control::v1::Event event;
  event.set_kind(kind);
  *event.mutable_time() = control::TimestampOf(UnixNowMs());
  event.set_detail(detail);
  server_.Publish(std::move(event));
}

}  // namespace smcp
