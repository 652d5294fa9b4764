#include <set>

#include "control/convert.h"
#include "control/tool_invoke.h"
#include "smcp/control/v1/office_service.pb.h"
#include "smcp/control/v1/session_service.pb.h"
#include "smcp/control/v1/tool_call_service.pb.h"
#include "tests/unit/control/support/service_fixture.h"

namespace smcp::control {
namespace {

class ServicesTest : public ServiceTest {
 protected:
  v1::ListSessionsResponse Sessions(const v1::ListSessionsRequest& request,
                                    const std::string& token = "root") {
    return Ask<v1::ListSessionsResponse>("SessionService/ListSessions", request, token);
  }
  // Every sid of all pages, with `between` run after each.
  std::multiset<std::string> AllSessions(
      v1::ListSessionsRequest request, const std::function<void()>& between = [] {}) {
    std::multiset<std::string> sids;
    do {
      const auto page = Sessions(request);
      for (const auto& session : page.sessions()) sids.insert(session.sid());
      request.set_page_token(page.next_page_token());
      between();
    } while (!request.page_token().empty());
    return sids;
  }
  type::v1::Office Update(const v1::UpdateOfficeRequest& request) {
    return Ask<type::v1::Office>("OfficeService/UpdateOffice", request);
  }
  static v1::UpdateOfficeRequest UpdateOf(const std::string& office, const std::string& path) {
    v1::UpdateOfficeRequest request;
    request.mutable_office()->set_office_id(office);
    request.mutable_update_mask()->add_paths(path);
    return request;
  }
};

TEST_F(ServicesTest, SessionsAreFilteredAndPaged) {
  for (int i = 0; i < 25; ++i) {
    gateway_.Add("s" + std::to_string(i), i % 5 == 0 ? Role::kAgent : Role::kComputer,
                 "n" + std::to_string(i), i % 2 == 0 ? "even" : "odd");
  }
  v1::ListSessionsRequest request;
  request.set_page_size(4);
  EXPECT_EQ(AllSessions(request).size(), 25U);
  EXPECT_EQ(Sessions(request).total_size_estimate(), 25);
  request.set_office_id("even");
  request.set_role(type::v1::COMPUTER);
  EXPECT_EQ(AllSessions(request).size(), 10U);
  request.set_filter("name:n1*");
  EXPECT_EQ(AllSessions(request), (std::multiset<std::string>{"s12", "s14", "s16", "s18"}));
  request.set_order_by("name desc");
  const auto page = Sessions(request);
  EXPECT_EQ(page.sessions(0).sid(), "s18");
  EXPECT_TRUE(page.coverage().complete());
}

TEST_F(ServicesTest, PagesMissNobodyWhileOthersComeAndGo) {
  for (const char* order : {"", "name", "connect_time desc"}) {
    gateway_.slots.clear();
    gateway_.offices.clear();
    for (int i = 0; i < 40; ++i) gateway_.Connect("stays" + std::to_string(i));
    v1::ListSessionsRequest request;
    request.set_page_size(7);
    request.set_order_by(order);
    int round = 0;
    const auto sids = AllSessions(request, [&] {
      gateway_.Connect("comes" + std::to_string(++round));
      if (round > 1) gateway_.Drop("comes" + std::to_string(round - 1));
    });
    for (int i = 0; i < 40; ++i) EXPECT_EQ(sids.count("stays" + std::to_string(i)), 1U) << order;
  }
}

TEST_F(ServicesTest, PageTokensBelongToTheirList) {
  for (int i = 0; i < 9; ++i) gateway_.Connect("s" + std::to_string(i));
  v1::ListSessionsRequest request;
  request.set_page_size(4);
  request.set_page_token(Sessions(request).next_page_token());
  request.set_filter("sid:s*");
  Sessions(request);
  EXPECT_EQ(reason(), v1::PAGE_TOKEN_INVALID);
  request.clear_filter();
  Sessions(request, "see");
  EXPECT_TRUE(status_.ok()) << "another credential that sees the same";
  Sessions(request, "north");
  EXPECT_EQ(reason(), v1::PAGE_TOKEN_INVALID);
  request.set_page_size(-1);
  Sessions(request);
  EXPECT_EQ(reason(), v1::FIELD_INVALID);
}

TEST_F(ServicesTest, ReadMaskLeavesTheRestOut) {
  gateway_.Add("a", Role::kAgent, "ann", "x");
  v1::ListSessionsRequest request;
  request.mutable_read_mask()->add_paths("sid");
  request.mutable_read_mask()->add_paths("transport.kind");
  const auto session = Sessions(request).sessions(0);
  EXPECT_EQ(session.sid(), "a");
  EXPECT_EQ(session.transport().kind(), "websocket");
  EXPECT_TRUE(session.name().empty());
  EXPECT_FALSE(session.has_counters());
  request.mutable_read_mask()->add_paths("nothing");
  Sessions(request);
  EXPECT_EQ(reason(), v1::MASK_INVALID);
}

TEST_F(ServicesTest, LimitedCallersSeeTheirOffices) {
  gateway_.Add("a", Role::kAgent, "ann", "north/1");
  gateway_.Add("b", Role::kAgent, "bob", "south");
  gateway_.Connect("c");
  const auto list = Sessions({}, "north");
  ASSERT_EQ(list.sessions_size(), 1);
  EXPECT_EQ(list.sessions(0).sid(), "a");
  EXPECT_EQ(list.total_size_estimate(), 0);
  v1::GetSessionRequest get;
  get.set_sid("b");
  Ask<type::v1::Session>("SessionService/GetSession", get, "north");
  EXPECT_EQ(reason(), v1::OFFICE_SCOPE);
  v1::BatchGetSessionsRequest batch;
  for (const char* sid : {"c", "a", "b", "nobody"}) batch.add_sids(sid);
  const auto found =
      Ask<v1::BatchGetSessionsResponse>("SessionService/BatchGetSessions", batch, "north");
  EXPECT_EQ(found.sessions_size(), 1);
  EXPECT_EQ(found.missing_size(), 3);
  EXPECT_EQ(
      Ask<v1::ListOfficesResponse>("OfficeService/ListOffices", v1::ListOfficesRequest(), "north")
          .offices_size(),
      1);
  Ask<v1::ListAuditEntriesResponse>("AuditService/ListAuditEntries", v1::ListAuditEntriesRequest(),
                                    "north");
  EXPECT_EQ(reason(), v1::OFFICE_SCOPE);
  const auto events = Start("EventService/WatchEvents", v1::WatchEventsRequest(), "north");
  gateway_.Drop("b");
  gateway_.Drop("a");
  executor_->Run(100);
  std::string offices;
  for (const auto& event : events->Take<v1::Event>()) offices += event.office_id() + ";";
  EXPECT_EQ(offices, ";north/1;") << "a bookmark and what it may see";
}

TEST_F(ServicesTest, SessionByMember) {
  gateway_.Add("a", Role::kAgent, "both", "x");
  gateway_.Add("b", Role::kComputer, "both", "x");
  v1::GetSessionRequest request;
  request.mutable_member()->set_office_id("x");
  request.mutable_member()->set_name("both");
  Ask<type::v1::Session>("SessionService/GetSession", request);
  EXPECT_EQ(reason(), v1::NAME_AMBIGUOUS);
  request.mutable_member()->set_role(type::v1::COMPUTER);
  EXPECT_EQ(Ask<type::v1::Session>("SessionService/GetSession", request).sid(), "b");
  request.mutable_member()->set_name("nobody");
  Ask<type::v1::Session>("SessionService/GetSession", request);
  EXPECT_EQ(reason(), v1::SESSION_NOT_FOUND);
  Ask<type::v1::Session>("SessionService/GetSession", v1::GetSessionRequest());
  EXPECT_EQ(reason(), v1::FIELD_INVALID);
}

TEST_F(ServicesTest, RemoveLeavesTheConnection) {
  gateway_.Add("a", Role::kAgent, "ann", "x");
  v1::RemoveFromOfficeRequest request;
  request.set_sid("a");
  EXPECT_EQ(Ask<type::v1::Session>("SessionService/RemoveFromOffice", request).office_id(), "x");
  EXPECT_EQ(gateway_.Find("a")->office_id, "");
  Ask<type::v1::Session>("SessionService/RemoveFromOffice", request);
  EXPECT_EQ(reason(), v1::NOT_JOINED);
}

TEST_F(ServicesTest, BulkDisconnectCountsBeforeItActs) {
  for (int i = 0; i < 30; ++i) {
    gateway_.Add("s" + std::to_string(i), Role::kComputer, "n" + std::to_string(i), "x");
  }
  gateway_.Connect("loner");
  v1::DisconnectSessionsRequest request;
  const auto bulk = [&] {
    return Ask<v1::DisconnectSessionsResponse>("SessionService/DisconnectSessions", request);
  };
  bulk();
  EXPECT_EQ(reason(), v1::FILTER_INVALID) << "an empty filter would be everybody";
  request.set_filter("sid:*");
  EXPECT_EQ(bulk().matched(), 30);
  EXPECT_EQ(bulk().sample_sids_size(), 20);
  EXPECT_TRUE(gateway_.told.empty());
  request.set_include_no_office(true);
  EXPECT_EQ(bulk().matched(), 31);
  request.set_force(true);
  request.set_max_affected(30);
  bulk();
  EXPECT_EQ(reason(), v1::MAX_AFFECTED_EXCEEDED);
  EXPECT_TRUE(gateway_.told.empty());
  request.set_max_affected(0);
  EXPECT_EQ(bulk().disconnected(), 31);
  EXPECT_EQ(gateway_.told.size(), 31U);
}

TEST_F(ServicesTest, BulkDisconnectIsPacedAndStopsWithItsCaller) {
  for (int i = 0; i < 50; ++i) gateway_.Connect("s" + std::to_string(i));
  v1::DisconnectSessionsRequest request;
  request.set_filter("sid:*");
  request.set_include_no_office(true);
  request.set_force(true);
  request.set_pace_per_second(10);
  const auto sink = Start("SessionService/DisconnectSessions", request);
  executor_->Run(1'000);
  EXPECT_GE(gateway_.told.size(), 10U);
  EXPECT_LE(gateway_.told.size(), 13U);
  EXPECT_FALSE(sink->finished);
  sink->Leave();
  const size_t told = gateway_.told.size();
  executor_->Run(5'000);
  EXPECT_LE(gateway_.told.size(), told + 1);
  EXPECT_EQ(Audited().front().outcome(), "CANCELLED");
}

TEST_F(ServicesTest, OfficeIsShownWithItsMembers) {
  gateway_.Add("a", Role::kAgent, "ann", "x");
  gateway_.Add("b", Role::kComputer, "pc", "x");
  v1::GetOfficeRequest request;
  request.set_office_id("x");
  auto office = Ask<type::v1::Office>("OfficeService/GetOffice", request);
  EXPECT_EQ(office.agent().name(), "ann");
  EXPECT_EQ(office.computer_count(), 1U);
  EXPECT_EQ(office.members_size(), 0);
  request.set_view(v1::FULL);
  office = Ask<type::v1::Office>("OfficeService/GetOffice", request);
  ASSERT_EQ(office.members_size(), 2);
  EXPECT_EQ(office.members(1).sid(), "b");
  EXPECT_TRUE(office.members(1).has_connect_time()) << "the session as it is";
  request.set_office_id("y");
  Ask<type::v1::Office>("OfficeService/GetOffice", request);
  EXPECT_EQ(reason(), v1::OFFICE_NOT_FOUND);
}

TEST_F(ServicesTest, OfficesArePagedInAnyOrder) {
  for (int i = 0; i < 12; ++i) {
    for (int j = 0; j <= i % 4; ++j) {
      const std::string id = std::to_string(i) + "." + std::to_string(j);
      gateway_.Add("s" + id, Role::kComputer, "n" + id, "o" + std::to_string(i));
    }
  }
  for (const char* order : {"", "office_id", "computer_count desc", "office_id desc"}) {
    v1::ListOfficesRequest request;
    request.set_order_by(order);
    request.set_page_size(5);
    std::vector<std::string> ids;
    do {
      const auto page = Ask<v1::ListOfficesResponse>("OfficeService/ListOffices", request);
      for (const auto& office : page.offices()) ids.push_back(office.office_id());
      request.set_page_token(page.next_page_token());
    } while (!request.page_token().empty());
    EXPECT_EQ(ids.size(), 12U) << order;
    EXPECT_EQ(std::set<std::string>(ids.begin(), ids.end()).size(), 12U) << order;
  }
}

TEST_F(ServicesTest, UpdateTouchesWhatTheMaskNames) {
  auto request = UpdateOf("new", "admission");
  request.mutable_office()->set_admission(type::v1::LOCKED);
  (*request.mutable_office()->mutable_labels())["team"] = "blue";
  auto office = Update(request);
  EXPECT_EQ(office.admission(), type::v1::LOCKED);
  EXPECT_EQ(office.labels_size(), 0);
  EXPECT_FALSE(office.has_create_time()) << "nobody is in it";

  request = UpdateOf("new", "policy.max_call_timeout");
  request.mutable_update_mask()->add_paths("labels");
  (*request.mutable_office()->mutable_labels())["team"] = "blue";
  request.mutable_office()->mutable_policy()->mutable_max_call_timeout()->set_seconds(5);
  request.mutable_office()->mutable_policy()->set_max_computers(9);
  office = Update(request);
  EXPECT_EQ(office.admission(), type::v1::LOCKED) << "as it was";
  EXPECT_EQ(office.policy().max_call_timeout().seconds(), 5);
  EXPECT_EQ(office.policy().max_computers(), 0U);
  EXPECT_EQ(office.labels().at("team"), "blue");
}

TEST_F(ServicesTest, EtagGuardsAnUpdate) {
  auto request = UpdateOf("x", "admission");
  const std::string etag = Update(request).etag();
  request.set_etag(etag);
  const std::string next = Update(request).etag();
  EXPECT_NE(next, etag);
  Update(request);
  EXPECT_EQ(reason(), v1::ETAG_MISMATCH);
  EXPECT_EQ(status_.code(), absl::StatusCode::kAborted);
  request.set_etag("junk");
  Update(request);
  EXPECT_EQ(reason(), v1::FIELD_INVALID);
  request.set_etag(next);
  gateway_.aborts_once = true;
  Update(request);
  EXPECT_EQ(reason(), v1::ETAG_MISMATCH);
  request.clear_etag();
  gateway_.aborts_once = true;
  Update(request);
  EXPECT_TRUE(status_.ok()) << "without an etag it is tried again";
}

TEST_F(ServicesTest, UpdateJudgesItsFields) {
  const auto refused = [&](const v1::UpdateOfficeRequest& request) {
    Update(request);
    return reason();
  };
  EXPECT_EQ(refused(UpdateOf("", "admission")), v1::FIELD_INVALID);
  EXPECT_EQ(refused(UpdateOf("x", "etag")), v1::MASK_INVALID);
  EXPECT_EQ(refused(UpdateOf("x", "policy.nothing")), v1::MASK_INVALID);
  v1::UpdateOfficeRequest none;
  none.mutable_office()->set_office_id("x");
  EXPECT_EQ(refused(none), v1::MASK_INVALID);
  auto timeout = UpdateOf("x", "policy");
  timeout.mutable_office()->mutable_policy()->mutable_max_call_timeout()->set_seconds(-1);
  EXPECT_EQ(refused(timeout), v1::FIELD_INVALID);
  auto rules = UpdateOf("x", "policy.tool_rules");
  for (int i = 0; i < 257; ++i) rules.mutable_office()->mutable_policy()->add_tool_rules();
  EXPECT_EQ(refused(rules), v1::FIELD_INVALID);
  auto unset = UpdateOf("x", "policy.tool_rules");
  unset.mutable_office()->mutable_policy()->add_tool_rules()->set_tool("rm*");
  EXPECT_EQ(Update(unset).policy().tool_rules(0).effect(), type::v1::ToolRule::DENY);
}

TEST_F(ServicesTest, CallsAreListedOldestFirst) {
  for (int i = 0; i < 7; ++i) {
    CallInfoRecord call;
    call.office_id = i == 3 ? "north" : "x";
    call.agent_name = "ann";
    call.req_id = std::to_string(i);
    call.started_ms = 5'000 - i;
    gateway_.Begin(call);
  }
  gateway_.End("6", CallState::kDone);
  v1::ListToolCallsRequest request;
  request.set_page_size(4);
  std::string ids;
  const auto pages = [&](const std::string& token) {
    ids.clear();
    request.clear_page_token();
    do {
      const auto page =
          Ask<v1::ListToolCallsResponse>("ToolCallService/ListToolCalls", request, token);
      for (const auto& call : page.calls()) ids += call.req_id();
      request.set_page_token(page.next_page_token());
    } while (!request.page_token().empty());
    return ids;
  };
  EXPECT_EQ(pages("root"), "543210");
  EXPECT_EQ(pages("north"), "3");
  request.set_include_recent(true);
  EXPECT_EQ(pages("root"), "6543210");
  request.set_filter("state = DONE");
  EXPECT_EQ(pages("root"), "6");
}

TEST_F(ServicesTest, CancelNamesWhoDidIt) {
  CallInfoRecord call;
  call.office_id = "x";
  call.agent_name = "ann";
  call.req_id = "1";
  gateway_.Begin(call);
  v1::CancelToolCallRequest request;
  request.mutable_key()->set_office_id("x");
  request.mutable_key()->set_req_id("1");
  const auto cancelled = Ask<type::v1::ToolCall>("ToolCallService/CancelToolCall", request, "ops");
  EXPECT_TRUE(cancelled.cancel_requested());
  EXPECT_EQ(cancelled.cancelled_by(), "ops");
  gateway_.End("1", CallState::kCancelled);
  Ask<type::v1::ToolCall>("ToolCallService/CancelToolCall", request, "ops");
  EXPECT_EQ(reason(), v1::CALL_ALREADY_FINISHED);
  request.mutable_key()->set_req_id("2");
  Ask<type::v1::ToolCall>("ToolCallService/CancelToolCall", request, "ops");
  EXPECT_EQ(reason(), v1::CALL_NOT_FOUND);
}

TEST_F(ServicesTest, InvokeIsOffUnlessAllowedAndIsRepeatable) {
  gateway_.Add("b", Role::kComputer, "pc", "x");
  v1::InvokeToolRequest request;
  request.set_office_id("x");
  request.set_computer_name("pc");
  request.set_tool_name("dig");
  (*request.mutable_arguments()->mutable_fields())["deep"].set_bool_value(true);
  request.set_request_id("123e4567-e89b-12d3-a456-426614174000");
  EXPECT_EQ(ReasonOf(*Start("ToolCallService/InvokeTool", request)->finished),
            v1::FEATURE_DISABLED);
  EXPECT_EQ(ReasonOf(*Start("ToolCallService/InvokeTool", request, "ops")->finished),
            v1::ROLE_REQUIRED);
  plane_->allow_invoke = true;
  request.set_request_id("123e4567-e89b-12d3-a456-426614174001");
  for (int i = 0; i < 2; ++i) {
    const auto sink = Start("ToolCallService/InvokeTool", request);
    ASSERT_TRUE(sink->finished && sink->finished->ok()) << *sink->finished;
    const auto events = sink->Take<v1::InvokeToolEvent>();
    ASSERT_EQ(events.size(), 2U);
    EXPECT_EQ(events[0].call().state(), type::v1::ToolCall::SENT);
    EXPECT_EQ(events[1].call().state(), type::v1::ToolCall::DONE);
    EXPECT_EQ(events[1].result_json(), R"({"content":[1,2]})");
  }
  ASSERT_EQ(gateway_.invoked.size(), 1U) << "the second one is a repetition";
  EXPECT_EQ(gateway_.invoked[0].arguments_json, R"({"deep":true})");
  EXPECT_EQ(gateway_.invoked[0].caller, "control:root");
}

TEST_F(ServicesTest, ToolsAreAskedOfEachComputer) {
  gateway_.Add("a", Role::kAgent, "ann", "x");
  gateway_.Add("b", Role::kComputer, "pc1", "x");
  gateway_.Add("c", Role::kComputer, "pc2", "x");
  v1::ListToolsRequest request;
  request.set_office_id("x");
  const auto answer = Ask<v1::ListToolsResponse>("ToolCallService/ListTools", request);
  ASSERT_EQ(answer.answers_size(), 2);
  EXPECT_EQ(answer.answers(0).call().computer_name(), "pc1");
  EXPECT_EQ(answer.answers(1).call().event(), "client:get_tools");
  request.set_office_id("y");
  Ask<v1::ListToolsResponse>("ToolCallService/ListTools", request);
  EXPECT_EQ(reason(), v1::OFFICE_NOT_FOUND);
}

TEST_F(ServicesTest, AuditIsListedNewestFirst) {
  for (int i = 0; i < 5; ++i) Update(UpdateOf("o" + std::to_string(i), "admission"));
  v1::ListAuditEntriesRequest request;
  request.set_page_size(2);
  request.set_filter("outcome = OK AND method:UpdateOffice");
  std::string targets;
  do {
    const auto page = Ask<v1::ListAuditEntriesResponse>("AuditService/ListAuditEntries", request);
    for (const auto& entry : page.entries()) targets += entry.target() + " ";
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty());
  EXPECT_EQ(targets, "office_id=o4 office_id=o3 office_id=o2 office_id=o1 office_id=o0 ");
}

TEST(OnlyElement, TakesTheOneArgument) {
  EXPECT_EQ(OnlyElement(R"( [ {"a":[1,2],"b":"],,["} ] )"), R"({"a":[1,2],"b":"],,["})");
  EXPECT_EQ(OnlyElement("[1,2]"), "[1,2]");
  EXPECT_EQ(OnlyElement("[]"), "[]");
  EXPECT_EQ(OnlyElement("null"), "null");
  EXPECT_EQ(OnlyElement(R"(["a\",b"])"), R"("a\",b")");
}

}  // namespace
}  // namespace smcp::control
