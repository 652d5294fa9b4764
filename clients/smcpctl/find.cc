#include "clients/smcpctl/find.h"

#include <cctype>
#include <utility>
#include <vector>

#include "clients/smcpctl/failure.h"
#include "clients/smcpctl/filter.h"
#include "clients/smcpctl/text.h"
#include "smcp/control/v1/session_service.pb.h"
#include "smcp/control/v1/tool_call_service.pb.h"

namespace smcpctl {
namespace {

namespace v1 = smcp::control::v1;
using smcp::type::v1::Session;
using smcp::type::v1::ToolCall;

constexpr int kCandidates = 10;

std::string Upper(std::string text) {
  for (char& c : text) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return text;
}

std::string Shown(const std::string& text) { return "'" + Printable(text) + "'"; }

absl::Status Ambiguous(const std::string& word, const std::vector<std::string>& candidates,
                       bool more, const std::string& mend) {
  return UsageError(Shown(word) + " is ambiguous: " + Join(candidates, ", ") +
                    (more ? " and more" : "") + "; " + mend);
}

}  // namespace

absl::StatusOr<Session> FindSession(Invocation& run, const SessionQuery& query) {
  if (query.office.empty() && query.role.empty()) {
    v1::GetSessionRequest by_sid;
    by_sid.set_sid(query.word);
    Session session;
    const absl::Status status = run.Call("SessionService/GetSession", by_sid, &session);
    if (status.ok()) return session;
    if (ExitOf(status) != Exit::kNotFound) return status;
  }
  v1::ListSessionsRequest request;
  request.set_filter(Filter()
                         .Equals("name", query.word)
                         .Equals("office_id", query.office)
                         .Equals("role", Upper(query.role))
                         .Text());
  request.set_page_size(kCandidates);
  v1::ListSessionsResponse response;
  if (auto s = run.Call("SessionService/ListSessions", request, &response); !s.ok()) return s;
  // A page of a filtered list may be empty and still not the last one.
  while (response.sessions_size() < 2 && !response.next_page_token().empty()) {
    request.set_page_token(response.next_page_token());
    v1::ListSessionsResponse page;
    if (auto s = run.Call("SessionService/ListSessions", request, &page); !s.ok()) return s;
    response.clear_next_page_token();
    response.MergeFrom(page);
  }
  if (response.sessions_size() == 1) return response.sessions(0);
  if (response.sessions().empty()) {
    return Fail(Exit::kNotFound, "no session has the sid or the name " + Shown(query.word) +
                                     "; smcpctl sessions find " +
                                     ShellWord(Printable(query.word) + "*") + " looks wider");
  }
  std::vector<std::string> candidates;
  for (const Session& s : response.sessions()) {
    candidates.push_back(s.sid() + " (" +
                         (s.role() == smcp::type::v1::AGENT ? "agent" : "computer") + " in " +
                         Shown(s.office_id()) + ")");
  }
  return Ambiguous(query.word, candidates, !response.next_page_token().empty(),
                   "give a sid, or narrow it with --office and --role");
}

absl::StatusOr<ToolCall> FindCall(Invocation& run, const CallQuery& query) {
  if (!query.office.empty() && !query.agent.empty()) {
    v1::GetToolCallRequest request;
    request.mutable_key()->set_office_id(query.office);
    request.mutable_key()->set_agent_name(query.agent);
    request.mutable_key()->set_req_id(query.req_id);
    ToolCall call;
    if (auto s = run.Call("ToolCallService/GetToolCall", request, &call); !s.ok()) return s;
    return call;
  }
  v1::ListToolCallsRequest request;
  request.set_include_recent(!query.in_flight);
  request.set_filter(Filter()
                         .Equals("req_id", query.req_id)
                         .Equals("office_id", query.office)
                         .Equals("agent_name", query.agent)
                         .Text());
  request.set_page_size(kCandidates);
  v1::ListToolCallsResponse response;
  if (auto s = run.Call("ToolCallService/ListToolCalls", request, &response); !s.ok()) return s;
  if (response.calls_size() == 1) return response.calls(0);
  if (response.calls().empty()) {
    return Fail(Exit::kNotFound, "no call " + Shown(query.req_id) +
                                     (query.in_flight ? " is in flight" : " is known") +
                                     "; 'smcpctl calls ls --recent' shows those that are");
  }
  std::vector<std::string> candidates;
  for (const ToolCall& c : response.calls()) {
    candidates.push_back("office " + Shown(c.office_id()) + " agent " + Shown(c.agent_name()));
  }
  return Ambiguous(query.req_id, candidates, !response.next_page_token().empty(),
                   "narrow it with --office and --agent");
}

}  // namespace smcpctl
