#include <cctype>
#include <memory>

#include "clients/smcpctl/cli.h"
#include "clients/smcpctl/filter.h"
#include "clients/smcpctl/find.h"
#include "clients/smcpctl/list.h"
#include "clients/smcpctl/views.h"
#include "clients/smcpctl/watch.h"
#include "smcp/control/v1/session_service.pb.h"

namespace smcpctl {
namespace {

namespace v1 = smcp::control::v1;
using google::protobuf::Message;
using smcp::type::v1::Session;

struct ListArgs {
  std::string office{};
  std::string role{};
  std::string name{};
  std::string generation{};
  std::string address{};
  std::string from{};
};

std::string SessionFilter(const Invocation& run, const ListArgs& args) {
  const std::string role = args.role == "agent" ? "AGENT" : args.role.empty() ? "" : "COMPUTER";
  return Filter()
      .Match("office_id", args.office)
      .Equals("role", role)
      .Match("name", args.name)
      .Equals("generation", args.generation)
      .Match("address", args.address)
      .Raw(run.flags().filter)
      .Text();
}

std::string KeyOf(const Message& session) { return static_cast<const Session&>(session).sid(); }
std::string KeyOfRemoved(const Message& removed) {
  return static_cast<const v1::RemovedSession&>(removed).sid();
}

absl::Status WatchThem(Invocation& run, const ListArgs& args) {
  v1::WatchSessionsRequest request;
  request.set_filter(SessionFilter(run, args));
  request.set_resume_token(args.from);
  v1::SessionChange change;
  return Watch(run, "SessionService/WatchSessions", request, &change, SessionView(),
               WatchedSet(KeyOf, KeyOfRemoved));
}

absl::Status ListThem(Invocation& run, const ListArgs& args) {
  if (run.flags().watch) return WatchThem(run, args);
  v1::ListSessionsRequest request;
  request.set_filter(SessionFilter(run, args));
  return List<v1::ListSessionsResponse>(run, "SessionService/ListSessions", request, SessionView(),
                                        [](auto* r) { return r->mutable_sessions(); });
}

void AddNarrowing(CLI::App* command, ListArgs* args, bool with_role) {
  command->add_option("--office", args->office, "only of this office; lab* for all that begin so");
  if (with_role) {
    command->add_option("--role", args->role, "agent or computer")
        ->check(CLI::IsMember({"agent", "computer"}));
  }
  command->add_option("--name", args->name, "only of this name; pc-* for all that begin so");
  command->add_option("--generation", args->generation, "protocol generation, such as 0.4");
  command->add_option("--address", args->address, "client's address; 10.1.* for all that begin so");
}

absl::Status GetOne(Invocation& run, const SessionQuery& query) {
  const auto session = FindSession(run, query);
  if (!session.ok()) return session.status();
  run.out().One(*session, SessionFields(*session, run.out().Now()), session->sid());
  return absl::OkStatus();
}

void AddListing(Cli* cli, CLI::App* sessions) {
  auto list = std::make_shared<ListArgs>();
  auto* ls = cli->Add(sessions,
                      {"ls", "List sessions.",
                       "smcpctl sessions ls --office lab --role computer\n"
                       "smcpctl sessions ls --filter 'inflight_calls > 0' --sort-by -calls\n"
                       "smcpctl sessions ls --all -o jsonl",
                       kTakesList | kTakesWatch | kTakesCount},
                      [list](Invocation& run) { return ListThem(run, *list); });
  AddNarrowing(ls, list.get(), true);

  auto watch = std::make_shared<ListArgs>();
  auto* command = cli->Add(sessions,
                           {"watch", "Show sessions as they come, join, leave and go.",
                            "smcpctl sessions watch --office lab\n"
                            "smcpctl sessions watch --limit 100 -o jsonl",
                            kTakesFilter | kTakesCount},
                           [watch](Invocation& run) { return WatchThem(run, *watch); });
  AddNarrowing(command, watch.get(), true);
  command->add_option("--from", watch->from, "go on from this resume token");
}

void AddFinding(Cli* cli, CLI::App* sessions) {
  auto query = std::make_shared<SessionQuery>();
  auto* get = cli->Add(sessions,
                       {"get", "Show one session.",
                        "smcpctl sessions get xSLDf6d8sK2kd0a\n"
                        "smcpctl sessions get pc-1 --office lab",
                        0},
                       [query](Invocation& run) { return GetOne(run, *query); });
  get->add_option("session", query->word, "its sid, or its name")->required();
  get->add_option("--office", query->office, "the office it is in");
  get->add_option("--role", query->role, "agent or computer")
      ->check(CLI::IsMember({"agent", "computer"}));

  auto args = std::make_shared<ListArgs>();
  auto* find = cli->Add(
      sessions,
      {"find", "List the sessions of a name, in all offices.",
       "smcpctl sessions find pc-1\nsmcpctl sessions find 'pc-*' --role computer", kTakesList},
      [args](Invocation& run) { return ListThem(run, *args); });
  find->add_option("name", args->name, "a name; pc-* for all that begin so")->required();
  find->add_option("--office", args->office, "only of this office");
  find->add_option("--role", args->role, "agent or computer")
      ->check(CLI::IsMember({"agent", "computer"}));
}

void AddShortcut(Cli* cli, const char* group_name, const char* role, const char* help,
                 const char* example) {
  CLI::App* group = cli->Group(group_name, help);
  auto args = std::make_shared<ListArgs>();
  args->role = role;
  auto* ls = cli->Add(group, {"ls", help, example, kTakesList | kTakesWatch | kTakesCount},
                      [args](Invocation& run) { return ListThem(run, *args); });
  AddNarrowing(ls, args.get(), false);
}

}  // namespace

void AddSessionCommands(Cli* cli) {
  CLI::App* sessions = cli->Group("sessions", "Sessions: list, find, watch, remove, kick.");
  AddListing(cli, sessions);
  AddFinding(cli, sessions);
  AddKickCommands(cli, sessions);
  AddShortcut(cli, "agents", "agent", "List the Agents.", "smcpctl agents ls --office lab");
  AddShortcut(cli, "computers", "computer", "List the Computers.",
              "smcpctl computers ls --office lab -o name");
}

}  // namespace smcpctl
