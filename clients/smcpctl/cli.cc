#include "clients/smcpctl/cli.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <iostream>

#include "clients/smcpctl/text.h"

namespace smcpctl {
namespace {

constexpr const char* kAbout =
    "Shows and steers a running smcp-gateway through its control interface.";
constexpr const char* kFooter = R"(
Examples:
  smcpctl status
  smcpctl sessions ls --office lab --role computer
  smcpctl --endpoint gw.example.com:50051 --token-file ~/.smcp-token offices watch

Every flag that names a setting can be given as SMCPCTL_<FLAG> or in a context; a flag
wins over the environment, that over the context.

Exit codes: 0 done, 1 failed, 2 usage, 3 not found, 4 cannot connect, 5 denied,
6 precondition or changed meanwhile, 7 deadline, 8 partial, 9 invalid configuration,
10 answered no at the prompt, 130 interrupted.)";

template <class T>
std::function<void(const T&)> Into(std::optional<T>* out) {
  return [out](const T& value) { *out = value; };
}

}  // namespace

Cli::Cli() : app_(kAbout, "smcpctl") {
  app_.footer(kFooter);
  app_.fallthrough();
  app_.require_subcommand(1);
  app_.get_formatter()->column_width(34);
  AddConnectionFlags();
  AddOutputFlags();
  AddListFlags();
  AddChangeFlags();
}

void Cli::AddConnectionFlags() {
  const std::string group = "Connection";
  Settings* s = &flags_.settings;
  const auto text = [&](const char* name, std::optional<std::string>* out, const char* help) {
    return app_.add_option_function<std::string>(name, Into(out), help)->group(group);
  };
  text("-s,--endpoint", &s->endpoint,
       "HOST:PORT of the control interface, or several with commas; default 127.0.0.1:50051");
  app_.add_option("--context", flags_.context, "the context to use")->group(group);
  auto* token = text("--token", &s->token, "credential, or env://NAME, file://PATH, exec://CMD");
  app_.add_option("--token-file", token_file_, "file with the credential")
      ->group(group)
      ->excludes(token);
  auto* tls = app_.add_flag("--tls", tls_, "use TLS (the default but on loopback)")->group(group);
  app_.add_flag("--plaintext", plaintext_, "use no TLS")->group(group)->excludes(tls);
  text("--cacert", &s->cacert, "PEM file of the authorities to trust");
  text("--cert", &s->cert, "PEM file of the client certificate");
  text("--key", &s->key, "PEM file of its key");
  text("--server-name", &s->server_name, "name to expect in the gateway's certificate");
  app_.add_flag("--insecure-skip-verify", skip_verify_, "do not check the gateway's certificate")
      ->group(group);
  text("--timeout", &s->timeout, "limit of a call, such as 5s; default 10s; watches have none");
}

void Cli::AddOutputFlags() {
  const std::string group = "Output";
  Settings* s = &flags_.settings;
  app_.add_option_function<std::string>("-o,--output", Into(&s->output),
                                        "table, wide, json, jsonl, yaml or name")
      ->check(CLI::IsMember({"table", "wide", "json", "jsonl", "yaml", "name"}))
      ->group(group);
  app_.add_flag("--no-headers", flags_.no_headers, "tables without their first line")->group(group);
  app_.add_option_function<std::string>("--color", Into(&s->color),
                                        "auto, always or never; NO_COLOR counts, too")
      ->check(CLI::IsMember({"auto", "always", "never"}))
      ->group(group);
  app_.add_flag("--utc", flags_.utc, "points in time in UTC")->group(group);
  app_.add_flag("-v,--verbose", flags_.verbose, "log calls to stderr, tokens redacted")
      ->group(group);
}

void Cli::AddListFlags() {
  const std::string group = "Lists and watches";
  Shared(app_.add_option("--filter", flags_.filter, "expression such as 'inflight_calls > 0'")
             ->group(group),
         kTakesFilter);
  Shared(app_.add_option("--sort-by", flags_.sort_by, "a column's title; -TITLE for the reverse")
             ->group(group),
         kTakesSort);
  auto* limit = app_.add_option("--limit", flags_.limit,
                                "rows, default 100; ends a watch after so many changes")
                    ->check(CLI::Range(1, 1'000'000'000))
                    ->group(group);
  Shared(limit, kTakesLimit | kTakesCount);
  Shared(app_.add_flag("--all", flags_.all, "all rows")->group(group)->excludes(limit),
         kTakesLimit);
  Shared(app_.add_flag("-w,--watch", flags_.watch, "stay, and show what changes")->group(group),
         kTakesWatch);
}

void Cli::AddChangeFlags() {
  const std::string group = "Changes";
  Shared(app_.add_flag("--dry-run", flags_.dry_run, "only check what would happen")->group(group),
         kTakesDryRun);
  Shared(
      app_.add_flag("--force", flags_.force, "do it, after a preview has shown what")->group(group),
      kTakesForce);
  Shared(app_.add_flag("--yes", flags_.yes, "do not ask")->group(group), kTakesYes);
  Shared(app_.add_option("--reason", flags_.reason, "why, for the audit log")->group(group),
         kTakesReason);
  Shared(app_.add_option("--request-id", flags_.request_id,
                         "UUID; repeated within 10 minutes it changes nothing again")
             ->group(group),
         kTakesReason);
}

void Cli::Shared(CLI::Option* option, unsigned takes) { shared_.emplace_back(option, takes); }

CLI::App* Cli::Group(const char* name, const char* help) {
  CLI::App* group = app_.add_subcommand(name, help);
  group->require_subcommand(1);
  group->footer("\nExample:\n  smcpctl " + std::string(name) + " COMMAND --help");
  return group;
}

CLI::App* Cli::Add(CLI::App* group, const CommandText& text, Run run) {
  CLI::App* command = (group == nullptr ? &app_ : group)->add_subcommand(text.name, text.help);
  std::string footer = "\nExamples:\n";
  for (const char* c = text.example; *c != '\0';) {
    const std::string_view rest(c);
    const std::string_view line = rest.substr(0, rest.find('\n'));
    footer += "  " + std::string(line) + "\n";
    c += line.size() + (line.size() < rest.size() ? 1 : 0);
  }
  std::vector<std::string> names;
  for (const auto& [option, takes] : shared_) {
    if ((takes & text.takes) != 0) names.push_back(option->get_name());
  }
  footer += names.empty() ? "\n" : "\nTakes also " + Join(names, ", ") + ",\n";
  footer += std::string(names.empty() ? "Takes also" : "and") +
            " the flags of connection and output: 'smcpctl --help' explains them.";
  command->footer(footer);
  commands_[command] = {text.takes, std::move(run)};
  return command;
}

absl::Status Cli::CheckFlags(const Command& command) const {
  for (const auto& [option, takes] : shared_) {
    if (option->count() > 0 && (takes & command.takes) == 0) {
      return UsageError("this command takes no " + option->get_name());
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<Settings> Cli::EffectiveSettings() const {
  const GetEnv get = [](const char* name) { return std::getenv(name); };
  auto environment = FromEnvironment(get);
  if (!environment.ok()) return environment.status();
  const char* named = std::getenv("SMCPCTL_CONTEXT");
  std::string context = !flags_.context.empty() ? flags_.context : named == nullptr ? "" : named;
  auto file = LoadContexts(ContextPath(get));
  if (!file.ok()) return file.status();
  if (context.empty()) context = file->current;
  Settings base;
  if (!context.empty()) {
    auto found = FindContext(*file, context);
    if (!found.ok()) return found.status();
    base = *std::move(found);
  }
  return Overlay(Overlay(base, *environment), flags_.settings);
}

absl::StatusOr<OutputOptions> Cli::MakeOutput(const Settings& settings) const {
  OutputOptions options;
  const std::string name = settings.output.value_or("table");
  const auto format = ParseFormat(name);
  if (!format.has_value()) return UsageError("output '" + name + "' is none of the formats");
  options.format = *format;
  options.headers = !flags_.no_headers;
  options.utc = flags_.utc;
  options.tty = isatty(STDOUT_FILENO) != 0;
  winsize window{};
  if (options.tty && ioctl(STDOUT_FILENO, TIOCGWINSZ, &window) == 0 && window.ws_row > 3) {
    options.width = std::max<size_t>(window.ws_col, 80);
    options.height = window.ws_row;
  }
  const std::string color = settings.color.value_or("auto");
  const char* no_color = std::getenv("NO_COLOR");
  const bool wanted = options.tty && (no_color == nullptr || *no_color == '\0');
  options.color = color == "always" || (color == "auto" && wanted);
  return options;
}

absl::Status Cli::Execute(const CLI::App& app) {
  const Command& command = commands_.at(&app);
  if (absl::Status flags = CheckFlags(command); !flags.ok()) return flags;
  // What concerns contexts must work when the current one is broken.
  const bool own = app.get_parent()->get_name() == "context" || app.get_name() == "completion";
  auto settings = own ? absl::StatusOr<Settings>(flags_.settings) : EffectiveSettings();
  if (!settings.ok()) return settings.status();
  auto output = MakeOutput(*settings);
  if (!output.ok()) return output.status();
  Invocation invocation(flags_, *std::move(settings), Output(*output));
  return command.run(invocation);
}

// CLI11 reports by throwing: caught here, at the seam.
Exit Cli::Main(int argc, const char* const* argv) {
  try {
    app_.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) {
      std::cout << app_.help() << std::flush;
      return Exit::kOk;
    }
    std::string at = "smcpctl";
    const CLI::App* app = &app_;
    while (!app->get_subcommands().empty()) {
      app = app->get_subcommands().front();
      at += " " + app->get_name();
    }
    std::string what = error.what();
    // A word that is no command shows as the lack of one.
    const std::vector<std::string> rest = app->remaining();
    if (commands_.count(app) == 0 && !rest.empty() && !rest.front().starts_with('-')) {
      what = "'" + rest.front() + "' is no command";
    }
    std::cerr << "smcpctl: " << Printable(what) << "; see '" << at << " --help'\n";
    return Exit::kUsage;
  }
  if (!token_file_.empty()) flags_.settings.token = "file://" + token_file_;
  if (tls_ || plaintext_) flags_.settings.tls = tls_ ? "true" : "false";
  if (skip_verify_) flags_.settings.insecure_skip_verify = "true";
  const CLI::App* chosen = &app_;
  while (!chosen->get_subcommands().empty()) chosen = chosen->get_subcommands().front();
  const absl::Status status = Execute(*chosen);
  if (!status.ok() && !status.message().empty()) {
    std::cerr << "smcpctl: " << std::string(status.message().data(), status.message().size())
              << '\n';
  }
  return ExitOf(status);
}

}  // namespace smcpctl
