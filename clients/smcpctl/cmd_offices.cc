#include <memory>

#include "clients/smcpctl/cli.h"
#include "clients/smcpctl/filter.h"
#include "clients/smcpctl/list.h"
#include "clients/smcpctl/text.h"
#include "clients/smcpctl/views.h"
#include "clients/smcpctl/watch.h"
#include "smcp/control/v1/office_service.pb.h"

namespace smcpctl {
namespace {

namespace v1 = smcp::control::v1;
using google::protobuf::Message;
using smcp::type::v1::Office;

struct ListArgs {
  std::string office{};
  std::string admission{};
  std::string from{};
};

std::string OfficeFilter(const Invocation& run, const ListArgs& args) {
  std::string admission = args.admission;
  for (char& c : admission) c = c == '-' ? '_' : static_cast<char>(std::toupper(c));
  return Filter()
      .Match("office_id", args.office)
      .Equals("admission", admission)
      .Raw(run.flags().filter)
      .Text();
}

std::string KeyOf(const Message& office) { return static_cast<const Office&>(office).office_id(); }
std::string KeyOfRemoved(const Message& removed) {
  return static_cast<const v1::RemovedOffice&>(removed).office_id();
}

absl::Status WatchThem(Invocation& run, const ListArgs& args) {
  v1::WatchOfficesRequest request;
  request.set_filter(OfficeFilter(run, args));
  request.set_resume_token(args.from);
  v1::OfficeChange change;
  return Watch(run, "OfficeService/WatchOffices", request, &change, OfficeView(),
               WatchedSet(KeyOf, KeyOfRemoved));
}

absl::Status ListThem(Invocation& run, const ListArgs& args) {
  if (run.flags().watch) return WatchThem(run, args);
  v1::ListOfficesRequest request;
  request.set_filter(OfficeFilter(run, args));
  return List<v1::ListOfficesResponse>(run, "OfficeService/ListOffices", request, OfficeView(),
                                       [](auto* r) { return r->mutable_offices(); });
}

void AddListArgs(CLI::App* command, ListArgs* args) {
  command->add_option("--office", args->office, "only this one; lab* for all that begin so");
  command->add_option("--admission", args->admission, "open, locked, agents-only or computers-only")
      ->check(CLI::IsMember({"open", "locked", "agents-only", "computers-only"}));
}

void ShowOffice(const Invocation& run, const Office& office) {
  run.out().One(office, OfficeFields(office, run.out().Now()), office.office_id());
}

absl::Status GetOne(Invocation& run, const std::string& id) {
  v1::GetOfficeRequest request;
  request.set_office_id(id);
  request.set_view(v1::FULL);
  Office office;
  if (auto s = run.Call("OfficeService/GetOffice", request, &office); !s.ok()) return s;
  ShowOffice(run, office);
  if (!run.out().IsTable() || office.members().empty()) return absl::OkStatus();
  run.out().Print("\n");
  ShowRows(run, SessionView(), office.members(), office);
  return absl::OkStatus();
}

// What a change reads first, so that it changes what it has seen. An office that does not exist has
// settings all the same.
absl::StatusOr<Office> Present(Invocation& run, const std::string& id) {
  v1::GetOfficeRequest request;
  request.set_office_id(id);
  Office office;
  const absl::Status status = run.Call("OfficeService/GetOffice", request, &office);
  if (!status.ok() && ExitOf(status) != Exit::kNotFound) return status;
  office.set_office_id(id);
  return office;
}

absl::Status Update(Invocation& run, const Office& office, const char* path,
                    const std::string& etag) {
  v1::UpdateOfficeRequest request;
  *request.mutable_office() = office;
  request.mutable_office()->clear_members();
  request.mutable_update_mask()->add_paths(path);
  request.set_etag(etag);
  run.FillChange(&request);
  Office updated;
  if (auto s = run.Call("OfficeService/UpdateOffice", request, &updated); !s.ok()) return s;
  ShowOffice(run, updated);
  return absl::OkStatus();
}

absl::Status SetAdmission(Invocation& run, const std::string& id,
                          smcp::type::v1::Admission admission) {
  Office office;
  office.set_office_id(id);
  office.set_admission(admission);
  return Update(run, office, "admission", "");
}

// "key=value" sets, "key-" removes.
absl::Status ChangeLabels(const std::vector<std::string>& changes, Office* office) {
  for (const std::string& change : changes) {
    const size_t equals = change.find('=');
    if (equals != std::string::npos && equals > 0) {
      (*office->mutable_labels())[change.substr(0, equals)] = change.substr(equals + 1);
    } else if (change.size() > 1 && change.ends_with('-')) {
      office->mutable_labels()->erase(change.substr(0, change.size() - 1));
    } else {
      return UsageError("label '" + change + "': expected KEY=VALUE, or KEY- to remove one");
    }
  }
  return absl::OkStatus();
}

absl::Status Label(Invocation& run, const std::string& id,
                   const std::vector<std::string>& changes) {
  auto office = Present(run, id);
  if (!office.ok()) return office.status();
  if (auto s = ChangeLabels(changes, &*office); !s.ok()) return s;
  return Update(run, *office, "labels", office->etag());
}

absl::Status Close(Invocation& run, const std::string& id, bool disconnect) {
  const std::string word = disconnect ? "and disconnect its members?" : "?";
  if (auto s =
          run.Confirm("Close office " + ShellWord(Printable(id)) + (disconnect ? " " : "") + word);
      !s.ok()) {
    return s;
  }
  v1::CloseOfficeRequest request;
  request.set_office_id(id);
  request.set_disconnect(disconnect);
  run.FillChange(&request);
  v1::CloseOfficeResponse response;
  if (auto s = run.Call("OfficeService/CloseOffice", request, &response); !s.ok()) return s;
  run.out().One(response,
                {{run.flags().dry_run ? "Members to remove" : "Members removed",
                  CountCell(static_cast<uint64_t>(response.members_removed()))}},
                id);
  return absl::OkStatus();
}

void AddReading(Cli* cli, CLI::App* offices) {
  auto list = std::make_shared<ListArgs>();
  auto* ls = cli->Add(offices,
                      {"ls", "List offices.",
                       "smcpctl offices ls --sort-by -calls\n"
                       "smcpctl offices ls --filter 'computer_count > 10' -o wide",
                       kTakesList | kTakesWatch | kTakesCount},
                      [list](Invocation& run) { return ListThem(run, *list); });
  AddListArgs(ls, list.get());

  auto id = std::make_shared<std::string>();
  cli->Add(offices, {"get", "Show one office and its members.", "smcpctl offices get lab", 0},
           [id](Invocation& run) { return GetOne(run, *id); })
      ->add_option("office", *id, "its office_id")
      ->required();

  auto watch = std::make_shared<ListArgs>();
  auto* command = cli->Add(offices,
                           {"watch", "Show offices as they change.",
                            "smcpctl offices watch --office 'lab*'\n"
                            "smcpctl offices watch -o jsonl | jq .modified.admission",
                            kTakesFilter | kTakesCount},
                           [watch](Invocation& run) { return WatchThem(run, *watch); });
  AddListArgs(command, watch.get());
  command->add_option("--from", watch->from, "go on from this resume token");
}

void AddAdmission(Cli* cli, CLI::App* offices) {
  struct Args {
    std::string id{};
    std::string admit{"nobody"};
  };
  auto args = std::make_shared<Args>();
  auto* lock =
      cli->Add(offices,
               {"lock", "Let nobody join, or only one role. Who is in stays.",
                "smcpctl offices lock lab --reason 'incident 7'\n"
                "smcpctl offices lock lab --admit computers",
                kTakesChange},
               [args](Invocation& run) {
                 return SetAdmission(run, args->id,
                                     args->admit == "agents"      ? smcp::type::v1::AGENTS_ONLY
                                     : args->admit == "computers" ? smcp::type::v1::COMPUTERS_ONLY
                                                                  : smcp::type::v1::LOCKED);
               });
  lock->add_option("office", args->id, "its office_id")->required();
  lock->add_option("--admit", args->admit, "nobody (default), agents or computers")
      ->check(CLI::IsMember({"nobody", "agents", "computers"}));

  auto id = std::make_shared<std::string>();
  cli->Add(offices,
           {"unlock", "Let everybody join again.", "smcpctl offices unlock lab", kTakesChange},
           [id](Invocation& run) { return SetAdmission(run, *id, smcp::type::v1::OPEN); })
      ->add_option("office", *id, "its office_id")
      ->required();
}

void AddLabelAndClose(Cli* cli, CLI::App* offices) {
  struct Args {
    std::string id{};
    std::vector<std::string> labels{};
    bool disconnect = false;
  };
  auto args = std::make_shared<Args>();
  auto* label = cli->Add(offices,
                         {"label", "Set and remove labels.",
                          "smcpctl offices label lab team=search tier=gold\n"
                          "smcpctl offices label lab tier-",
                          kTakesChange},
                         [args](Invocation& run) { return Label(run, args->id, args->labels); });
  label->add_option("office", args->id, "its office_id")->required();
  label->add_option("labels", args->labels, "KEY=VALUE sets, KEY- removes")->required();

  auto close = std::make_shared<Args>();
  auto* command =
      cli->Add(offices,
               {"close", "Make all members leave.",
                "smcpctl offices close lab --dry-run\nsmcpctl offices close lab --disconnect --yes",
                kTakesChange | kTakesYes},
               [close](Invocation& run) { return Close(run, close->id, close->disconnect); });
  command->add_option("office", close->id, "its office_id")->required();
  command->add_flag("--disconnect", close->disconnect, "close their connections as well");
}

}  // namespace

void AddOfficeCommands(Cli* cli) {
  CLI::App* offices = cli->Group("offices", "Offices: list, watch, lock, label, policy, close.");
  AddReading(cli, offices);
  AddAdmission(cli, offices);
  AddLabelAndClose(cli, offices);
  AddPolicyCommand(cli, offices);
}

}  // namespace smcpctl
