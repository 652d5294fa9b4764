#include "clients/bench/options.h"

#include <netdb.h>
#include <netinet/in.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstring>

namespace smcp_bench {
namespace {

constexpr const char* kFooter = R"(
Workloads:
  relay          tool calls from one Agent to one Computer in each office; every byte is compared
  polling        relay, with everybody on long-polling
  idle           joined connections that only answer heartbeats
  fanout         one office: the storm of joins, then notifications to everybody
  churn          connect, join, leave, disconnect
  connect-storm  connect and join as fast as possible

Exit codes: 0 all well, 1 something was lost, wrong or refused, 2 usage, 3 the run could not start.)";

void AddTargetOptions(CLI::App* app, Options* o) {
  app->add_option("workload", o->workload, "what to do")
      ->required()
      ->check(CLI::IsMember({"relay", "polling", "idle", "fanout", "churn", "connect-storm"}));
  app->add_option("--url", o->url, "http://HOST:PORT of the server")->required();
  app->add_option("--path", o->path, "path of Engine.IO")->capture_default_str();
  app->add_option("--namespace", o->namespace_name, "Socket.IO namespace")->capture_default_str();
  app->add_option("--token", o->token, "secret, sent as {\"token\":..} in the auth object");
  app->add_option("--header", o->headers, "'name: value' for every request; may be repeated")
      ->allow_extra_args(false);
  app->add_option("--a2c-version", o->a2c_version, "protocol version to declare");
  app->add_option("--transport", o->transport, "websocket or polling")
      ->check(CLI::IsMember({"websocket", "polling"}))
      ->capture_default_str();
  app->add_option("--server-pid", o->server_pid, "process whose CPU and memory are measured")
      ->check(CLI::PositiveNumber);
  app->add_option("--server-name", o->server_name, "name for the report")->capture_default_str();
}

void AddLoadOptions(CLI::App* app, Options* o) {
  app->add_option("--seconds", o->seconds, "length of the measured window; default 10")
      ->check(CLI::Range(0.1, 600.0));
  app->add_option("--operations", o->operations, "end after so many operations")
      ->check(CLI::Range(1, 100'000'000));
  app->add_option("--warmup", o->warmup, "seconds before the measured window (relay)")
      ->check(CLI::Range(0.0, 60.0))
      ->capture_default_str();
  app->add_option("--deadline", o->deadline,
                  "seconds the whole run may take; default: 300 and the time it was told to take")
      ->check(CLI::Range(1.0, 1500.0));
  app->add_option("--offices", o->offices, "relay: offices, each an Agent and a Computer")
      ->check(CLI::Range(1, 10'000))
      ->capture_default_str();
  app->add_option("--outstanding", o->outstanding, "relay: calls in flight in each office")
      ->check(CLI::Range(1, 1'000))
      ->capture_default_str();
  app->add_option("--bytes", o->bytes, "relay: size of the request object and of the answer object")
      ->check(CLI::Range(160, 900'000))
      ->capture_default_str();
  app->add_option("--rate", o->rate,
                  "relay: calls per second, whether answered or not (open loop); churn: lives "
                  "per second at most")
      ->check(CLI::Range(0.1, 1e6));
  app->add_option("--connections", o->connections, "idle, connect-storm: how many")
      ->check(CLI::Range(1, 20'000))
      ->capture_default_str();
  app->add_option("--hold", o->hold, "idle: seconds to hold them")
      ->check(CLI::Range(0.1, 600.0))
      ->capture_default_str();
  app->add_option("--members", o->members,
                  "members of an office; default: idle 2, connect-storm 1, fanout 2000")
      ->check(CLI::Range(1, 20'000));
  app->add_option("--concurrency", o->concurrency, "connections being made at a time")
      ->check(CLI::Range(1, 1'000))
      ->capture_default_str();
  app->add_option("--sources", o->sources, "addresses 127.0.0.x to connect from")
      ->check(CLI::Range(1, 250))
      ->capture_default_str();
  app->add_flag("--join-together", o->join_together,
                "fanout: connect everybody first, then let all join at once");
  app->add_flag("--drop-all", o->drop_all, "idle: close all at once at the end, watch memory");
  app->add_flag("--json", o->json, "one line of JSON at the end of stdout");
  app->add_flag("--quiet", o->quiet, "no table and no progress");
}

std::string Resolve(const std::string& authority, Endpoint* endpoint) {
  const size_t colon = authority.rfind(':');
  if (colon == std::string::npos) return "the URL needs a port";
  std::string host = authority.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int error = getaddrinfo(host.c_str(), authority.c_str() + colon + 1, &hints, &found);
  if (error != 0) return authority + ": " + gai_strerror(error);
  std::memcpy(&endpoint->address, found->ai_addr, found->ai_addrlen);
  endpoint->length = found->ai_addrlen;
  freeaddrinfo(found);
  return "";
}

bool IsPlain(std::string_view text) {
  for (char c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f || c == '"' || c == '\\') return false;
  }
  return true;
}

}  // namespace

std::optional<Options> ParseOptions(int argc, char** argv, int* exit_code) {
  Options options;
  CLI::App app("Loads an SMCP server, checks every answer, and measures.", "smcp-bench");
  app.footer(kFooter);
  AddTargetOptions(&app, &options);
  AddLoadOptions(&app, &options);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    *exit_code = app.exit(error) == 0 ? 0 : 2;
    return std::nullopt;
  }
  if (options.seconds == 0) options.seconds = options.operations > 0 ? 60 : 10;
  if (options.deadline == 0) {
    options.deadline = 300 + options.warmup + std::max(options.seconds, options.hold);
  }
  if (options.workload == "polling") options.transport = "polling";
  return options;
}

std::string FillTarget(const Options& options, Target* target) {
  constexpr std::string_view kScheme = "http://";
  if (!options.url.starts_with(kScheme)) return "the URL must begin with http://";
  const std::string rest = options.url.substr(kScheme.size());
  target->host = rest.substr(0, rest.find('/'));
  if (std::string why = Resolve(target->host, &target->endpoint); !why.empty()) return why;

  if (!IsPlain(options.token)) return "the token may not hold quotes or control characters";
  if (!options.path.starts_with('/') || !options.namespace_name.starts_with('/')) {
    return "path and namespace begin with /";
  }
  if (options.namespace_name.size() < 2 || options.namespace_name.find(',') != std::string::npos) {
    return "the namespace needs a name, without a comma";
  }
  target->path = options.path;
  if (!target->path.ends_with('/')) target->path += '/';
  target->path += "?EIO=4";
  if (!options.a2c_version.empty()) target->path += "&a2c_version=" + options.a2c_version;
  for (const std::string& header : options.headers) {
    if (header.find(':') == std::string::npos ||
        header.find_first_of("\r\n") != std::string::npos) {
      return "a header is 'name: value'";
    }
    target->header_lines += header + "\r\n";
  }
  target->namespace_name = options.namespace_name;
  target->connect_auth = options.token.empty() ? "{}" : R"({"token":")" + options.token + "\"}";
  return "";
}

}  // namespace smcp_bench
