#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>

#include <memory>

#include "clients/smcpctl/cli.h"
#include "clients/smcpctl/health.h"
#include "clients/smcpctl/secret_ref.h"
#include "clients/smcpctl/text.h"
#include "clients/smcpctl/view.h"
#include "smcp/control/v1/common.pb.h"
#include "smcp/control/v1/config_service.pb.h"
#include "smcp/control/v1/event_service.pb.h"
#include "smcp/control/v1/node_service.pb.h"
#include "smcp/control/v1/office_service.pb.h"
#include "smcp/control/v1/session_service.pb.h"
#include "smcp/control/v1/tool_call_service.pb.h"

namespace smcpctl {
namespace {

namespace v1 = smcp::control::v1;
using google::protobuf::Descriptor;
using google::protobuf::FileDescriptor;
using google::protobuf::Message;
using google::protobuf::MethodDescriptor;

std::vector<const FileDescriptor*> Files() {
  return {v1::ListOfficesRequest::descriptor()->file(),
          v1::ListSessionsRequest::descriptor()->file(),
          v1::ListToolCallsRequest::descriptor()->file(),
          v1::GetConfigRequest::descriptor()->file(),
          v1::GetNodeRequest::descriptor()->file(),
          v1::WatchEventsRequest::descriptor()->file(),
          HealthFile()};
}

std::vector<const MethodDescriptor*> Methods() {
  std::vector<const MethodDescriptor*> out;
  for (const FileDescriptor* file : Files()) {
    for (int s = 0; s < file->service_count(); ++s) {
      for (int m = 0; m < file->service(s)->method_count(); ++m) {
        out.push_back(file->service(s)->method(m));
      }
    }
  }
  return out;
}

std::string PathOf(const MethodDescriptor& method) {
  return method.service()->full_name() + "/" + method.name();
}

absl::Status ListMethods(const Invocation& run) {
  std::vector<Cells> rows;
  for (const MethodDescriptor* method : Methods()) {
    const auto role = method->options().GetExtension(v1::required_role);
    rows.push_back({TextCell(PathOf(*method)), EnumCell(AccessRole_Name(role)),
                    TextCell(method->server_streaming() ? "stream" : "unary")});
  }
  run.out().Local({{"METHOD", Align::kLeft, Cut::kMiddle}, {"ROLE"}, {"KIND"}}, rows, 0);
  return absl::OkStatus();
}

// With or without the package in front; a dot instead of the slash will do.
absl::StatusOr<const MethodDescriptor*> FindMethod(std::string name) {
  if (const size_t slash = name.find('/'); slash == std::string::npos) {
    if (const size_t dot = name.rfind('.'); dot != std::string::npos) name[dot] = '/';
  }
  for (const MethodDescriptor* method : Methods()) {
    const std::string path = PathOf(*method);
    if (path == name || path.ends_with("." + name)) return method;
  }
  return UsageError("no method '" + Printable(name) + "'; 'smcpctl raw' lists them");
}

std::unique_ptr<Message> New(const Descriptor* type) {
  if (type->file() == HealthFile()) return NewHealthMessage(type);
  const Message* prototype =
      google::protobuf::MessageFactory::generated_factory()->GetPrototype(type);
  return std::unique_ptr<Message>(prototype->New());
}

absl::Status Raw(Invocation& run, const std::string& name, const std::string& data) {
  if (name.empty()) return ListMethods(run);
  const auto method = FindMethod(name);
  if (!method.ok()) return method.status();
  std::string json = data;
  if (json == "-" || json == "@-" || json.starts_with('@')) {
    auto text = ReadFile(json == "-" ? json : json.substr(1));
    if (!text.ok()) return text.status();
    json = *std::move(text);
  }
  const auto request = New((*method)->input_type());
  const auto response = New((*method)->output_type());
  if (auto s = FromJson(json, request.get()); !s.ok()) return s;
  const auto show = [&] {
    if (run.out().format() == Format::kYaml) {
      run.out().Print(((*method)->server_streaming() ? "---\n" : "") + ToYaml(*response));
    } else {
      const bool one_line = (*method)->server_streaming() || run.out().format() == Format::kJsonl;
      run.out().Print(ToJson(*response, one_line) + (one_line ? "\n" : ""));
    }
    return true;
  };
  if ((*method)->server_streaming()) {
    return run.Stream(PathOf(**method), *request, response.get(), show, {});
  }
  if (auto s = run.Call(PathOf(**method), *request, response.get()); !s.ok()) return s;
  show();
  return absl::OkStatus();
}

}  // namespace

void AddRawCommand(Cli* cli) {
  struct Args {
    std::string method{};
    std::string data{"{}"};
  };
  auto args = std::make_shared<Args>();
  auto* raw = cli->Add(nullptr,
                       {"raw", "Call any method with JSON; without one, list the methods.",
                        "smcpctl raw\n"
                        "smcpctl raw OfficeService/ListOffices -d '{\"pageSize\": 2}'\n"
                        "smcpctl raw ConfigService/ApplyConfig -d @request.json",
                        0},
                       [args](Invocation& run) { return Raw(run, args->method, args->data); });
  raw->add_option("method", args->method, "Service/Method, with or without its package");
  raw->add_option("-d,--data", args->data, "the request's JSON form, @FILE or -; default {}");
}

}  // namespace smcpctl
