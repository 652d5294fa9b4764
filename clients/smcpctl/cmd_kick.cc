#include <memory>

#include "clients/smcpctl/cli.h"
#include "clients/smcpctl/filter.h"
#include "clients/smcpctl/find.h"
#include "clients/smcpctl/list.h"
#include "clients/smcpctl/text.h"
#include "clients/smcpctl/views.h"
#include "smcp/control/v1/session_service.pb.h"

namespace smcpctl {
namespace {

namespace v1 = smcp::control::v1;
using smcp::type::v1::Session;

struct Args {
  std::vector<std::string> words{};
  std::string office{};
  std::string role{};
  bool terminal = false;
  bool no_office = false;
  uint32_t max_affected = 0;
  double pace = 0;
};

// Does `act` to each of the sessions named; those that failed are told one by one.
template <class Act>
absl::Status ForEach(Invocation& run, const Args& args, const char* verb, const Act& act) {
  if (args.words.size() > 1 && !run.flags().request_id.empty()) {
    return UsageError("--request-id stands for one change: name one session");
  }
  std::vector<Session> sessions;
  for (const std::string& word : args.words) {
    auto session = FindSession(run, {word, args.office, args.role});
    if (!session.ok()) return session.status();
    sessions.push_back(*std::move(session));
  }
  std::vector<std::string> names;
  for (const Session& s : sessions)
    names.push_back(Printable(s.name().empty() ? s.sid() : s.name()));
  if (auto s = run.Confirm(std::string(verb) + " " + Join(names, ", ") + "?"); !s.ok()) return s;
  v1::ListSessionsResponse done;
  absl::Status last;
  for (const Session& session : sessions) {
    const absl::Status status = act(session, done.add_sessions());
    if (status.ok()) continue;
    done.mutable_sessions()->RemoveLast();
    if (!last.ok()) run.out().Note(std::string(last.message()));
    last = status;
  }
  if (!done.sessions().empty()) ShowRows(run, SessionView(), done.sessions(), done);
  if (last.ok() || done.sessions().empty()) return last;
  return Fail(Exit::kPartial, std::string(last.message()));
}

absl::Status KickNamed(Invocation& run, const Args& args) {
  return ForEach(run, args, "Disconnect", [&](const Session& session, Session* shown) {
    v1::DisconnectSessionRequest request;
    request.set_sid(session.sid());
    request.set_terminal(args.terminal);
    run.FillChange(&request);
    v1::DisconnectSessionResponse response;
    absl::Status s = run.Call("SessionService/DisconnectSession", request, &response);
    *shown = response.session();
    return s;
  });
}

void ShowCount(const Invocation& run, const v1::DisconnectSessionsResponse& response, bool done) {
  std::string sample = Join({response.sample_sids().begin(), response.sample_sids().end()}, " ");
  Fields fields{{"Matched", CountCell(static_cast<uint64_t>(response.matched()))},
                {"Disconnected", CountCell(static_cast<uint64_t>(response.disconnected()))}};
  if (!done) fields.emplace_back("Sample", TextCell(sample));
  run.out().One(response, fields, sample);
}

absl::Status KickMatching(Invocation& run, const Args& args) {
  v1::DisconnectSessionsRequest request;
  const std::string role = args.role == "agent" ? "AGENT" : args.role.empty() ? "" : "COMPUTER";
  request.set_filter(
      Filter().Match("office_id", args.office).Equals("role", role).Raw(run.flags().filter).Text());
  if (request.filter().empty()) {
    return UsageError("name sessions, or say which with --filter, --office or --role");
  }
  request.set_terminal(args.terminal);
  request.set_include_no_office(args.no_office);
  request.set_max_affected(args.max_affected);
  request.set_pace_per_second(args.pace);
  run.FillChange(&request);
  v1::DisconnectSessionsResponse response;
  const char* method = "SessionService/DisconnectSessions";
  const bool acts = run.flags().force && !run.flags().dry_run;
  if (!acts || !run.flags().yes) {
    v1::DisconnectSessionsRequest preview = request;
    preview.clear_request_id();
    if (auto s = run.Call(method, preview, &response); !s.ok()) return s;
  }
  if (!acts) {
    ShowCount(run, response, false);
    run.out().Note("a preview: --force disconnects them");
    return absl::OkStatus();
  }
  if (auto s = run.Confirm("Disconnect " + std::to_string(response.matched()) + " sessions?");
      !s.ok()) {
    return s;
  }
  request.set_force(true);
  if (auto s = run.Call(method, request, &response); !s.ok()) return s;
  ShowCount(run, response, true);
  if (response.disconnected() >= response.matched()) return absl::OkStatus();
  return Fail(Exit::kPartial, "not all that matched were disconnected; run it again");
}

absl::Status Kick(Invocation& run, const Args& args) {
  if (args.words.empty()) return KickMatching(run, args);
  if (!run.flags().filter.empty()) return UsageError("either names or --filter, not both");
  return KickNamed(run, args);
}

absl::Status Remove(Invocation& run, const Args& args) {
  return ForEach(run, args, "Remove from the office", [&](const Session& session, Session* shown) {
    v1::RemoveFromOfficeRequest request;
    request.set_sid(session.sid());
    run.FillChange(&request);
    return run.Call("SessionService/RemoveFromOffice", request, shown);
  });
}

void AddNarrowing(CLI::App* command, Args* args) {
  command->add_option("--office", args->office, "only in this office");
  command->add_option("--role", args->role, "agent or computer")
      ->check(CLI::IsMember({"agent", "computer"}));
}

}  // namespace

void AddKickCommands(Cli* cli, CLI::App* sessions) {
  auto kick = std::make_shared<Args>();
  auto* command =
      cli->Add(sessions,
               {"kick", "Disconnect sessions: those named, or after a preview all that match.",
                "smcpctl sessions kick pc-1 --office lab --reason 'wrong build'\n"
                "smcpctl sessions kick --filter 'generation=\"0.1\"'\n"
                "smcpctl sessions kick --office lab --force --yes --pace 50",
                kTakesFilter | kTakesChange | kTakesForce | kTakesYes},
               [kick](Invocation& run) { return Kick(run, *kick); });
  command->add_option("sessions", kick->words, "sids or names");
  AddNarrowing(command, kick.get());
  command->add_flag("--terminal", kick->terminal,
                    "tell them not to come back; otherwise SDK clients reconnect");
  command->add_flag("--include-no-office", kick->no_office, "sessions in no office as well");
  command->add_option("--max-affected", kick->max_affected, "refuse if more match; default 1000");
  command->add_option("--pace", kick->pace, "so many per second; default all at once");

  auto remove = std::make_shared<Args>();
  auto* leave = cli->Add(sessions,
                         {"remove", "Make sessions leave their office; they stay connected.",
                          "smcpctl sessions remove pc-1 --office lab", kTakesChange | kTakesYes},
                         [remove](Invocation& run) { return Remove(run, *remove); });
  leave->add_option("sessions", remove->words, "sids or names")->required();
  AddNarrowing(leave, remove.get());
}

}  // namespace smcpctl
