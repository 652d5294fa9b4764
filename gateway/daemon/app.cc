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

App::App(config::EffectiveConfig effective)
    : effective_(std::move(effective)),
      config_(effective_.config),
      log_(std::make_shared<DaemonLog>(config_.log())) {}

App::~App() = default;

absl::Status App::Build() {
  std::shared_ptr<AuthenticationProvider> auth;
  if (config_.auth().provider() == "none") {
    auth = std::make_shared<NoAuthenticationProvider>();
    warnings_.push_back("authentication is off: everybody may connect");
  } else {
    auto secret = config::LoadSecret(config_);
    if (!secret.ok()) return secret.status();
    warnings_ = secret->warnings;
    if (secret->value.empty()) {
      SystemRandom random;
      secret->value = made_secret_ = config::RandomSecret(random);
    }
    auth = std::make_shared<DefaultAuthenticationProvider>(
        ApiKeyOptionsFrom(config_, std::move(secret->value)));
  }
  SmcpOptions options = SmcpOptionsFrom(config_);
  options.log = log_;
  domain_ =
      SmcpDomain::Create(std::move(options), std::move(auth), std::make_shared<LocalBackplane>());
  sio::ServerOptions server_options = ServerOptionsFrom(config_);
  server_options.log = log_.get();
  server_ = std::make_unique<sio::Server>(std::move(server_options));
  server_->Register("/smcp", SmcpNamespace::Factory(domain_));
  return BuildListeners();
}

absl::Status App::BuildListeners() {
  listener_ = ListenerFor(config_.listen().address());
  const auto& paths = config_.listen().paths();
  if (absl::Status status = server_->Attach(*listener_, {paths.begin(), paths.end()});
      !status.ok()) {
    return absl::UnavailableError("listen.address: " + std::string(status.message()));
  }
  if (config_.admin().address().empty()) return absl::OkStatus();
  admin_ = ListenerFor(config_.admin().address());
  AddHealthRoutes(*admin_);
  if (absl::Status status = server_->AttachRoutes(*admin_); !status.ok()) {
    return absl::UnavailableError("admin.address: " + std::string(status.message()));
  }
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
        const bool draining = draining_;
        const std::string status = draining ? "draining" : "ready";
        const unsigned code = draining ? 503 : 200;
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
    std::fill(made_secret_.begin(), made_secret_.end(), '\0');
    made_secret_.clear();
  }
  std::cout << "smcp-gateway ready listen=" << Name(listener_.get())
            << " admin=" << Name(admin_.get()) << std::endl;
}

int App::Run() {
  const sigset_t signals = StopSignals();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  signal(SIGPIPE, SIG_IGN);
  RaiseDescriptorLimit();
  if (const absl::Status status = Build(); !status.ok()) {
    std::cerr << "smcp-gateway: " << std::string(status.message()) << std::endl;
    return 2;
  }
  server_->Start();
  for (const std::string& warning : warnings_) log_->Write(DaemonLog::Level::kWarn, warning);
  Announce();
  const int signal_number = WaitForStop();
  log_->Write(DaemonLog::Level::kInfo, "stopping",
              {{"signal", signal_number == SIGTERM ? "SIGTERM" : "SIGINT", true}});
  Drain();
  server_->Stop(insisted_ ? Millis(0) : kGoodbye);
  log_->Write(DaemonLog::Level::kInfo, "stopped");
  log_->Flush();
  return 0;
}

int App::WaitForStop() {
  const sigset_t signals = StopSignals();
  MemoryTrim trim;
  for (;;) {
    const timespec pause{0, kHousekeeping.count() * 1'000'000};
    const int signal_number = sigtimedwait(&signals, nullptr, &pause);
    if (signal_number > 0) return signal_number;
    log_->Flush();
    if (trim.Observe(server_->sessions())) malloc_trim(0);
  }
}

void App::Drain() {
  draining_ = true;
  WaitFor(config::ToMillis(config_.drain().propagation_delay()), [] { return false; });
  server_->StopAccepting();
  domain_->BeginDrain();
  auto idle = std::make_shared<std::atomic<bool>>(false);
  domain_->WhenIdle([idle] { idle->store(true); });
  const bool done =
      WaitFor(config::ToMillis(config_.drain().timeout()), [idle] { return idle->load(); });
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
