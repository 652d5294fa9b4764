#include "gateway/smcp/news.h"

#include "gateway/codec/json_text.h"

namespace smcp {
namespace {

Payload PresenceNews(std::string_view event, std::string_view office_id, Role role,
                     std::string_view name) {
  std::string out = "[\"";
  out.append(event).append("\",{\"office_id\":");
  json::AppendQuoted(&out, office_id);
  out.append(",\"").append(RoleName(role)).append("\":");
  json::AppendQuoted(&out, name);
  out.append("}]");
  return Payload(std::move(out));
}

}  // namespace

Payload EnterNews(std::string_view office_id, Role role, std::string_view name) {
  return PresenceNews("notify:enter_office", office_id, role, name);
}

Payload LeaveNews(std::string_view office_id, Role role, std::string_view name) {
  return PresenceNews("notify:leave_office", office_id, role, name);
}

Payload UpdateNews(std::string_view event, std::string_view computer) {
  std::string out = "[\"";
  out.append(event).append("\",{\"computer\":");
  json::AppendQuoted(&out, computer);
  out.append("}]");
  return Payload(std::move(out));
}

Payload CancelNews(std::string_view event, std::string_view agent, std::string_view req_id) {
  std::string out = "[\"";
  out.append(event).append("\",{\"agent\":");
  json::AppendQuoted(&out, agent);
  out.append(",\"req_id\":").append(req_id).append("}]");
  return Payload(std::move(out));
}

void AppendSessionInfo(std::string* out, const BaseSession& session, Role role) {
  out->append("{\"sid\":");
  json::AppendQuoted(out, session.sid.value);
  out->append(",\"name\":");
  json::AppendQuoted(out, session.name);
  out->append(",\"role\":\"").append(RoleName(role)).append("\",\"office_id\":");
  json::AppendQuoted(out, session.office_id.value);
  if (!session.a2c_version.empty()) {
    out->append(",\"a2c_version\":");
    json::AppendQuoted(out, session.a2c_version);
  }
  out->push_back('}');
}

}  // namespace smcp
