#include <google/protobuf/struct.pb.h>
#include <google/protobuf/util/time_util.h>

#include <memory>

#include "clients/smcpctl/cli.h"
#include "clients/smcpctl/human.h"
#include "clients/smcpctl/secret_ref.h"
#include "clients/smcpctl/view.h"
#include "smcp/control/v1/tool_call_service.pb.h"

namespace smcpctl {
namespace {

namespace v1 = smcp::control::v1;
using google::protobuf::Struct;
using google::protobuf::Value;
using google::protobuf::util::TimeUtil;
using smcp::type::v1::ToolCall;

struct Args {
  std::string tool{};
  std::string office{};
  std::string computer{};
  std::string data{};
  std::vector<std::string> arguments{};
  std::string call_timeout{};
};

// An answer as Computers give it; some transports of it are the array of an ack's arguments.
Struct Body(const std::string& json) {
  Value value;
  if (!FromJson(json, &value).ok()) return {};
  if (value.has_list_value() && value.list_value().values_size() > 0) {
    value = Value(value.list_value().values(0));
  }
  return value.struct_value();
}

std::string Member(const Struct& object, const char* name) {
  const auto found = object.fields().find(name);
  return found == object.fields().end() ? "" : found->second.string_value();
}

absl::Status ListThem(Invocation& run, const Args& args) {
  v1::ListToolsRequest request;
  request.set_office_id(args.office);
  request.set_computer_name(args.computer);
  const auto timeout = SpanFlag("--call-timeout", args.call_timeout);
  if (!timeout.ok()) return timeout.status();
  if (*timeout > 0) *request.mutable_timeout() = TimeUtil::NanosecondsToDuration(*timeout);
  v1::ListToolsResponse response;
  if (auto s = run.Call("ToolCallService/ListTools", request, &response); !s.ok()) return s;
  std::vector<Cells> rows;
  std::vector<std::string> silent;
  for (const auto& answer : response.answers()) {
    const std::string computer = answer.call().computer_name();
    if (answer.call().state() != ToolCall::DONE) {
      silent.push_back(TextCell(computer).text);
      continue;
    }
    const Struct body = Body(answer.result_json());
    const auto tools = body.fields().find("tools");
    if (tools == body.fields().end()) continue;
    for (const Value& tool : tools->second.list_value().values()) {
      rows.push_back({TextCell(Member(tool.struct_value(), "name")), TextCell(computer),
                      TextCell(Member(tool.struct_value(), "description"))});
    }
  }
  const std::vector<Column> columns{{"TOOL", Align::kLeft, Cut::kMiddle},
                                    {"COMPUTER", Align::kLeft, Cut::kMiddle},
                                    {"DESCRIPTION", Align::kLeft, Cut::kEnd}};
  const Format format = run.out().format();
  if (format == Format::kJson || format == Format::kYaml) {
    run.out().One(response, {}, "");
  } else {
    run.out().Local(columns, rows, 0);
  }
  for (const std::string& name : silent) run.out().Note("Computer '" + name + "' did not answer");
  if (silent.empty()) return absl::OkStatus();
  return Quietly(rows.empty() ? Exit::kFailed : Exit::kPartial);
}

// -d '{"a": 1}', @file or -; then key=value, whose value is JSON if it is, else text.
absl::Status FillArguments(const Args& args, Struct* out) {
  if (!args.data.empty()) {
    std::string json = args.data;
    if (json == "-" || json.starts_with('@')) {
      auto text = ReadFile(json == "-" ? json : json.substr(1));
      if (!text.ok()) return text.status();
      json = *std::move(text);
    }
    if (auto s = FromJson(json, out); !s.ok()) return s;
  }
  for (const std::string& argument : args.arguments) {
    const size_t equals = argument.find('=');
    if (equals == std::string::npos || equals == 0) {
      return UsageError("argument '" + argument + "': expected KEY=VALUE");
    }
    Value value;
    const std::string text = argument.substr(equals + 1);
    if (!FromJson(text, &value).ok()) value.set_string_value(text);
    (*out->mutable_fields())[argument.substr(0, equals)] = value;
  }
  return absl::OkStatus();
}

Exit ExitFor(ToolCall::State state) {
  switch (state) {
    case ToolCall::DONE:
      return Exit::kOk;
    case ToolCall::TIMEOUT:
      return Exit::kDeadline;
    case ToolCall::DENIED:
      return Exit::kDenied;
    case ToolCall::UNDELIVERED:
      return Exit::kNotFound;
    default:
      return Exit::kFailed;
  }
}

// The text parts of an MCP result, or the whole of anything else.
std::string ResultText(const std::string& json) {
  const Struct body = Body(json);
  std::string out;
  const auto content = body.fields().find("content");
  if (content != body.fields().end()) {
    for (const Value& part : content->second.list_value().values()) {
      if (Member(part.struct_value(), "type") != "text") return json + "\n";
      out += Member(part.struct_value(), "text") + "\n";
    }
  }
  return out.empty() ? json + "\n" : out;
}

absl::Status CallOne(Invocation& run, const Args& args) {
  v1::InvokeToolRequest request;
  request.set_office_id(args.office);
  request.set_computer_name(args.computer);
  request.set_tool_name(args.tool);
  if (auto s = FillArguments(args, request.mutable_arguments()); !s.ok()) return s;
  const auto timeout = SpanFlag("--call-timeout", args.call_timeout);
  if (!timeout.ok()) return timeout.status();
  if (*timeout > 0) *request.mutable_timeout() = TimeUtil::NanosecondsToDuration(*timeout);
  run.FillChange(&request);
  v1::InvokeToolEvent event;
  v1::InvokeToolEvent last;
  const auto each = [&] {
    last = event;
    if (run.flags().verbose) {
      run.out().Note("call " + event.call().req_id() + ": " +
                     EnumCell(ToolCall::State_Name(event.call().state())).text);
    }
    return true;
  };
  if (auto s = run.Stream("ToolCallService/InvokeTool", request, &event, each, {}); !s.ok()) {
    return s;
  }
  if (run.flags().dry_run) {
    run.out().Note("this call would be made");
    return absl::OkStatus();
  }
  if (run.out().IsTable()) {
    run.out().Print(last.result_json().empty() ? "" : ResultText(last.result_json()));
  } else {
    run.out().One(last, {}, last.call().req_id());
  }
  const Exit exit = ExitFor(last.call().state());
  if (exit == Exit::kOk) return absl::OkStatus();
  const ToolCall& call = last.call();
  return Fail(exit, "the call ended as " + EnumCell(ToolCall::State_Name(call.state())).text +
                        " after " +
                        Span(Nanoseconds(call.end_time()) - Nanoseconds(call.start_time())));
}

}  // namespace

void AddToolCommands(Cli* cli) {
  CLI::App* tools = cli->Group("tools", "Tools: list those of Computers, call one.");
  auto list = std::make_shared<Args>();
  auto* ls = cli->Add(tools,
                      {"ls", "Ask Computers for their tools (one request to each).",
                       "smcpctl tools ls --office lab\n"
                       "smcpctl tools ls --office lab --computer pc-1 -o json",
                       0},
                      [list](Invocation& run) { return ListThem(run, *list); });
  ls->add_option("--office", list->office, "the office")->required();
  ls->add_option("--computer", list->computer, "only this Computer");
  ls->add_option("--call-timeout", list->call_timeout, "for each Computer; default 10s");

  auto call = std::make_shared<Args>();
  auto* command = cli->Add(
      tools,
      {"call", "Call a tool as an Agent would; needs control.allow_invoke and the role admin.",
       "smcpctl tools call echo --office lab --computer pc-1 --arg text=hello\n"
       "smcpctl tools call query --office lab --computer pc-1 -d @arguments.json",
       kTakesChange},
      [call](Invocation& run) { return CallOne(run, *call); });
  command->add_option("tool", call->tool, "its name")->required();
  command->add_option("--office", call->office, "the office")->required();
  command->add_option("--computer", call->computer, "the Computer")->required();
  command->add_option("-d,--data", call->data, "arguments: a JSON object, @FILE or -");
  command->add_option("--arg", call->arguments, "KEY=VALUE; may be repeated")
      ->allow_extra_args(false)
      ->take_all();
  command->add_option("--call-timeout", call->call_timeout, "for the tool; default 30s");
}

}  // namespace smcpctl
