#include "gateway/daemon/app.h"

#include <malloc.h>
#include <signal.h>
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <iostream>

#include "gateway/auth/api_key_auth.h"
#include "gateway/auth/no_auth.h"
#include "gateway/backplane/local_backplane.h"
#include "gateway/daemon/config_text.h"
#include "gateway/daemon/control_settings.h"
#include "gateway/daemon/memory_trim.h"
#include "gateway/daemon/secret.h"
#include "gateway/daemon/settings.h"
#include "gateway/smcp/smcp_namespace.h"

namespace smcp {
namespace {

// How long clients get to read their good-bye.
constexpr Millis kGoodbye{1000};
// How long a line of the log waits at most; then it is also looked whether a crowd has gone.
constexpr Millis kHousekeeping{200};

sigset_t StopSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  return signals;
}

sigset_t HandledSignals() {
  sigset_t signals = StopSignals();
  sigaddset(&signals, SIGHUP);
  return signals;
}

// Every connection is a descriptor, and the soft limit of most systems is far below the hard one.
void RaiseDescriptorLimit() {
  rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == limit.rlim_max) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

std::unique_ptr<net::Listener> ListenerFor(const std::string& address) {
  const auto parsed = config::ParseAddress(address);  // was checked when it was loaded
  return std::make_unique<net::Listener>(parsed->host, parsed->port);
}

std::string Name(const net::Listener* listener) {
  if (listener == nullptr) return "off";
  const bool v6 = listener->host().find(':') != std::string::npos;
  return (v6 ? "[" + listener->host() + "]" : listener->host()) + ":" +
         std::to_string(listener->port());
}

}  // namespace

App::App(config::ConfigSources sources) : sources_(std::move(sources)) {}

App::~App() = default;

absl::StatusOr<std::shared_ptr<AuthenticationProvider>> App::MakeAuth(
    const config::GatewayConfig& config, bool may_make_secret) {
  if (config.auth().provider() == "none") return std::make_shared<NoAuthenticationProvider>();
  auto secret = config::LoadSecret(config);
  if (!secret.ok()) return secret.status();
  for (const std::string& warning : secret->warnings) warnings_.push_back(warning);
  if (secret->value.empty()) {
    if (made_secret_.empty() && !may_make_secret) {
      return config::Invalid(
          {"auth.api_key.admin_secret(_file): no secret is configured, and one "
           "is made at start only"});
    }
    SystemRandom random;
    if (made_secret_.empty()) made_secret_ = config::RandomSecret(random);
    secret->value = made_secret_;
  }
  return std::make_shared<DefaultAuthenticationProvider>(
      ApiKeyOptionsFrom(config, std::move(secret->value)));
}

absl::Status App::Build() {
  const std::shared_ptr<const config::EffectiveConfig> effective = config_->current();
  const config::GatewayConfig& config = effective->config;
  auto auth = MakeAuth(config, /*may_make_secret=*/true);
  if (!auth.ok()) return auth.status();
  if (config.auth().provider() == "none") {
    warnings_.push_back("authentication is off: everybody may connect");
  }
  auth_ = std::make_shared<SwitchedAuth>(*std::move(auth));
  SmcpOptions options = SmcpOptionsFrom(config);
  options.log = log_;
  domain_ = SmcpDomain::Create(std::move(options), auth_, std::make_shared<LocalBackplane>());
  sio::ServerOptions server_options = ServerOptionsFrom(config);
  server_options.log = log_.get();
  server_ = std::make_unique<sio::Server>(std::move(server_options));
  server_->Register("/smcp", SmcpNamespace::Factory(domain_));
  config_->SetPrepare([this](const config::EffectiveConfig& next) { return PrepareReload(next); });
  config_->Watch([this](const control::ConfigEvent& event) { LogConfigEvent(event); });
  return BuildListeners();
}

absl::Status App::BuildListeners() {
  const std::shared_ptr<const config::EffectiveConfig> effective = config_->current();
  const config::GatewayConfig& config = effective->config;
  listener_ = ListenerFor(config.listen().address());
  const auto& paths = config.listen().paths();
  if (absl::Status status = server_->Attach(*listener_, {paths.begin(), paths.end()});
      !status.ok()) {
    return absl::UnavailableError("listen.address: " + std::string(status.message()));
  }
  if (!config.admin().address().empty()) {
    admin_ = ListenerFor(config.admin().address());
    AddHealthRoutes(*admin_);
    if (absl::Status status = server_->AttachRoutes(*admin_); !status.ok()) {
      return absl::UnavailableError("admin.address: " + std::string(status.message()));
    }
  }
  return BuildControl();
}

absl::Status App::BuildControl() {
  drain_ = std::make_unique<NodeDrain>(
      NodeDrain::Gateway{&domain_->inspect(), &domain_->admin(),
                         [this](bool on) {
                           server_->SetDraining(on);
                           if (control_ != nullptr) control_->SetServing(!on);
                         },
                         [this](bool on) { on ? domain_->BeginDrain() : domain_->EndDrain(); }});
  node_ = std::make_unique<NodeControl>(NodeControl::Parts{
      domain_.get(), config_.get(), log_.get(), drain_.get(), server_->scheduler().shard_count()});
  const std::shared_ptr<const config::EffectiveConfig> effective = config_->current();
  const config::v1::Control& settings = effective->config.control();
  if (settings.address().empty()) return absl::OkStatus();
  if (absl::Status allowed = JudgeControl(effective->config, &warnings_); !allowed.ok()) {
    return allowed;
  }
  absl::StatusOr<control::ServerOptions> options = ControlOptionsFrom(effective->config);
  if (!options.ok()) return options.status();
  options->audit_sink = [log = log_,
                         path = settings.audit_file()](const control::v1::AuditEntry& entry) {
    const std::string line = control::AuditLine(entry);
    if (!path.empty() && AppendLine(path, line)) return;
    log->Audit(line);
  };
  if (!settings.audit_file().empty() && !AppendLine(settings.audit_file(), "")) {
    return config::Invalid({"control.audit_file: ", settings.audit_file(),
                            ": cannot be written; give a file in a directory that the gateway may "
                            "write"});
  }
  control_ = std::make_unique<ControlPlane>(
      *std::move(options), ControlPlane::Parts{&domain_->inspect(), &domain_->admin(),
                                               config_.get(), node_.get(), log_.get()});
  return absl::OkStatus();
}

void App::AddHealthRoutes(net::Listener& listener) {
  const auto reply = [](unsigned status, std::string body) {
    net::HttpReply http;
    http.status = status;
    http.content_type = "application/json";
    http.body = std::move(body) + "\n";
    http.headers.emplace_back("cache-control", "no-store");
    return http;
  };
  // Alive is: every shard's event loop turns. The answer is their answer, so a loop that hangs
  // shows as a probe that times out.
  listener.AddAsyncRoute("/livez", [this, reply](const net::HttpRequest&, net::RouteDone done) {
    domain_->CountAll([reply, done = std::move(done)](Counts) mutable {
      std::move(done)(reply(200, R"({"status":"alive"})"));
    });
  });
  listener.AddAsyncRoute(
      "/readyz", [this, reply](const net::HttpRequest& request, net::RouteDone done) {
        const bool is_draining = draining();
        const std::string status = is_draining ? "draining" : "ready";
        const unsigned code = is_draining ? 503 : 200;
        if (request.query.find("verbose") == std::string::npos) {
          return std::move(done)(reply(code, R"({"status":")" + status + "\"}"));
        }
        const uint32_t connections = server_->sessions();
        domain_->CountAll(
            [reply, code, status, connections, done = std::move(done)](Counts counts) mutable {
              const auto field = [](std::string_view name, size_t value) {
                return ",\"" + std::string(name) + "\":" + std::to_string(value);
              };
              std::move(done)(reply(
                  code, R"({"status":")" + status + R"(","counts":{"connections":)" +
                            std::to_string(connections) + field("sessions", counts.connections) +
                            field("members", counts.members) + field("offices", counts.offices) +
                            field("seats", counts.seats) +
                            field("calls_in_flight", counts.calls_in_flight) +
                            field("calls_pending", counts.calls_pending) + "}}"));
            });
      });
}

void App::Announce() {
  if (!made_secret_.empty()) {
    std::cout << "admin secret: " << made_secret_
              << "\n  made for this start, because auth.api_key.admin_secret(_file) is not set; "
                 "clients send it as header x-api-key or as auth {\"token\": ...}\n";
  }
  std::cout << "smcp-gateway ready listen=" << Name(listener_.get())
            << " admin=" << Name(admin_.get())
            << " control=" << (control_ == nullptr ? "off" : control_->address()) << std::endl;
}

int App::Run() {
  const sigset_t signals = HandledSignals();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  signal(SIGPIPE, SIG_IGN);
  RaiseDescriptorLimit();
  const auto refuse = [](const absl::Status& status) {
    std::cerr << "smcp-gateway: " << std::string(status.message()) << std::endl;
    return 2;
  };
  auto opened = config::ConfigStore::Open(sources_, SystemFiles(), UnixNowMs);
  if (!opened.ok()) return refuse(opened.status());
  config_ = *std::move(opened);
  log_ = std::make_shared<DaemonLog>(config_->current()->config.log());
  if (const absl::Status status = Build(); !status.ok()) return refuse(status);
  server_->Start();
  // Taken out first: from its start on the control plane may reload, which fills them anew.
  const std::vector<std::string> warnings = std::exchange(warnings_, {});
  if (control_ != nullptr) {
    if (const absl::Status status = control_->Start(); !status.ok()) {
      return refuse(absl::UnavailableError("control.address: " + std::string(status.message())));
    }
  }
  for (const std::string& warning : warnings) log_->Write(DaemonLog::Level::kWarn, warning);
  Announce();
  const int signal_number = WaitForStop();
  log_->Write(DaemonLog::Level::kInfo, "stopping",
              {{"signal", signal_number == SIGTERM ? "SIGTERM" : "SIGINT", true}});
  Drain();
  if (control_ != nullptr) control_->Shutdown(insisted_ ? 0 : kGoodbye.count());
  server_->Stop(insisted_ ? Millis(0) : kGoodbye);
  log_->Write(DaemonLog::Level::kInfo, "stopped");
  log_->Flush();
  return 0;
}

absl::StatusOr<config::ConfigStore::BringIn> App::PrepareReload(
    const config::EffectiveConfig& next) {
  warnings_.clear();
  auto auth = MakeAuth(next.config, /*may_make_secret=*/false);
  if (!auth.ok()) return auth.status();
  std::vector<std::string> notices;
  if (absl::Status allowed = JudgeControl(next.config, &notices); !allowed.ok()) return allowed;
  absl::Status kept = JudgeCredentials(config_->current()->config.control(), next.config.control());
  if (!kept.ok()) return kept;
  absl::StatusOr<control::AccessOptions> access = AccessOptionsFrom(next.config);
  if (!access.ok()) return access.status();
  return config::ConfigStore::BringIn(
      [this, auth = *std::move(auth), access = *std::move(access),
       server_options = ServerOptionsFrom(next.config), smcp_options = SmcpOptionsFrom(next.config),
       log = next.config.log(), allow_invoke = next.config.control().allow_invoke()] {
        auth_->Switch(auth);
        server_->Reconfigure(server_options);
        domain_->Reconfigure(smcp_options);
        if (control_ != nullptr) control_->Reconfigure(access, allow_invoke);
        log_->Configure(log);
      });
}

void App::Reload() {
  for (const control::ConfigFinding& finding : config_->Reload().findings) {
    if (finding.is_error) continue;  // told already
    log_->Write(DaemonLog::Level::kWarn, finding.key + " " + finding.message);
  }
}

void App::LogConfigEvent(const control::ConfigEvent& event) {
  if (!event.applied) {
    return log_->Write(DaemonLog::Level::kWarn, "configuration refused, the old one stays",
                       {{"why", event.rejected, true}});
  }
  std::string keys;
  for (const std::string& key : event.applied->changed_keys) {
    keys += (keys.empty() ? "" : " ") + key;
  }
  log_->Write(
      DaemonLog::Level::kInfo, "configuration in force",
      {{"generation", std::to_string(event.applied->generation), false}, {"changed", keys, true}});
  for (const std::string& warning : warnings_) log_->Write(DaemonLog::Level::kWarn, warning);
}

bool App::draining() const { return draining_ || drain_->draining(); }

int App::WaitForStop() {
  const sigset_t signals = HandledSignals();
  MemoryTrim trim;
  for (;;) {
    const int64_t pause_ms = drain_->draining() ? NodeDrain::kTickMs : kHousekeeping.count();
    const timespec pause{0, pause_ms * 1'000'000};
    const int signal_number = sigtimedwait(&signals, nullptr, &pause);
    if (signal_number == SIGHUP) {
      Reload();
    } else if (signal_number > 0) {
      return signal_number;
    }
    drain_->Tick(SteadyNowMs());
    log_->Expire(UnixNowMs());
    log_->Flush();
    if (trim.Observe(server_->sessions())) malloc_trim(0);
  }
}

void App::Drain() {
  draining_ = true;
  drain_->Freeze();
  if (control_ != nullptr) control_->SetServing(false);
  const std::shared_ptr<const config::EffectiveConfig> effective = config_->current();
  const config::v1::Drain& settings = effective->config.drain();
  WaitFor(config::ToMillis(settings.propagation_delay()), [] { return false; });
  server_->StopAccepting();
  domain_->BeginDrain();
  auto idle = std::make_shared<std::atomic<bool>>(false);
  domain_->WhenIdle([idle] { idle->store(true); });
  const bool done = WaitFor(config::ToMillis(settings.timeout()), [idle] { return idle->load(); });
  if (!done) log_->Write(DaemonLog::Level::kWarn, "calls in flight are given up");
}

bool App::WaitFor(Millis limit, const std::function<bool()>& done) {
  const sigset_t signals = StopSignals();
  const auto deadline = std::chrono::steady_clock::now() + limit;
  while (!insisted_ && !done()) {
    if (std::chrono::steady_clock::now() >= deadline) return false;
    const timespec pause{0, 5'000'000};
    if (sigtimedwait(&signals, nullptr, &pause) > 0) insisted_ = true;
  }
  return done();
}

}  // namespace smcp
