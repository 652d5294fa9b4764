#include "clients/smcpctl/views.h"

#include <gtest/gtest.h>

#include <sstream>

#include "clients/smcpctl/human.h"
#include "clients/smcpctl/text.h"
#include "smcp/control/v1/config_service.pb.h"
#include "smcp/control/v1/event_service.pb.h"
#include "smcp/control/v1/node_service.pb.h"
#include "smcp/type/v1/types.pb.h"

namespace smcpctl {
namespace {

namespace v1 = smcp::control::v1;
using smcp::type::v1::Office;
using smcp::type::v1::Session;
using smcp::type::v1::ToolCall;

// Every text of a message, however deep, is long and hostile; every number large.
void FillBadly(google::protobuf::Message* message, int depth = 0) {
  using google::protobuf::FieldDescriptor;
  const auto* access = message->GetReflection();
  const auto* type = message->GetDescriptor();
  for (int i = 0; i < type->field_count(); ++i) {
    const FieldDescriptor* field = type->field(i);
    if (field->is_repeated()) continue;
    if (field->cpp_type() == FieldDescriptor::CPPTYPE_STRING) {
      access->SetString(message, field, "\x1b[2J" + std::string(150, 'w') + "\n");
    } else if (field->cpp_type() == FieldDescriptor::CPPTYPE_UINT64) {
      access->SetUInt64(message, field, ~uint64_t{0});
    } else if (field->cpp_type() == FieldDescriptor::CPPTYPE_UINT32) {
      access->SetUInt32(message, field, ~uint32_t{0});
    } else if (field->cpp_type() == FieldDescriptor::CPPTYPE_ENUM) {
      access->SetEnumValue(message, field, 3);
    } else if (field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE && depth < 3) {
      FillBadly(access->MutableMessage(message, field), depth + 1);
    }
  }
}

template <class M>
void ExpectFits(const View& view) {
  M empty;
  M bad;
  FillBadly(&bad);
  std::vector<Cells> rows;
  for (const M* message : {&empty, &bad}) {
    rows.push_back(view.cells(*message, {}));
    ASSERT_EQ(rows.back().size(), view.columns.size()) << M::descriptor()->name();
  }
  std::istringstream in(RenderTable(view.columns, rows, {}));
  for (std::string line; std::getline(in, line);) {
    EXPECT_LE(Width(line), 80U) << line;
    EXPECT_EQ(Printable(line), line);
  }
}

TEST(Views, NoTableIsWiderThan80AndNoTextEscapesItsCell) {
  ExpectFits<Session>(SessionView());
  ExpectFits<Office>(OfficeView());
  ExpectFits<ToolCall>(CallView());
  ExpectFits<ToolCall>(SlowCallView());
  ExpectFits<v1::AuditEntry>(AuditView());
  ExpectFits<v1::ConfigValue>(ConfigView());
  ExpectFits<v1::ConfigGeneration>(GenerationView());
  ExpectFits<v1::ConfigFinding>(FindingView());
  ExpectFits<v1::LogLevel>(LogLevelView());
}

template <class M>
void ExpectFieldsFit(Fields (*fields)(const google::protobuf::Message&, const Clock&)) {
  M bad;
  FillBadly(&bad);
  std::istringstream in(RenderFields(fields(bad, {}), {}));
  for (std::string line; std::getline(in, line);) {
    EXPECT_LE(Width(line), 80U) << line;
    EXPECT_EQ(Printable(line), line);
  }
}

TEST(Views, NoDescriptionIsWiderThan80) {
  ExpectFieldsFit<Session>(SessionFields);
  ExpectFieldsFit<Office>(OfficeFields);
  ExpectFieldsFit<ToolCall>(CallFields);
  ExpectFieldsFit<v1::Node>(NodeFields);
  ExpectFieldsFit<v1::ConfigGeneration>(GenerationFields);
}

TEST(Views, ACallInFlightGrowsOlder) {
  ToolCall call;
  call.set_state(ToolCall::SENT);
  call.mutable_start_time()->set_seconds(100);
  Clock clock;
  clock.now = 103 * kSecond;
  EXPECT_EQ(CallView().cells(call, clock)[6].text, "3s");
  call.mutable_end_time()->set_seconds(101);
  EXPECT_EQ(CallView().cells(call, clock)[6].text, "1s");
  call.clear_end_time();
  call.set_cancel_requested(true);
  EXPECT_EQ(CallView().cells(call, clock)[5].text, "cancelling");
}

TEST(Views, WideTablesShowPointsInTime) {
  Session session;
  session.mutable_connect_time()->set_seconds(1'769'860'800);
  Clock clock{1'769'860'860 * kSecond, true, false};
  EXPECT_EQ(SessionView().cells(session, clock)[6].text, "1m ago");
  clock.absolute = true;
  EXPECT_EQ(SessionView().cells(session, clock)[6].text, "2026-01-31T12:00:00.000Z");
}

TEST(Views, RulesReadAsTheyAreGiven) {
  Office office;
  auto* rule = office.mutable_policy()->add_tool_rules();
  rule->set_computer("pc-*");
  rule->set_effect(smcp::type::v1::ToolRule::DENY);
  bool found = false;
  for (const auto& [label, value] : OfficeFields(office, {})) {
    found = found || (label == "Tool rules" && value.text == "deny pc-*:*");
  }
  EXPECT_TRUE(found);
}

}  // namespace
}  // namespace smcpctl
