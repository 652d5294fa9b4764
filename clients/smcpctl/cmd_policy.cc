#include <google/protobuf/util/time_util.h>

#include <memory>

#include "clients/smcpctl/cli.h"
#include "clients/smcpctl/human.h"
#include "clients/smcpctl/views.h"
#include "smcp/control/v1/office_service.pb.h"

namespace smcpctl {
namespace {

namespace v1 = smcp::control::v1;
using google::protobuf::util::TimeUtil;
using smcp::type::v1::Office;
using smcp::type::v1::ToolRule;

struct Args {
  std::string id{};
  std::string max_call_timeout{};
  std::string max_computers{};
  std::string max_calls{};
  std::vector<std::pair<ToolRule::Effect, std::string>> rules{};  // in the order given
  bool clear_rules = false;
  bool clear = false;
};

// "COMPUTER:TOOL", each a glob; both may be empty. A colon inside a name is written ?.
absl::StatusOr<ToolRule> ParseRule(ToolRule::Effect effect, const std::string& text) {
  const size_t colon = text.find(':');
  if (colon == std::string::npos || text.find(':', colon + 1) != std::string::npos) {
    return UsageError("rule '" + text + "': expected COMPUTER:TOOL, such as 'pc-*:rm*'");
  }
  ToolRule rule;
  rule.set_effect(effect);
  rule.set_computer(text.substr(0, colon));
  rule.set_tool(text.substr(colon + 1));
  rule.set_id((effect == ToolRule::ALLOW ? "allow " : "deny ") + text);
  return rule;
}

absl::StatusOr<uint32_t> Limit(const char* flag, const std::string& text) {
  uint32_t value = 0;
  if (text == "none") return value;
  if (CLI::detail::lexical_cast(text, value)) return value;
  return UsageError(std::string(flag) + ": '" + text + "' is no number; none lifts the limit");
}

absl::Status Fill(const Args& args, v1::UpdateOfficeRequest* request) {
  auto* policy = request->mutable_office()->mutable_policy();
  auto* mask = request->mutable_update_mask();
  if (args.clear) mask->add_paths("policy");
  const auto touched = [&](const char* field) {
    if (!args.clear) mask->add_paths(std::string("policy.") + field);
  };
  if (!args.max_call_timeout.empty()) {
    touched("max_call_timeout");
    if (args.max_call_timeout != "none") {
      const auto span = SpanFlag("--max-call-timeout", args.max_call_timeout);
      if (!span.ok()) return span.status();
      *policy->mutable_max_call_timeout() = TimeUtil::NanosecondsToDuration(*span);
    }
  }
  if (!args.max_computers.empty()) {
    touched("max_computers");
    const auto limit = Limit("--max-computers", args.max_computers);
    if (!limit.ok()) return limit.status();
    policy->set_max_computers(*limit);
  }
  if (!args.max_calls.empty()) {
    touched("max_inflight_calls");
    const auto limit = Limit("--max-calls", args.max_calls);
    if (!limit.ok()) return limit.status();
    policy->set_max_inflight_calls(*limit);
  }
  if (args.clear_rules || !args.rules.empty()) touched("tool_rules");
  for (const auto& [effect, text] : args.rules) {
    auto rule = ParseRule(effect, text);
    if (!rule.ok()) return rule.status();
    *policy->add_tool_rules() = *std::move(rule);
  }
  return absl::OkStatus();
}

absl::Status Policy(Invocation& run, const Args& args) {
  v1::UpdateOfficeRequest request;
  request.mutable_office()->set_office_id(args.id);
  if (auto s = Fill(args, &request); !s.ok()) return s;
  Office office;
  if (request.update_mask().paths().empty()) {
    v1::GetOfficeRequest get;
    get.set_office_id(args.id);
    if (auto s = run.Call("OfficeService/GetOffice", get, &office); !s.ok()) return s;
  } else {
    run.FillChange(&request);
    if (auto s = run.Call("OfficeService/UpdateOffice", request, &office); !s.ok()) return s;
  }
  run.out().One(office, OfficeFields(office, run.out().Now()), office.office_id());
  return absl::OkStatus();
}

}  // namespace

void AddPolicyCommand(Cli* cli, CLI::App* offices) {
  auto args = std::make_shared<Args>();
  auto* command =
      cli->Add(offices,
               {"policy", "Show or set limits and tool rules; the first rule that matches decides.",
                "smcpctl offices policy lab\n"
                "smcpctl offices policy lab --max-call-timeout 30s --max-computers 20\n"
                "smcpctl offices policy lab --allow 'pc-1:*' --deny '*:rm*'\n"
                "smcpctl offices policy lab --clear",
                kTakesChange},
               [args](Invocation& run) { return Policy(run, *args); });
  command->add_option("office", args->id, "its office_id")->required();
  command->add_option("--max-call-timeout", args->max_call_timeout, "such as 30s, or none");
  command->add_option("--max-computers", args->max_computers, "a number, or none");
  command->add_option("--max-calls", args->max_calls, "calls in flight; a number, or none");
  const auto rule = [&](const char* flag, ToolRule::Effect effect, const char* help) {
    command
        ->add_option_function<std::string>(
            flag,
            [args, effect](const std::string& text) { args->rules.emplace_back(effect, text); },
            help)
        ->trigger_on_parse()
        ->take_all();
  };
  rule("--allow", ToolRule::ALLOW, "COMPUTER:TOOL globs; rules given replace all there were");
  rule("--deny", ToolRule::DENY, "COMPUTER:TOOL globs");
  command->add_flag("--clear-rules", args->clear_rules, "remove all rules");
  command->add_flag("--clear", args->clear, "forget the policy, then set what else is given");
}

}  // namespace smcpctl
